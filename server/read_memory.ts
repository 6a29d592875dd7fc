/**
 * The memory that a connection reads into: little while it is idle, more for one whose reads come back
 * full. A read that is pending holds its memory for as long as nothing comes, so this is most of what an
 * idle connection costs.
 *
 * @module
 */
import type { InputBuffer } from "../twig/input_buffer.ts";

/** An idle connection's memory, in bytes: a short request fits, and ten thousand of them cost little. */
const IDLE_CAPACITY = 256;
/** The memory of a connection whose requests were larger than that. */
const BUSY_CAPACITY = 4 * 1024;
/** The largest memory, for bodies. */
const BODY_CAPACITY = 64 * 1024;
/** Memory of closed connections that is kept for new ones. */
const SPARES = 64;
const spares: Uint8Array[] = [];

/** The read memory of one connection. */
export class ReadMemory {
  readonly #input: InputBuffer;
  #capacity = IDLE_CAPACITY;
  /** What the pending read was given. */
  #view: Uint8Array;
  #bytes: Uint8Array;
  #end = 0;

  /** @param input The buffer of the protocol core. */
  constructor(input: InputBuffer) {
    this.#input = input;
    this.#view = this.#bytes = input.bytes;
  }

  /**
   * The memory for the next read.
   *
   * @param little Whether no body is expected.
   * @param watching Whether the read is only to notice that the client goes away: then whatever room there
   * is will do.
   * @returns At least one byte.
   */
  next(little: boolean, watching: boolean): Uint8Array {
    const input = this.#input;
    if (input.length === 0) {
      input.start = input.end = 0;
      if (little && this.#capacity > BUSY_CAPACITY) this.#capacity = BUSY_CAPACITY;
      if (input.bytes.length !== this.#capacity) input.bytes = this.#memory();
    } else {
      input.reserve(watching ? 1 : this.#capacity >> 1);
    }
    this.#bytes = input.bytes;
    this.#end = input.end;
    return this.#view = input.end === 0 ? input.bytes : input.bytes.subarray(input.end);
  }

  #memory(): Uint8Array {
    const spare = this.#capacity === IDLE_CAPACITY ? spares.pop() : undefined;
    return spare ?? new Uint8Array(this.#capacity);
  }

  /** The memory for a read whose bytes are to be dropped. */
  sink(): Uint8Array {
    const input = this.#input;
    input.start = input.end = 0;
    return input.bytes;
  }

  /**
   * Takes in what the read into `next()` brought.
   *
   * @param size How many bytes.
   */
  received(size: number): void {
    const input = this.#input;
    const view = this.#view;
    // While the read was pending an app may have taken the memory along with its body.
    if (input.bytes === this.#bytes && input.end === this.#end) input.end += size;
    else input.append(view.subarray(0, size));
    if (size === view.length && this.#capacity < BODY_CAPACITY) {
      this.#capacity = this.#capacity < BUSY_CAPACITY ? BUSY_CAPACITY : this.#capacity * 4;
    }
  }

  /** The connection is closed and no read is pending: what an app took is memory of its own. */
  release(): void {
    const { bytes } = this.#input;
    if (bytes.length === IDLE_CAPACITY && spares.length < SPARES) spares.push(bytes);
  }
}
