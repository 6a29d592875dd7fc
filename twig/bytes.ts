/**
 * Text to bytes and back, and what is known of bytes without decoding them: the functions that every request needs,
 * each the fastest way that the runtime has.
 *
 * @module
 */
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
