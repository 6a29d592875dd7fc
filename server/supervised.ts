/**
 * The supervisor as `serve()` needs it: what it decides and says becomes promises that resolve, or
 * reject with the reason. Imports nothing of the request path.
 *
 * @module
 */
import { say } from "./say.ts";
import type { Backend } from "./serve.ts";
import type { Prepared } from "./serve_options.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import type { SelfStart } from "./spawn.ts";
import { Supervisor } from "./supervisor.ts";
import type { Outcome, State } from "./supervisor_state.ts";

/** A start or a reload that is under way. */
interface Attempt extends PromiseWithResolvers<void> {
  /** The generation that served before it; 0 at the start. */
  readonly before: number;
  /** Why it fails, if it does. */
  reason: string;
}

/** Workers that are supervised by this process. */
export class SupervisedWorkers implements Backend {
  readonly #supervisor: Supervisor;
  #addresses: readonly ListenAddress[] = [];
  /** What the next generation is to serve. */
  #settings: Settings;
  #generation = 0;
  #attempt: Attempt | undefined;

  private constructor(settings: Settings, self: SelfStart) {
    this.#settings = settings;
    this.#supervisor = new Supervisor({ settings, self, reread: () => this.#settings }, {
      announce: () => {},
      say: (text, outcome) => this.#say(text, outcome),
      stepped: (state) => this.#stepped(state),
    });
  }

  /**
   * Starts workers.
   *
   * @param settings What they serve; `workers` at least 1.
   * @param self How to start them.
   * @returns When all of them serve.
   * @throws {ListenError} If a port is taken or may not be used.
   * @throws {Error} If a worker does not get ready; none is left then.
   */
  static async start(settings: Settings, self: SelfStart): Promise<SupervisedWorkers> {
    const workers = new SupervisedWorkers(settings, self);
    await workers.#try(() => workers.#supervisor.start());
    return workers;
  }

  /** The addresses as bound. */
  get addresses(): readonly ListenAddress[] {
    return this.#addresses;
  }

  /** Resolves when every worker has ended. */
  get finished(): Promise<void> {
    return this.#supervisor.ended.then(() => {});
  }

  /**
   * Replaces the workers by new ones.
   *
   * @param prepared What the new ones serve.
   * @throws {Error} If they do not get ready; the old ones go on serving then.
   */
  async change({ settings }: Prepared): Promise<void> {
    if (settings.workers === 0) {
      throw new TypeError("Cannot drop all workers by a reload: that needs a new server");
    }
    this.#settings = settings;
    await this.#try(() => this.#supervisor.on({ type: "signal", signal: "HUP" }));
  }

  /** Lets every worker finish what is in flight. */
  async close(): Promise<void> {
    this.#supervisor.on({ type: "signal", signal: "TERM" });
    await this.finished;
  }

  /** Begins something that ends in a new generation or a reason, and waits for that. */
  async #try(begin: () => void): Promise<void> {
    this.#attempt = {
      before: this.#generation,
      reason: "Closed meanwhile",
      ...Promise.withResolvers<void>(),
    };
    const { promise } = this.#attempt;
    try {
      begin();
      await promise;
    } finally {
      this.#attempt = undefined;
    }
  }

  /** What an attempt came to is for its promise to tell; all else is trouble. */
  #say(text: string, outcome: Outcome | undefined): void {
    if (outcome === undefined) say("archangel", text);
    else if (outcome === "failed" && this.#attempt !== undefined) this.#attempt.reason = text;
  }

  #stepped({ phase, reading, rising, current, handles }: State): void {
    if (phase === "serving") {
      this.#generation = current.number;
      this.#addresses = current.settings.listen;
    }
    if (this.#attempt === undefined || reading || rising !== undefined || phase === "starting") return;
    if (this.#generation > this.#attempt.before) return this.#attempt.resolve();
    // What failed at the start is over when no worker is left.
    if (phase === "serving" || handles.length === 0) this.#attempt.reject(new Error(this.#attempt.reason));
  }
}
