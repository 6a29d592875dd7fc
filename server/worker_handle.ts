/**
 * One worker as the supervisor sees it: plain data, never the process. What a stage means, when a
 * stage has lasted too long, and how long to wait before replacing a worker that ended.
 *
 * This file knows no process, clock or generation policy; `plan.ts` decides what to do.
 *
 * @module
 */
import type { Timeouts } from "./limits.ts";

/**
 * A worker's stage, in order: `booting` until it says ready, `serving`, `draining` when it was asked
 * to finish, `killed` when the operating system was asked to end it. It leaves by ending.
 */
export type Stage = "booting" | "serving" | "draining" | "killed";

/** One worker as the supervisor sees it. */
export interface WorkerHandle {
  /** Which process it is, counted up from 1 through the life of the supervisor. */
  readonly id: number;
  /** Its place, 1 to the number of workers: what people see. Its replacement gets the same. */
  readonly worker: number;
  /** The generation it belongs to. */
  readonly generation: number;
  /** Where in its life it is. */
  readonly stage: Stage;
  /** When the stage began, in milliseconds of the supervisor's clock. */
  readonly since: number;
  /** How many workers before it, each the replacement of the last, ended early in a row. */
  readonly failures: number;
  /** The deadlines of its generation. */
  readonly timeouts: Timeouts;
}

/** A place whose worker ended and that gets a new one later. */
export interface Vacancy {
  /** The place. */
  readonly worker: number;
  /** When, in milliseconds of the supervisor's clock. */
  readonly at: number;
  /** Handed on to the new worker's {@linkcode WorkerHandle.failures}. */
  readonly failures: number;
}

const FIRST_DELAY = 100;
const LONGEST_DELAY = 30_000;
/** A worker that served this long was healthy: its replacement starts with a clean record. */
const HEALTHY_AFTER = 30_000;
/** A worker cuts what is left at `timeouts.drain` by itself; only one that cannot is killed, after this. */
const KILL_GRACE = 1_000;

/**
 * When the present stage has lasted too long.
 *
 * @param handle The worker.
 * @returns A time of the supervisor's clock in milliseconds, or `undefined` if it may last.
 */
export function stageDeadline(handle: WorkerHandle): number | undefined {
  if (handle.stage === "booting") return handle.since + handle.timeouts.boot;
  if (handle.stage === "draining") return handle.since + handle.timeouts.drain + KILL_GRACE;
  return undefined;
}

/**
 * What a worker that ended unasked leaves behind: a place to fill after 0.1 seconds, twice as long for
 * each early end in a row, at most 30 seconds; so a crash loop never spins.
 *
 * @param handle The worker that ended.
 * @param now The supervisor's clock in milliseconds.
 * @returns The place to fill.
 *
 * @example Usage
 * ```ts
 * import { vacancyAfter } from "./worker_handle.ts";
 * import { DEFAULT_TIMEOUTS as timeouts } from "./limits.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const handle = { id: 7, worker: 1, generation: 1, stage: "booting", since: 0, failures: 2, timeouts } as const;
 * assertEquals(vacancyAfter(handle, 50), { worker: 1, at: 450, failures: 3 });
 * ```
 */
export function vacancyAfter(handle: WorkerHandle, now: number): Vacancy {
  const healthy = handle.stage === "serving" && now - handle.since >= HEALTHY_AFTER;
  const before = healthy ? 0 : handle.failures;
  return {
    worker: handle.worker,
    at: now + Math.min(FIRST_DELAY * 2 ** before, LONGEST_DELAY),
    failures: before + 1,
  };
}
