/**
 * The running process behind a worker handle: starts it, tells it, hears it, ends it. It decides
 * nothing.
 *
 * The worker gets a session of its own (`detached`), so that Ctrl-C at a terminal reaches the
 * supervisor alone and what is in flight can be finished. It does not survive the supervisor for
 * that: its stdin ends with it.
 *
 * @module
 */
import {
  type Assignment,
  type Boot,
  ControlError,
  controlStream,
  encodeMessage,
  parseToSupervisor,
  type ToSupervisor,
  type ToWorker,
} from "./control.ts";
import { RecordReader } from "./records.ts";
import { say } from "./say.ts";
import type { Settings } from "./settings.ts";
import { type SelfStart, workerArguments } from "./spawn.ts";

/** Hears from a worker process. */
export interface WorkerListener {
  /** It sent a message. */
  message(message: ToSupervisor): void;
  /** It is gone, and everything it wrote has been read. `how` is such as `exit code 1` or `SIGKILL`. */
  ended(how: string): void;
}

/** Longest wait in milliseconds for the rest of its output: a child of its own may keep the pipe open. */
const LAST_WORDS = 1_000;

/** A worker process. */
export class WorkerProcess {
  /** What it was told to serve. */
  readonly settings: Settings;
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  /**
   * Starts it and sends the first message.
   *
   * @param self How to start this program.
   * @param assignment What the first message is to say.
   * @param held Paths of Unix sockets that it may take over.
   * @param listener Hears from it, never before this returns.
   * @throws {Deno.errors.NotFound} If the executable is gone.
   * @throws {Deno.errors.NotCapable} Without `--allow-run`.
   */
  constructor(self: SelfStart, assignment: Assignment, held: readonly string[], listener: WorkerListener) {
    const boot: Boot = { type: "boot", key: crypto.randomUUID(), held, ...assignment };
    this.settings = boot.settings;
    const control = controlStream(boot.settings.log.access);
    this.#child = new Deno.Command(self.executable, {
      args: workerArguments(self, boot.settings),
      stdin: "piped",
      stdout: control === "stdout" ? "piped" : "inherit",
      stderr: control === "stderr" ? "piped" : "inherit",
      detached: true,
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.send(boot);
    this.#watch(hear(this.#child[control], Deno[control], boot, listener), listener);
  }

  /** Sends a message. If the worker is gone, nothing happens: its end is told anyway. */
  send(message: ToWorker): void {
    this.#stdin.write(encodeMessage(message, "")).catch(() => {});
  }

  /** Ends it now. */
  kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It ended by itself, and its end is about to be told.
    }
  }

  async #watch(heard: Promise<void>, listener: WorkerListener): Promise<void> {
    const status = await this.#child.status;
    this.#stdin.abort().catch(() => {});
    await within(LAST_WORDS, heard);
    listener.ended(status.signal ?? `exit code ${status.code}`);
  }
}

/** Waits for a promise, but not longer than so many milliseconds. */
async function within(milliseconds: number, done: Promise<void>): Promise<void> {
  let timer;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  await Promise.race([done, late]);
  clearTimeout(timer);
}

/** Reads what a worker writes: messages to the listener, the rest to our own stream of that name. */
async function hear(
  stream: ReadableStream<Uint8Array>,
  out: typeof Deno.stderr,
  { key, worker }: Boot,
  listener: WorkerListener,
): Promise<void> {
  const reader = new RecordReader(key);
  for await (const bytes of stream) {
    const { records, text } = reader.push(bytes);
    for (const record of records) tell(record, worker, listener);
    for (const part of text) await passOn(out, part);
  }
  await passOn(out, reader.end());
}

function tell(record: string, worker: number, listener: WorkerListener): void {
  let message: ToSupervisor;
  try {
    message = parseToSupervisor(record);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return say("archangel", `worker ${worker}: ${error.message}`);
  }
  listener.message(message);
}

/** Not synchronously: a reader of our stderr that has stopped must not stop the supervisor. */
async function passOn(out: typeof Deno.stderr, bytes: Uint8Array): Promise<void> {
  try {
    for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await out.write(rest));
  } catch {
    // Nobody reads our stream any more; the worker need not know.
  }
}
