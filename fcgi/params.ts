/**
 * Name-value pairs (FastCGI 1.0 §3.4): the content of PARAMS, GET_VALUES and GET_VALUES_RESULT.
 *
 * A stream of pairs may be cut into records at any byte, also inside a length. So the pieces are
 * put together first, bounded, and read once when the stream has ended; nothing is ever allocated
 * because a length claims it. Lengths of four bytes are put together by multiplication: a shift, or
 * a 32-bit sum of two of them, wraps around (the hole of CVE-2025-23016).
 *
 * Names and values are bytes; they become strings of one code unit per byte (latin1), so that
 * nothing is lost. What the names mean is the business of `environ.ts`.
 *
 * @module
 */
import { latin1 } from "../twig/bytes.ts";

/** Pairs in the order received, as spans of one string. Names may be repeated. */
export class Params {
  readonly #text: string;
  /** Three numbers a pair: where its name begins, where its value begins, where its value ends. */
  readonly #spans: number[];

  private constructor(text: string, spans: number[]) {
    this.#text = text;
    this.#spans = spans;
  }

  /**
   * Reads all pairs.
   *
   * @param bytes Where they are.
   * @param from Index of the first byte.
   * @param to Index after the last byte.
   * @returns The pairs, or `undefined` if the last one is cut short or a length leads out of it.
   */
  static parse(bytes: Uint8Array, from: number, to: number): Params | undefined {
    return Params.parseText(latin1(bytes, from, to));
  }

  /**
   * Reads all pairs, as {@linkcode Params.parse} does.
   *
   * @param text The bytes, each as one code unit.
   * @returns The pairs, or `undefined` if the last one is cut short or a length leads out of it.
   */
  static parseText(text: string): Params | undefined {
    const to = text.length;
    let count = 0;
    for (let at = 0; at < to;) {
      let nameSize = text.charCodeAt(at++);
      if (nameSize > 127) {
        if (to - at < 3) return undefined;
        nameSize = longSize(text, nameSize, at);
        at += 3;
      }
      if (at === to) return undefined;
      let valueSize = text.charCodeAt(at++);
      if (valueSize > 127) {
        if (to - at < 3) return undefined;
        valueSize = longSize(text, valueSize, at);
        at += 3;
      }
      if (nameSize + valueSize > to - at) return undefined;
      spansSoFar[count] = at;
      spansSoFar[count + 1] = at + nameSize;
      at += nameSize + valueSize;
      spansSoFar[count + 2] = at;
      count += 3;
    }
    const spans = spansSoFar.slice(0, count);
    if (count > MOST_SPANS) spansSoFar = [];
    return new Params(text, spans);
  }

  /** How many pairs there are. */
  get size(): number {
    return this.#spans.length / 3;
  }

  /**
   * The name of a pair.
   *
   * @param index Which pair, from 0.
   * @returns Its name.
   */
  name(index: number): string {
    return this.#text.substring(this.#spans[index * 3] as number, this.#spans[index * 3 + 1] as number);
  }

  /**
   * The value of a pair.
   *
   * @param index Which pair, from 0.
   * @returns Its value.
   */
  value(index: number): string {
    return this.#text.substring(this.#spans[index * 3 + 1] as number, this.#spans[index * 3 + 2] as number);
  }

  /**
   * Whether a pair's name begins with `prefix`, without making a string of it.
   *
   * @param index Which pair, from 0.
   * @param prefix What the name may begin with.
   */
  startsWith(index: number, prefix: string): boolean {
    const start = this.#spans[index * 3] as number;
    return (this.#spans[index * 3 + 1] as number) - start >= prefix.length &&
      this.#text.startsWith(prefix, start);
  }

  /**
   * Whether some name or value has this character; the lengths between them may.
   *
   * @param character A string of one code unit.
   */
  has(character: string): boolean {
    const spans = this.#spans;
    // The text is searched, not each pair: that is a tenth of the work, as hits are few.
    for (let at = this.#text.indexOf(character), i = 0; at >= 0; at = this.#text.indexOf(character, at + 1)) {
      while (i < spans.length && at >= (spans[i + 2] as number)) i += 3;
      if (at >= (spans[i] ?? Infinity)) return true;
    }
    return false;
  }

  /**
   * The value of a name. Of repeated ones the last counts, as in every CGI environment: that is how
   * a front end's configuration overrides what it includes.
   *
   * @param name The name.
   * @returns The value, or `""` if there is none: CGI makes no difference (RFC 3875 §4.1).
   */
  get(name: string): string {
    const spans = this.#spans;
    const text = this.#text;
    const size = name.length;
    for (let i = spans.length - 3; i >= 0; i -= 3) {
      const start = spans[i] as number;
      const end = spans[i + 1] as number;
      if (end - start !== size) continue;
      // By hand, since most names differ in their first characters.
      let same = 0;
      while (same < size && text.charCodeAt(start + same) === name.charCodeAt(same)) same++;
      if (same === size) return text.substring(end, spans[i + 2] as number);
    }
    return "";
  }
}

/** A length of four bytes, the first already read; at most 2^31 - 1. */
function longSize(text: string, first: number, at: number): number {
  return (first - 128) * 0x1000000 + text.charCodeAt(at) * 0x10000 +
    text.charCodeAt(at + 1) * 0x100 + text.charCodeAt(at + 2);
}

/** Filled by every reading of pairs, which takes a copy: a list that grows step by step takes longer. */
let spansSoFar: number[] = [];
/** A longer one is not kept. */
const MOST_SPANS = 3000;
const NOTHING = new Uint8Array(0);

/** Puts the pieces of a stream of pairs together, up to a limit. */
export class ParamsCollector {
  readonly #limit: number;
  /** The first piece, which nearly always is all there is: a string costs a tenth of a copy in bytes. */
  #first = "";
  /** All pieces, once there are several. */
  #bytes = NOTHING;
  #size = 0;

  /** @param limit Most bytes of the whole stream. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many bytes there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Adds a copy of `bytes[from..to)`.
   *
   * @param bytes Where the piece is.
   * @param from Index of its first byte.
   * @param to Index after its last byte.
   * @returns False, with nothing added, if that would be more than the limit.
   */
  append(bytes: Uint8Array, from: number, to: number): boolean {
    const size = this.#size + to - from;
    if (size > this.#limit) return false;
    if (this.#size === 0) this.#first = latin1(bytes, from, to);
    else this.#add(bytes, from, to, size);
    this.#size = size;
    return true;
  }

  #add(bytes: Uint8Array, from: number, to: number, size: number): void {
    if (size > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(this.#limit, Math.max(size, this.#bytes.length * 2)));
      larger.set(this.#bytes.subarray(0, this.#size));
      this.#bytes = larger;
    }
    if (this.#first !== "") {
      for (let i = 0; i < this.#first.length; i++) this.#bytes[i] = this.#first.charCodeAt(i);
      this.#first = "";
    }
    this.#bytes.set(bytes.subarray(from, to), this.#size);
  }

  /**
   * Reads the pairs and lets go of the memory.
   *
   * @returns The pairs, or `undefined` if the last one is cut short or a length leads out of it.
   */
  finish(): Params | undefined {
    const params = this.#first !== ""
      ? Params.parseText(this.#first)
      : Params.parse(this.#bytes, 0, this.#size);
    this.#first = "";
    this.#bytes = NOTHING;
    this.#size = 0;
    return params;
  }
}

/**
 * Encodes name-value pairs.
 *
 * @param pairs Names and values of code units below 256, one byte each.
 * @returns The content of a PARAMS or GET_VALUES_RESULT record, not cut into records.
 *
 * @example Usage
 * ```ts
 * import { encodeParams, Params } from "@archangel/archangel/fcgi";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = encodeParams([["REQUEST_METHOD", "GET"]]);
 * assertEquals(Params.parse(bytes, 0, bytes.length)?.get("REQUEST_METHOD"), "GET");
 * ```
 */
export function encodeParams(pairs: Iterable<readonly [string, string]>): Uint8Array {
  let text = "";
  for (const [name, value] of pairs) {
    text += encodedSize(name.length) + encodedSize(value.length) + name + value;
  }
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

function encodedSize(size: number): string {
  if (size < 128) return String.fromCharCode(size);
  return String.fromCharCode(128 + (size >> 24), size >> 16 & 0xff, size >> 8 & 0xff, size & 0xff);
}
