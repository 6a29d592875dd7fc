/**
 * The hands of the supervisor: turns signals, processes and time into events, and performs the
 * actions that `plan.ts` decides. It binds nothing for longer than a moment and serves nothing, and
 * so imports nothing of the request path.
 *
 * @module
 */
import { banner, migratesRequests } from "./banner.ts";
import type { Assignment, ToSupervisor } from "./control.ts";
import { EXIT } from "./exit_codes.ts";
import { listenToSignals } from "./os_signals.ts";
import { begin, plan } from "./plan.ts";
import { type Claim, claimPorts, withPorts } from "./port_check.ts";
import { describeError, say } from "./say.ts";
import type { Settings } from "./settings.ts";
import { detectSelf, type SelfStart } from "./spawn.ts";
import { type Action, type Event, nextDeadline, type State, type Step } from "./supervisor_state.ts";
import { WorkerProcess } from "./worker_process.ts";

/** What the supervisor is given. */
export interface SupervisorOptions {
  /** What to serve; `workers` at least 1. */
  readonly settings: Settings;
  /** Reads the config again, for a reload. If it throws, the message is printed and nothing changes. */
  readonly reread: () => Promise<Settings> | Settings;
  /**
   * How to start this program as a worker.
   *
   * @default {detectSelf()}
   */
  readonly self?: SelfStart;
}

/**
 * Runs workers until a signal says stop.
 *
 * @param options What to serve and how to read it again.
 * @returns The exit code, when every worker has ended.
 */
export async function runSupervisor(options: SupervisorOptions): Promise<number> {
  const supervisor = new Supervisor(options);
  using _signals = listenToSignals((signal) => supervisor.on({ type: "signal", signal }));
  return await supervisor.run(options.settings);
}

class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #self: SelfStart;
  readonly #processes = new Map<number, WorkerProcess>();
  readonly #exit = Promise.withResolvers<number>();
  readonly #claims = new WeakMap<Settings, readonly Claim[]>();
  #state: State | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#self = options.self ?? detectSelf();
  }

  async run(settings: Settings): Promise<number> {
    try {
      this.#take(begin(this.#claim(settings), performance.now()));
    } catch (error) {
      say("archangel", describeError(error));
      return EXIT.boot;
    }
    return await this.#exit.promise;
  }

  on(event: Event): void {
    if (this.#state !== undefined) this.#take(plan(this.#state, event, performance.now()));
  }

  #take({ state, actions }: Step): void {
    this.#state = state;
    for (const action of actions) this.#perform(action);
    clearTimeout(this.#timer);
    const at = nextDeadline(state);
    if (at === undefined) return;
    this.#timer = setTimeout(() => this.on({ type: "tick" }), Math.max(0, at - performance.now()));
  }

  #perform(action: Action): void {
    switch (action.type) {
      case "spawn":
        return this.#spawn(action.id, action.assignment);
      case "drain":
        return this.#processes.get(action.id)?.send({ type: "drain" });
      case "kill":
        return this.#processes.get(action.id)?.kill();
      case "reread":
        return void this.#reread();
      case "announce":
        return say("archangel", banner(action.settings, action.addresses, migratesRequests()));
      case "say":
        return say("archangel", action.text);
      case "exit":
        return this.#exit.resolve(action.code);
    }
  }

  #spawn(id: number, assignment: Assignment): void {
    const listener = {
      message: (message: ToSupervisor) => this.on({ ...message, id }),
      ended: (how: string) => {
        this.#processes.delete(id);
        this.on({ type: "ended", id, how });
      },
    };
    try {
      this.#processes.set(id, new WorkerProcess(this.#self, assignment, listener));
    } catch (error) {
      // Later, not now: the plan's step that asked for this worker is still being performed.
      queueMicrotask(() => {
        this.on({ type: "bootFailed", id, reason: `Cannot start a worker: ${describeError(error)}` });
        listener.ended("never started");
      });
    }
  }

  async #reread(): Promise<void> {
    try {
      this.on({ type: "settings", settings: this.#claim(await this.#options.reread()) });
    } catch (error) {
      this.on({ type: "settingsRefused", reason: describeError(error) });
    }
  }

  #claim(asked: Settings): Settings {
    const claims = claimPorts(asked, this.#held());
    const settings = withPorts(asked, claims);
    this.#claims.set(settings, claims);
    return settings;
  }

  /** What workers hold that have not ended yet, the newest generation first. */
  #held(): Claim[] {
    const inUse = new Set([...this.#processes.values()].map((process) => process.settings));
    return [...inUse].reverse().flatMap((settings) => this.#claims.get(settings) ?? []);
  }
}
