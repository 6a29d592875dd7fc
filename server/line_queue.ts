/**
 * Lines on their way to a log. Nobody waits for them: a disk may be slow, and a pipe may have a reader
 * that has stopped, at which a synchronous write would hang for ever, and the whole process with it.
 *
 * What waits is bounded. Lines beyond that are dropped, and the log says how many as soon as it takes
 * lines again. A queue without lines costs nothing: no write, no timer.
 *
 * @module
 */
import { within } from "./within.ts";

/** Lines that may wait, in characters. As much again may be in the write that is under way. */
const BACKLOG = 4 * 1024 * 1024;

/** Longest wait of a flush in milliseconds. */
const FLUSH_LIMIT = 1_000;

const LINE_FEED = 0x0a;
const END_OF_LINE = Uint8Array.of(LINE_FEED);

const encoder = new TextEncoder();

/** Where lines go: a file, `Deno.stdout` or `Deno.stderr`. */
export interface LineTarget {
  /** Writes some of `bytes`; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/**
 * Writes lines in order, whole, and without making anybody wait.
 *
 * @example Usage
 * ```ts
 * import { LineQueue } from "./line_queue.ts";
 * import { assertEquals } from "@std/assert";
 *
 * let written = "";
 * const lines = new LineQueue({
 *   write: (bytes) => {
 *     written += new TextDecoder().decode(bytes);
 *     return Promise.resolve(bytes.length);
 *   },
 * }, true);
 * lines.add("one\n");
 * lines.add("two\n");
 * await lines.flush();
 * assertEquals(written, "one\ntwo\n");
 * ```
 */
export class LineQueue {
  /** Says how many lines are missing, without a line feed, in the format of those that are there. */
  missing: (count: number) => string = missingText;
  readonly #target: LineTarget;
  readonly #batched: boolean;
  readonly #failed: (error: unknown) => void;
  #failing = false;
  #pending = "";
  #dropped = 0;
  /** What was written last is a part of a line; where the rest is lost, the next must not be glued to it. */
  #torn = false;
  #writing: Promise<void> | undefined;

  /**
   * @param target Where lines go.
   * @param batched Whether the first line waits for the end of the present turn, so that all lines of the
   * turn share a write. If not, it gets out even when the process is blocked or killed right after it.
   * @param failed Hears why lines were lost: at the first write that fails, and again only after lines have
   * been written in between. Must not throw. Default: nobody, as of a stream that nobody reads any more
   * nothing can be said there.
   */
  constructor(target: LineTarget, batched: boolean, failed: (error: unknown) => void = () => {}) {
    this.#target = target;
    this.#batched = batched;
    this.#failed = failed;
  }

  /**
   * Has lines written, or drops them if too many wait already. Never throws.
   *
   * @param lines Whole lines, each with its line feed; may be empty.
   */
  add(lines: string): void {
    if (this.#pending.length > BACKLOG) {
      this.#dropped += lines.split("\n").length - 1;
      return;
    }
    this.#pending += lines;
    // Without anything to wait for, #write() would be over before it is remembered as under way.
    if (this.#pending !== "") this.#writing ??= this.#write();
  }

  /**
   * Waits for the lines that are on their way, for a second at most: a stop must not hang on a pipe that
   * nobody reads.
   *
   * @returns Resolves when everything is written, or when waiting is of no use.
   */
  async flush(): Promise<void> {
    if (this.#writing !== undefined) await within(FLUSH_LIMIT, this.#written());
  }

  async #written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #write(): Promise<void> {
    if (this.#batched) await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#pending !== "") {
      const lines = this.#pending;
      this.#pending = "";
      await this.#writeBatch(encoder.encode(lines));
    }
    this.#writing = undefined;
  }

  async #writeBatch(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    try {
      while (this.#torn) await this.#writeSome(END_OF_LINE);
      while (rest.length > 0) rest = rest.subarray(await this.#writeSome(rest));
    } catch (error) {
      // A closed pipe or a full disk: the server goes on, lines are lost.
      for (const byte of rest) if (byte === LINE_FEED) this.#dropped++;
      if (!this.#failing) this.#failed(error);
      this.#failing = true;
      return;
    }
    this.#failing = false;
    if (this.#dropped === 0) return;
    // Behind the lines that wait: those came before the ones that were dropped.
    this.#pending += `${this.missing(this.#dropped)}\n`;
    this.#dropped = 0;
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    const size = await this.#target.write(bytes);
    if (size > 0) this.#torn = bytes[size - 1] !== LINE_FEED;
    return size;
  }
}

function missingText(count: number): string {
  const lines = count === 1 ? "1 line is" : `${count} lines are`;
  return `archangel: ${lines} missing here, the log did not take them in time`;
}
