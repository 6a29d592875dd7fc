/**
 * The two byte buffers that a protocol core works on: what has been received and is not yet
 * understood, and what has been encoded and is not yet written.
 *
 * They own memory and nothing else: no socket, no clock. The connection decides how large the input
 * buffer is (tiny while idle, pooled while busy); the cores decide what the bytes mean. `mod.ts`
 * exports no more than the types.
 *
 * @module
 */
import { joinBefore } from "./file_memory.ts";

// latin1Slice turns bytes into a string in about 40 ns at any length; a TextDecoder takes 220 ns and its
// "latin1" is windows-1252, which maps 0x80 to U+20AC. Taken from the global scope, where the runtime makes
// it on first use: an import would be loaded by whoever has this file in one bundle with his own.
const { Buffer } = globalThis as unknown as { Buffer: typeof import("node:buffer").Buffer };

const { compare, latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
  compare(
    this: Uint8Array,
    target: Uint8Array,
    targetStart: number,
    targetEnd: number,
    sourceStart: number,
    sourceEnd: number,
  ): number;
};

/**
 * Decodes bytes one to one: byte 0x80 becomes U+0080.
 *
 * @param bytes The buffer.
 * @param start Index of the first byte.
 * @param end Index after the last byte.
 * @returns A string with one UTF-16 code unit per byte.
 */
export function latin1(bytes: Uint8Array, start: number, end: number): string {
  return latin1Slice.call(bytes, start, end);
}

/**
 * Looks whether received bytes go on as known ones do; 600 bytes take 30 ns, where a loop over words takes 100.
 *
 * @param memory The received bytes, as many as are known or more.
 * @param at Index in `memory` to begin at, not below `from`.
 * @param known The known bytes.
 * @param from Index in `known` to begin at; from there to its end they are compared.
 * @returns Whether they are the same.
 */
export function goesOnAs(memory: Uint8Array, at: number, known: Uint8Array, from: number): boolean {
  // In this order: Deno 2.9 holds the end of what is compared with against the size of `memory`.
  return compare.call(memory, known, from, known.length, at, at + known.length - from) === 0;
}

/**
 * Encodes text whose code units are all below 256, one byte each.
 *
 * @param text The text.
 * @returns The bytes.
 */
export function latin1Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Encodes text as UTF-8; shared, for it has no state. */
export const utf8: TextEncoder = new TextEncoder();

/**
 * Measures text without encoding it, in about 25 ns at any length.
 *
 * @param text The text.
 * @returns How many bytes it is in UTF-8.
 */
export function byteLength(text: string): number {
  const size = text.length;
  if (size > MEASURED_BY_HAND) return Buffer.byteLength(text);
  for (let i = 0; i < size; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.byteLength(text);
  }
  return size;
}

/** Shorter text is most often ASCII, and a loop has seen that before a call into the runtime returns. */
const MEASURED_BY_HAND = 24;

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

/** Chunks up to this size are copied behind the head; larger ones are kept by reference. */
const COPY_LIMIT = 16 * 1024;
const FIRST_CAPACITY = 4 * 1024;
/** Longer text goes through `TextEncoder`, which takes about 75 ns however short the text is, and 30 for a view. */
const SHORT_TEXT = 64;

/** Blocks kept for whoever encodes next. */
const SPARES = 256;
/**
 * Empty blocks, and for each the view of its beginning that `takeOne` gave last. What is at rest holds no block,
 * so ten thousand idle connections cost no more output memory than the few that write at one time.
 */
const spareBlocks: Uint8Array[] = [];
const spareViews: Uint8Array[] = [];

/**
 * Encoded bytes on their way out. Small pieces are gathered in one growing block, so that a head, a
 * body and the next pipelined answer leave in one write; large chunks are kept by reference.
 */
export class OutputBuffer {
  /** The block that is being filled. */
  #block: Uint8Array;
  /** Bytes of `#block` before this belong to `#segments` already. */
  #from = 0;
  #to = 0;
  /** Finished pieces, in order. */
  #segments: Uint8Array[] = [];
  #size = 0;
  /** The piece that `takeOne` gave last, and where it begins in `#block`. */
  #view: Uint8Array = NO_BYTES;
  #viewFrom = 0;

  /**
   * Makes an empty buffer.
   *
   * @param block Memory to fill first; allocated on first use when left out.
   */
  constructor(block: Uint8Array = NO_BYTES) {
    this.#block = block;
  }

  /** How many bytes wait here. */
  get length(): number {
    return this.#size + this.#to - this.#from;
  }

  /**
   * Makes sure that `size` bytes fit behind the current position of the block.
   *
   * @param size Wanted free bytes.
   */
  #room(size: number): void {
    if (this.#block.length - this.#to >= size) return;
    if (this.#block.length === 0 && spareBlocks.length > 0) {
      this.#block = spareBlocks.pop() as Uint8Array;
      this.#view = spareViews.pop() as Uint8Array;
      this.#viewFrom = 0;
      if (this.#block.length >= size) return;
    }
    const pending = this.#to - this.#from;
    const larger = new Uint8Array(Math.max(FIRST_CAPACITY, (pending + size) * 2));
    if (pending > 0) larger.set(this.#block.subarray(this.#from, this.#to));
    this.#block = larger;
    this.#view = NO_BYTES;
    this.#from = 0;
    this.#to = pending;
  }

  /**
   * Appends text as UTF-8.
   *
   * @param text The text.
   * @returns How many bytes it became.
   */
  text(text: string): number {
    const size = text.length;
    if (size <= SHORT_TEXT && this.#ascii(text)) return size;
    if (size > COPY_LIMIT) {
      // Room for the worst case would be three times what nearly all text needs.
      const bytes = utf8.encode(text);
      this.bytes(bytes);
      return bytes.length;
    }
    this.#room(size * 3);
    const { written } = utf8.encodeInto(text, this.#free());
    this.#to += written;
    return written;
  }

  /**
   * Appends text whose code units are all below 256, one byte each.
   *
   * @param text The text.
   */
  latin1(text: string): void {
    const size = text.length;
    if (size <= SHORT_TEXT && this.#ascii(text)) return;
    this.#room(size);
    // Room for just one byte per code unit: only ASCII fits, and nearly all of it is ASCII.
    const { read, written } = utf8.encodeInto(text, this.#free());
    if (read !== size || written !== size) {
      const block = this.#block;
      for (let i = 0, to = this.#to; i < size; i++) block[to++] = text.charCodeAt(i);
    }
    this.#to += size;
  }

  /** Appends short text by hand, which is quicker than a call; says `false` if it is not ASCII. */
  #ascii(text: string): boolean {
    const size = text.length;
    this.#room(size);
    const block = this.#block;
    let to = this.#to;
    for (let i = 0; i < size; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      block[to++] = code;
    }
    this.#to = to;
    return true;
  }

  #free(): Uint8Array {
    return this.#to === 0 ? this.#block : this.#block.subarray(this.#to);
  }

  /**
   * Appends bytes. A large chunk is kept by reference: it must not change until it is written.
   *
   * @param chunk The bytes.
   */
  bytes(chunk: Uint8Array): void {
    const size = chunk.length;
    if (size > COPY_LIMIT) return this.#keep(chunk);
    this.#room(size);
    this.#block.set(chunk, this.#to);
    this.#to += size;
  }

  /**
   * Reserves `size` bytes in the block for a caller that encodes by hand. They count as appended.
   *
   * @param size How many bytes.
   * @returns The block and the index of the first reserved byte; valid until the next call.
   */
  reserve(size: number): { block: Uint8Array; at: number } {
    this.#room(size);
    const at = this.#to;
    this.#to += size;
    return { block: this.#block, at };
  }

  #keep(chunk: Uint8Array): void {
    const before = this.#block.subarray(this.#from, this.#to);
    const joined = joinBefore(before, chunk);
    if (joined === undefined) this.#seal();
    else this.#to = this.#from;
    this.#segments.push(joined ?? chunk);
    this.#size += (joined ?? chunk).length;
  }

  #seal(): void {
    if (this.#to === this.#from) return;
    this.#segments.push(this.#block.subarray(this.#from, this.#to));
    this.#size += this.#to - this.#from;
    this.#from = this.#to;
  }

  /**
   * Takes everything out, in order, and leaves the buffer empty. The pieces may share memory with
   * the block, which is not written again until `recycle`.
   *
   * @returns The pieces to write.
   */
  take(): Uint8Array[] {
    this.#seal();
    const pieces = this.#segments;
    this.#segments = [];
    this.#size = 0;
    return pieces;
  }

  /**
   * Takes everything out if it is one piece, as most answers are. The view is kept and given again
   * for the next piece of the same place and size: making one costs as much as encoding a head.
   *
   * @returns The piece, or `undefined` if there are several; then use `take`.
   */
  takeOne(): Uint8Array | undefined {
    if (this.#segments.length > 0) return undefined;
    const view = this.#view;
    const from = this.#from;
    const size = this.#to - from;
    this.#from = this.#to;
    if (view.length === size && this.#viewFrom === from) return view;
    this.#viewFrom = from;
    return this.#view = this.#block.subarray(from, this.#to);
  }

  /**
   * Says that all taken pieces are written, so that the block may be filled from its start again, by
   * whoever encodes next. Does nothing while newer bytes wait here, for they may be in it.
   *
   * @param keep Give the block up when it is larger than this many bytes. Default 64 KiB.
   */
  recycle(keep: number = 64 * 1024): void {
    if (this.length > 0) return;
    this.#from = this.#to = 0;
    const block = this.#block;
    if (block.length === 0) return;
    if (block.length <= keep && spareBlocks.length < SPARES) {
      spareBlocks.push(block);
      spareViews.push(this.#viewFrom === 0 ? this.#view : NO_BYTES);
    }
    this.#block = this.#view = NO_BYTES;
  }

  /** Drops everything that waits, for a peer that is gone. */
  drop(): void {
    this.#segments = [];
    this.#size = 0;
    this.#from = this.#to;
  }
}
