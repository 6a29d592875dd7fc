/**
 * What a protocol core has received and not yet understood. It owns memory and nothing else: no socket, no clock. The
 * connection decides how large it is (tiny while idle, pooled while busy); the core decides what the bytes mean.
 *
 * @module
 */

/** Making even an empty array costs 180 ns, so all share one. */
const NO_BYTES = new Uint8Array(0);

/** Received bytes: `bytes[start..end)` is not yet consumed. Cores advance `start`. */
export class InputBuffer {
  /** The memory. Replaced when it has to grow, shrink or is given away. */
  bytes: Uint8Array;
  /** Index of the first byte that is not consumed. */
  start = 0;
  /** Index after the last received byte. */
  end = 0;

  /**
   * Makes an empty buffer.
   *
   * @param capacity Bytes to start with. Default 0: the first `reserve` or `append` allocates.
   */
  constructor(capacity = 0) {
    this.bytes = capacity === 0 ? NO_BYTES : new Uint8Array(capacity);
  }

  /** How many bytes are received and not consumed. */
  get length(): number {
    return this.end - this.start;
  }

  /**
   * Makes room for at least `size` more bytes after `end`, moving what is unread to the front or
   * into larger memory. Must not be called while a read into this buffer is pending.
   *
   * @param size Wanted free bytes after `end`.
   */
  reserve(size: number): void {
    if (this.start === this.end) this.start = this.end = 0;
    if (this.bytes.length - this.end >= size) return;
    const unread = this.end - this.start;
    if (this.bytes.length - unread >= size) {
      this.bytes.copyWithin(0, this.start, this.end);
    } else {
      const larger = new Uint8Array(Math.max(unread + size, this.bytes.length * 2));
      larger.set(this.bytes.subarray(this.start, this.end));
      this.bytes = larger;
    }
    this.start = 0;
    this.end = unread;
  }

  /**
   * Appends a copy of `chunk`, as tests and in-memory transports do. A connection reads straight
   * into `bytes` instead.
   *
   * @param chunk Bytes to add.
   */
  append(chunk: Uint8Array): void {
    this.reserve(chunk.length);
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }

  /**
   * Consumes `size` bytes and returns them as memory of their own, which the taker may keep. Small
   * pieces are copied; a piece of half the buffer or more takes the memory with it.
   *
   * @param size How many bytes; at most `length`.
   * @returns The bytes.
   */
  take(size: number): Uint8Array {
    const from = this.start;
    this.start += size;
    if (size * 2 < this.bytes.length) return this.bytes.slice(from, this.start);
    const given = this.bytes.subarray(from, this.start);
    const rest = this.end - this.start;
    const fresh = new Uint8Array(this.bytes.length);
    if (rest > 0) fresh.set(this.bytes.subarray(this.start, this.end));
    this.bytes = fresh;
    this.start = 0;
    this.end = rest;
    return given;
  }
}
