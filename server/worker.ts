/**
 * A worker's side of the process model: it is told what to serve, says when it does, finishes when
 * asked, and ends when its supervisor is gone. What serving means is not its business: the service
 * is handed in.
 *
 * - stdin carries messages and is the death pact: at its end the worker ends, at once.
 * - TERM to a worker alone makes it finish and end as a reload does; the supervisor then starts another in
 *   its place. A stop of a whole process group or container does the same to all. That is harmless, for the
 *   supervisor tells them that nobody takes over.
 * - An error that an app throws where nobody awaits it (a timer, a forgotten promise) is logged. It
 *   must not end the requests of others, so the worker goes on.
 *
 * A worker whose event loop an app has blocked for good neither answers nor notices any of this; the
 * supervisor kills it when it stops or reloads. Nothing polls for that: an idle worker sleeps.
 *
 * @module
 */
import {
  type Boot,
  controlStream,
  encodeMessage,
  parseToWorker,
  type ToSupervisor,
  type ToWorker,
} from "./control.ts";
import { ErrorLog } from "./error_log.ts";
import { EXIT } from "./exit_codes.ts";
import { RecordReader } from "./records.ts";
import { describeError, say } from "./say.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import { flushLines } from "./standard_lines.ts";
import { surviveStrayErrors } from "./stray_errors.ts";
import { writeAll } from "./terminal.ts";
import type { WaitingSocket } from "./unix_socket.ts";

/** What a worker runs: the part of a service that this file needs. */
export interface WorkerService {
  /** The addresses as bound. */
  readonly addresses: readonly ListenAddress[];
  /** Unix sockets that are not in their places yet. */
  readonly waiting: readonly WaitingSocket[];
  /** Takes nothing new; resolves when what is in flight is done, or cut. May be asked again, to stop. */
  drain(stopping: boolean): Promise<void>;
}

/** How a worker serves. */
export interface WorkerOptions {
  /** Whether other workers bind the same ports. */
  readonly reusePort: boolean;
  /** The worker's place, from 1. */
  readonly worker: number;
  /** Paths of Unix sockets that another worker of ours answers on, and that are taken over. */
  readonly held: readonly string[];
  /** Whether Unix sockets wait beside their paths until the supervisor moves them. */
  readonly wait: boolean;
  /** Whether every app is loaded before serving: a broken one must not replace one that works. */
  readonly loadAll: boolean;
}

/** Starts serving; throws if an address cannot be bound or an app cannot be loaded, and says which. */
export type StartService = (settings: Settings, options: WorkerOptions) => Promise<WorkerService>;

/** Settings are one record of a few kilobytes. */
const INPUT_SIZE = 16 * 1024;

/**
 * Runs this process as a worker. It returns when stdin ends, and the process is then to end at once.
 *
 * @param start Starts what is to be served.
 * @returns The exit code.
 * @throws {ControlError} If a message cannot be read: this was not started by a supervisor.
 */
export async function runWorker(start: StartService): Promise<number> {
  const worker = new Worker(start);
  const reader = new RecordReader("");
  // Without the streams of the web, which take longer to load than all else that a worker needs to boot.
  const buffer = new Uint8Array(INPUT_SIZE);
  for (let size: number | null; (size = await Deno.stdin.read(buffer)) !== null;) {
    // The reader keeps what is not complete.
    const { records } = reader.push(buffer.slice(0, size));
    for (const record of records) worker.receive(parseToWorker(record));
  }
  return EXIT.failure;
}

class Worker {
  readonly #start: StartService;
  #name = "worker";
  #service: Promise<WorkerService> | undefined;
  #draining = false;

  constructor(start: StartService) {
    this.#start = start;
  }

  receive(message: ToWorker): void {
    if (message.type === "drain") this.#drain(message.stopping);
    else this.#boot(message);
  }

  async #boot({ settings, worker, role, key, held }: Boot): Promise<void> {
    this.#name = `worker ${worker}`;
    surviveStrayErrors(new ErrorLog(this.#name));
    if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", () => this.#drain(false));
    const stream = Deno[controlStream(settings.log.access)];
    const tell = async (message: ToSupervisor) => {
      // Lines that are on their way go first, or the record might come into the middle of one.
      await flushLines();
      writeAll(stream, encodeMessage(message, key));
    };
    try {
      const rising = role === "rising";
      this.#service = this.#start(settings, { reusePort: true, worker, held, wait: rising, loadAll: rising });
      const { addresses, waiting } = await this.#service;
      await tell({ type: "ready", addresses, waiting });
    } catch (error) {
      await tell({ type: "bootFailed", reason: describeError(error) });
      Deno.exit(EXIT.boot);
    }
  }

  async #drain(stopping: boolean): Promise<void> {
    if (this.#draining) return this.#hurry(stopping);
    this.#draining = true;
    const code = await this.#finish(stopping);
    await flushLines();
    Deno.exit(code);
  }

  /** It finishes already, and now a stop may have come. Whoever began it tells of failures. */
  #hurry(stopping: boolean): void {
    this.#service?.then((service) => service.drain(stopping)).catch(() => {});
  }

  async #finish(stopping: boolean): Promise<number> {
    try {
      await (await this.#service)?.drain(stopping);
      return EXIT.ok;
    } catch (error) {
      say(this.#name, `Cannot finish in order: ${describeError(error)}`);
      return EXIT.failure;
    }
  }
}
