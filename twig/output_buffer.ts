/**
 * What a protocol core has encoded and the connection has not yet written. It owns memory and nothing else: no socket,
 * no clock.
 *
 * @module
 */
import { utf8 } from "./bytes.ts";
import { joinBefore } from "./file_memory.ts";

/** Making even an empty array costs 180 ns, so all share one. */
const NO_BYTES = new Uint8Array(0);

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
