/**
 * A socket whose every move is seen, and whose writes are taken when the test says so, and as much as it says.
 */
import type { Transport } from "../../server/connection_host.ts";
import { bytesOf, textOf } from "./raw_client.ts";

interface PendingWrite {
  readonly bytes: Uint8Array;
  readonly resolve: (size: number) => void;
  readonly reject: (error: Error) => void;
}

/** The server's end of a connection. */
export class SteppedTransport implements Transport {
  /** How often `write` was called. */
  writes = 0;
  /** All that was taken. */
  taken = "";
  /** How many bytes the pending read asks for; 0 while none is pending. */
  reading = 0;
  /** Whether FIN was sent. */
  finished = false;
  /** Whether it was closed. */
  closed = false;
  readonly #held: boolean;
  readonly #input: (Uint8Array | null)[] = [];
  #waiting:
    | { buffer: Uint8Array; resolve: (size: number | null) => void; reject: (error: Error) => void }
    | undefined;
  #writing: PendingWrite | undefined;

  /** @param held Whether writes wait for `take`; else they are taken at once. */
  constructor(held = false) {
    this.#held = held;
  }

  /** Whether a write waits for `take`. */
  get writing(): boolean {
    return this.#writing !== undefined;
  }

  /** The client sends bytes, or FIN. */
  send(data: string | null): void {
    this.#input.push(data === null ? null : bytesOf(data));
    this.#serve();
  }

  /** The client takes so many bytes of the pending write. */
  take(size = Infinity): void {
    const writing = this.#writing;
    if (writing === undefined) throw new Error("Nothing is being written");
    this.#writing = undefined;
    const taken = Math.min(size, writing.bytes.length);
    this.taken += textOf(writing.bytes.subarray(0, taken));
    writing.resolve(taken);
  }

  /** The pending write fails. */
  break(): void {
    this.#writing?.reject(new Deno.errors.BrokenPipe("broken"));
    this.#writing = undefined;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#waiting !== undefined) throw new Error("Two reads at one time");
    if (buffer.length === 0) throw new Error("A read of nothing would look like the end");
    this.reading = buffer.length;
    return new Promise((resolve, reject) => {
      this.#waiting = { buffer, resolve, reject };
      this.#serve();
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#writing !== undefined) throw new Error("Two writes at one time");
    if (this.closed) return Promise.reject(new Deno.errors.BadResource("closed"));
    this.writes++;
    return new Promise((resolve, reject) => {
      this.#writing = { bytes, resolve, reject };
      if (!this.#held) this.take();
    });
  }

  closeWrite(): Promise<void> {
    this.finished = true;
    return Promise.resolve();
  }

  close(): void {
    this.closed = this.finished = true;
    this.reading = 0;
    this.#waiting?.reject(new Deno.errors.Interrupted("closed"));
    this.#waiting = undefined;
    this.break();
  }

  #serve(): void {
    const waiting = this.#waiting;
    const next = this.#input[0];
    if (waiting === undefined || next === undefined) return;
    this.#waiting = undefined;
    this.reading = 0;
    if (next === null) return waiting.resolve(null);
    const size = Math.min(waiting.buffer.length, next.length);
    waiting.buffer.set(next.subarray(0, size));
    if (size === next.length) this.#input.shift();
    else this.#input[0] = next.subarray(size);
    waiting.resolve(size);
  }
}
