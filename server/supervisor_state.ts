/**
 * The words between the supervisor's decisions (`plan.ts`) and its hands (`supervisor.ts`): all it
 * knows, what can happen to it, and what it can do. Plain data throughout, and the questions that it
 * answers.
 *
 * @module
 */
import type { Assignment } from "./control.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import { stageDeadline, type Vacancy, type WorkerHandle } from "./worker_handle.ts";

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

/** What a start or a reload came to. */
export type Outcome = "done" | "failed";

/** What the supervisor is to do; what it says may be the outcome of a start or a reload. */
export type Action =
  | { readonly type: "spawn"; readonly id: number; readonly assignment: Assignment }
  | { readonly type: "drain"; readonly id: number }
  | { readonly type: "kill"; readonly id: number }
  | { readonly type: "place" }
  | { readonly type: "reread" }
  | { readonly type: "announce"; readonly settings: Settings; readonly addresses: readonly ListenAddress[] }
  | { readonly type: "say"; readonly text: string; readonly outcome: Outcome | undefined }
  | { readonly type: "exit"; readonly code: number };

/** A state, and what to do on the way to it, in order. */
export interface Step {
  /** The new state. */
  readonly state: State;
  /** What to do. */
  readonly actions: readonly Action[];
}

/**
 * When to send the next `tick`.
 *
 * @param state The state.
 * @returns A time of the supervisor's clock in milliseconds, or `undefined` while nothing is pending.
 */
export function nextDeadline(state: State): number | undefined {
  const times = [...state.handles.map(stageDeadline), ...state.vacancies.map((vacancy) => vacancy.at)];
  const pending = times.filter((time) => time !== undefined);
  return pending.length === 0 ? undefined : Math.min(...pending);
}

/**
 * Whether a generation serves with all its workers.
 *
 * @param state The state.
 * @param generation The generation.
 * @returns `true` if as many are ready as its settings say.
 */
export function isComplete(state: State, generation: Generation): boolean {
  const serving = state.handles.filter((handle) =>
    handle.generation === generation.number && handle.stage === "serving"
  );
  return serving.length === generation.settings.workers;
}

/**
 * The workers of the current generation that serve or are about to.
 *
 * @param state The state.
 * @returns Their handles.
 */
export function presentIn(state: State): WorkerHandle[] {
  return state.handles.filter((handle) =>
    handle.generation === state.current.number && (handle.stage === "booting" || handle.stage === "serving")
  );
}

/**
 * The places of the current generation, those that wait for a new worker included. A place never goes
 * before the ones after it have.
 *
 * @param state The state.
 * @returns Their numbers, each once.
 */
export function placesOf(state: State): number[] {
  return [...presentIn(state), ...state.vacancies].map(({ worker }) => worker);
}
