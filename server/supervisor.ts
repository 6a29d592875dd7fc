/**
 * The hands of the supervisor: turns signals, processes and time into events, and performs the
 * actions that `plan.ts` decides. It binds nothing for longer than a moment and serves nothing, and
 * so imports nothing of the request path.
 *
 * @module
 */
import { Alarm } from "./alarm.ts";
import { banner, migratesRequests } from "./banner.ts";
import type { Assignment, Ready, ToSupervisor } from "./control.ts";
import { FOLDER_GONE, isFolderGone } from "./current_folder.ts";
import { EXIT } from "./exit_codes.ts";
import { listenToSignals } from "./os_signals.ts";
import { requireGrants } from "./permissions.ts";
import { begin, plan } from "./plan.ts";
import { type Claim, claimPorts, withPorts } from "./port_check.ts";
import { describeError, say } from "./say.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import { detectSelf, type SelfStart } from "./spawn.ts";
import { stopNotice } from "./stop_notice.ts";
import {
  type Action,
  type Event,
  nextDeadline,
  type Outcome,
  type State,
  type Step,
} from "./supervisor_state.ts";
import { WaitingSockets } from "./waiting_sockets.ts";
import type { Watch } from "./watch.ts";
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

/** Hears what a supervisor has to say. */
export interface SupervisorListener {
  /** The first generation serves. */
  announce(settings: Settings, addresses: readonly ListenAddress[]): void;
  /** Something that a person should know, perhaps what a start or a reload came to. */
  say(text: string, outcome?: Outcome): void;
  /** A step is done, its actions included. */
  stepped?(state: State): void;
}

const PRINTING: SupervisorListener = {
  announce: (settings, addresses) => say("archangel", banner(settings, addresses, migratesRequests())),
  say: (text) => say("archangel", text),
};

/**
 * Runs workers until a signal says stop, and prints what happens. In development changed files reload them.
 *
 * @param options What to serve and how to read it again.
 * @returns The exit code, when every worker has ended.
 */
export async function runSupervisor(options: SupervisorOptions): Promise<number> {
  let watch: Watch | undefined;
  const follow = async (settings: Settings) => {
    if (settings.development) {
      watch ??= new (await import("./watch.ts")).Watch({ changed, say: PRINTING.say });
    }
    watch?.follow(settings);
    return settings;
  };
  const changed = (file: string) => {
    PRINTING.say(`${file} changed, reloading`);
    supervisor.on({ type: "signal", signal: "HUP" });
  };
  const supervisor = new Supervisor(
    { ...options, reread: async () => await follow(await options.reread()) },
    { ...PRINTING, stepped: ({ phase }) => phase === "stopping" && watch?.close() },
  );
  await follow(options.settings);
  const notice = stopNotice(() => supervisor.drainTime);
  using _signals = listenToSignals((signal) => {
    supervisor.on({ type: "signal", signal });
    notice(signal);
  });
  try {
    supervisor.start();
  } catch (error) {
    say("archangel", describeError(error));
    return EXIT.boot;
  }
  return await supervisor.ended;
}

/** Runs workers. It installs no signal listeners; whoever has some passes the signals on. */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #listener: SupervisorListener;
  readonly #self: SelfStart;
  readonly #processes = new Map<number, WorkerProcess>();
  readonly #bound = new Map<number, readonly ListenAddress[]>();
  readonly #waiting = new WaitingSockets();
  readonly #exit = Promise.withResolvers<number>();
  readonly #claims = new WeakMap<Settings, readonly Claim[]>();
  readonly #alarm = new Alarm(() => this.on({ type: "tick" }));
  #state: State | undefined;

  /**
   * @param options What to serve and how to read it again.
   * @param listener Hears what happens.
   */
  constructor(options: SupervisorOptions, listener: SupervisorListener) {
    this.#options = options;
    this.#listener = listener;
    this.#self = options.self ?? detectSelf();
  }

  /** The exit code, when every worker has ended. */
  get ended(): Promise<number> {
    return this.#exit.promise;
  }

  /** How long a stop waits for requests in flight, in milliseconds. */
  get drainTime(): number {
    return (this.#state?.current.settings ?? this.#options.settings).timeouts.drain;
  }

  /**
   * Starts the first generation.
   *
   * @throws {ListenError} If a port is taken or may not be used.
   */
  start(): void {
    this.#take(begin(this.#claim(this.#options.settings), performance.now()));
  }

  /**
   * Takes note of something that happened.
   *
   * @param event What happened.
   */
  on(event: Event): void {
    if (this.#state !== undefined) this.#take(plan(this.#state, event, performance.now()));
  }

  #take({ state, actions }: Step): void {
    this.#state = state;
    for (const action of actions) this.#perform(action);
    this.#listener.stepped?.(state);
    this.#alarm.set(nextDeadline(state));
  }

  #perform(action: Action): void {
    switch (action.type) {
      case "spawn":
        return this.#spawn(action.id, action.assignment);
      case "drain":
        return this.#processes.get(action.id)?.send({
          type: "drain",
          stopping: this.#state?.phase === "stopping",
        });
      case "kill":
        return this.#processes.get(action.id)?.kill();
      case "place":
        return this.#waiting.placeAll().forEach((trouble) => this.#listener.say(trouble));
      case "reread":
        return void this.#reread();
      case "announce":
        return this.#listener.announce(action.settings, action.addresses);
      case "say":
        return this.#listener.say(action.text, action.outcome);
      case "exit":
        return this.#exit.resolve(action.code);
    }
  }

  #spawn(id: number, assignment: Assignment): void {
    const listener = {
      message: (message: ToSupervisor) => {
        if (message.type === "ready") this.#bind(id, message);
        this.on({ ...message, id });
      },
      ended: (how: string) => {
        this.#processes.delete(id);
        this.#bound.delete(id);
        this.#waiting.drop(id);
        this.on({ type: "ended", id, how });
      },
    };
    try {
      this.#processes.set(
        id,
        new WorkerProcess(this.#self, assignment, this.#heldPaths(assignment), listener),
      );
    } catch (error) {
      // Later, not now: the plan's step that asked for this worker is still being performed.
      queueMicrotask(() => {
        const why = isFolderGone() ? FOLDER_GONE : describeError(error);
        this.on({ type: "bootFailed", id, reason: `Cannot start a worker: ${why}` });
        listener.ended("never started");
      });
    }
  }

  #bind(id: number, { addresses, waiting }: Ready): void {
    this.#bound.set(id, addresses);
    this.#waiting.add(id, waiting);
  }

  /** Unix sockets that a worker may take from others: only a new generation takes any. */
  #heldPaths({ role }: Assignment): string[] {
    if (role !== "rising") return [];
    const addresses = [...this.#bound.values()].flat();
    return addresses.flatMap((address) => address.transport === "unix" ? [address.path] : []);
  }

  async #reread(): Promise<void> {
    try {
      this.on({ type: "settings", settings: this.#claim(await this.#options.reread()) });
    } catch (error) {
      this.on({ type: "settingsRefused", reason: describeError(error) });
    }
  }

  #claim(asked: Settings): Settings {
    requireGrants(asked);
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
