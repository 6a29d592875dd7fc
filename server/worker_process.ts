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
import type { LineQueue } from "./line_queue.ts";
import { RecordReader } from "./records.ts";
import { say } from "./say.ts";
import type { Settings } from "./settings.ts";
import { type SelfStart, workerArguments } from "./spawn.ts";
import { standardLines } from "./standard_lines.ts";
import { WholeLines } from "./whole_lines.ts";
import { within } from "./within.ts";

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
    this.#watch(hear(this.#child[control], standardLines(control), boot, listener), listener);
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

/**
 * Reads what a worker writes: messages to the listener, the rest to our own stream of that name. It goes on
 * reading when nobody reads ours, or the worker would be blocked by what it prints, and never heard again.
 */
async function hear(
  stream: ReadableStream<Uint8Array>,
  out: LineQueue,
  { key, worker }: Boot,
  listener: WorkerListener,
): Promise<void> {
  const reader = new RecordReader(key);
  const lines = new WholeLines();
  for await (const bytes of stream) {
    const { records, text } = reader.push(bytes);
    for (const record of records) tell(record, worker, listener);
    for (const part of text) out.add(lines.push(part));
  }
  out.add(lines.push(reader.end()) + lines.end());
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
