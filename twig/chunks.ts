/**
 * Chunks that are held until they can be sent together: the list, and what it comes to.
 *
 * @module
 */
import { byteLength } from "./bytes.ts";
import type { Chunk } from "./types.ts";

/**
 * Joins text that is next to text, so that a template of 200 pieces is measured and encoded once. All at once, for
 * joined piece by piece they would be a chain of strings, each link far from the one before it in memory.
 *
 * @param chunks Chunks in order.
 * @returns The same text and bytes in fewer chunks.
 */
export function joinText(chunks: readonly Chunk[]): Chunk[] {
  if (chunks.every((chunk) => typeof chunk === "string")) return [chunks.join("")];
  const joined: Chunk[] = [];
  let before: Chunk | undefined;
  for (const chunk of chunks) {
    if (typeof before === "string" && typeof chunk === "string") {
      before += chunk;
      joined[joined.length - 1] = before;
    } else joined.push(before = chunk);
  }
  return joined;
}

/**
 * Counts the bytes of chunks. Text is best joined before: counting a hundred pieces takes longer.
 *
 * @param chunks The chunks.
 * @returns Their size in bytes, of text as UTF-8.
 */
export function sizeOf(chunks: readonly Chunk[]): number {
  let size = 0;
  for (let i = 0; i < chunks.length; i++) {
    const chunk = chunks[i] as Chunk;
    size += typeof chunk === "string" ? byteLength(chunk) : chunk.length;
  }
  return size;
}

/** What an app has yielded and nobody has sent. */
export class HeldChunks {
  /** How much that is: code units of text until its bytes have to be known, and bytes. */
  size = 0;
  #chunks: Chunk[] = [];
  #joined = false;

  /**
   * Holds one more.
   *
   * @param chunk Text or bytes; not empty. Bytes must not change any more.
   * @param size What it adds to `size`.
   */
  add(chunk: Chunk, size: number): void {
    this.#chunks.push(chunk);
    this.#joined = false;
    this.size += size;
  }

  /** Whether the first chunk is text. */
  get beginsWithText(): boolean {
    return typeof this.#chunks[0] === "string";
  }

  /**
   * Takes the first half of a surrogate pair from the end, which as UTF-8 would be lost.
   *
   * @returns It, or `""` if there is none.
   */
  takeHalf(): string {
    const last = this.#chunks.at(-1);
    if (typeof last !== "string" || (last.charCodeAt(last.length - 1) & 0xfc00) !== 0xd800) return "";
    this.#chunks.pop();
    if (last.length > 1) this.#chunks.push(last.slice(0, -1));
    return last.slice(-1);
  }

  /** The same text and bytes in as few chunks as can be. */
  joined(): readonly Chunk[] {
    if (!this.#joined && this.#chunks.length > 1) this.#chunks = joinText(this.#chunks);
    this.#joined = true;
    return this.#chunks;
  }
}
