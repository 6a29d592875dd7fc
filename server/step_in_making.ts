/**
 * A step of `plan.ts` in the making: a copy of the state that changes, the actions so far, and what can be
 * done to a single worker. Which worker and when is not decided here.
 *
 * @module
 */
import type { Role } from "./control.ts";
import type { Action, Generation, Outcome, State, Step } from "./supervisor_state.ts";
import type { WorkerHandle } from "./worker_handle.ts";

/** A step in the making. */
export class StepInMaking {
  /** The state as it will be. */
  readonly state: { -readonly [Key in keyof State]: State[Key] };
  /** The supervisor's clock in milliseconds. */
  protected readonly now: number;
  readonly #actions: Action[] = [];

  /**
   * @param state The state before; not changed.
   * @param now The supervisor's clock in milliseconds.
   */
  constructor(state: State, now: number) {
    this.state = { ...state };
    this.now = now;
  }

  /** The step as far as it is made. Its last action is to exit, when there is nothing left to stop. */
  step(): Step {
    if (this.state.phase === "stopping" && this.state.handles.length === 0) {
      this.do({ type: "exit", code: this.state.exitCode });
    }
    return { state: this.state, actions: this.#actions };
  }

  /** Adds an action. */
  protected do(action: Action): void {
    this.#actions.push(action);
  }

  /** Tells a person, perhaps what a start or a reload came to. */
  protected say(text: string, outcome?: Outcome): void {
    this.do({ type: "say", text, outcome });
  }

  /** The worker of that id, unless it has ended. */
  protected find(id: number): WorkerHandle | undefined {
    return this.state.handles.find((handle) => handle.id === id);
  }

  /** Starts a worker. */
  protected spawn({ number, settings }: Generation, role: Role, worker: number, failures: number): void {
    const id = this.state.nextId++;
    const { timeouts } = settings;
    const handle = { id, worker, generation: number, since: this.now, failures, timeouts };
    this.state.handles = [...this.state.handles, { ...handle, stage: "booting" }];
    this.do({ type: "spawn", id, assignment: { worker, generation: number, role, settings } });
  }

  /**
   * Lets a worker go: one that serves finishes first, one that boots has nothing to finish. One that was let
   * go before waits for clients at rest, as long as others can take them over; a stop ends that.
   */
  protected release(handle: WorkerHandle): void {
    if (handle.stage === "booting") return this.kill(handle);
    if (handle.stage === "serving") this.enter(handle, "draining");
    else if (handle.stage !== "draining" || this.state.phase !== "stopping") return;
    this.do({ type: "drain", id: handle.id });
  }

  /** Ends a worker now. */
  protected kill(handle: WorkerHandle): void {
    if (handle.stage === "killed") return;
    this.enter(handle, "killed");
    this.do({ type: "kill", id: handle.id });
  }

  /** Notes a worker's new stage. */
  protected enter(handle: WorkerHandle, stage: WorkerHandle["stage"]): void {
    const moved = { ...handle, stage, since: this.now };
    this.state.handles = this.state.handles.map((other) => other.id === handle.id ? moved : other);
  }
}
