/**
 * The words between the supervisor's decisions (`plan.ts`) and its hands (`supervisor.ts`): all it
 * knows, what can happen to it, and what it can do. Plain data throughout.
 *
 * @module
 */
import type { Assignment } from "./control.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import type { Vacancy, WorkerHandle } from "./worker_handle.ts";

/** All workers started from one reading of the config. */
export interface Generation {
  /** Counted up from 1. */
  readonly number: number;
  /** What its workers were given. */
  readonly settings: Settings;
}

/** All the supervisor knows. */
export interface State {
  /** `starting` until the first generation is ready, `stopping` from the wish to stop to the end. */
  readonly phase: "starting" | "serving" | "stopping";
  /** When the phase began, in milliseconds of the supervisor's clock. */
  readonly since: number;
  /** The generation that serves, or in phase `starting` is to. */
  readonly current: Generation;
  /** The generation that boots to take over. */
  readonly rising: Generation | undefined;
  /** The config is being read. */
  readonly reading: boolean;
  /** A reload was asked for while one was under way: there will be one more. */
  readonly reloadAgain: boolean;
  /** Every worker that has not ended. */
  readonly handles: readonly WorkerHandle[];
  /** Places of the current generation that wait for their new worker. */
  readonly vacancies: readonly Vacancy[];
  /** {@linkcode WorkerHandle.id} for the next worker. */
  readonly nextId: number;
  /** Number for the next generation. */
  readonly nextGeneration: number;
  /** The exit code, once `stopping`. */
  readonly exitCode: number;
}

/** An OS signal that the supervisor understands. */
export type OsSignal = "HUP" | "INT" | "QUIT" | "TERM" | "TTIN" | "TTOU";

/** What can happen to the supervisor. */
export type Event =
  | { readonly type: "ready"; readonly id: number; readonly addresses: readonly ListenAddress[] }
  | { readonly type: "bootFailed"; readonly id: number; readonly reason: string }
  | { readonly type: "ended"; readonly id: number; readonly how: string }
  | { readonly type: "settings"; readonly settings: Settings }
  | { readonly type: "settingsRefused"; readonly reason: string }
  | { readonly type: "signal"; readonly signal: OsSignal }
  | { readonly type: "tick" };

/** What the supervisor is to do. */
export type Action =
  | { readonly type: "spawn"; readonly id: number; readonly assignment: Assignment }
  | { readonly type: "drain"; readonly id: number }
  | { readonly type: "kill"; readonly id: number }
  | { readonly type: "reread" }
  | { readonly type: "announce"; readonly settings: Settings; readonly addresses: readonly ListenAddress[] }
  | { readonly type: "say"; readonly text: string }
  | { readonly type: "exit"; readonly code: number };

/** A state, and what to do on the way to it, in order. */
export interface Step {
  /** The new state. */
  readonly state: State;
  /** What to do. */
  readonly actions: readonly Action[];
}
