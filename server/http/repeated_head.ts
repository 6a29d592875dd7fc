/**
 * Heads that come again byte for byte, as they do from a page that polls, a health check or a service
 * that calls another. HOT: it stands before the parser of every request.
 *
 * The bytes that arrive are compared with the head that came last on this connection. If they are the
 * same, what the parser made of them is the same, for it looks at nothing else; a head ends with an
 * empty line, so bytes that begin with a whole head hold that head. No check is left out: it was made
 * on these very bytes.
 *
 * Comparing 600 bytes takes a fifth of the time of parsing them. A head that differs mostly does so in its first 20
 * bytes, so the first 64 are compared here, by words, and only the rest by a call. A head is kept when its size and
 * target come twice in a row, so that traffic which never repeats pays for two comparisons. Connections share a
 * fixed number of places, so the memory is bounded however many there are.
 *
 * Measured by `bench/micro/http_head_bench.ts`.
 *
 * @module
 */
import { goesOnAs } from "../../twig/bytes.ts";
import type { InputBuffer } from "../../twig/input_buffer.ts";
import type { WireLimits } from "../../twig/wire.ts";
import type { HeadParser } from "./head.ts";
import type { HttpHead } from "./request_head.ts";

/** Connections share this many places; a power of two. */
const PLACES = 64;
/** Longer heads are not kept, in bytes. */
const LONGEST = 2048;
/** Larger buffers are not looked at as words: an idle connection would keep them alive by the view. */
const LARGEST_MEMORY = 4096;
/** So many bytes at the beginning of a head are compared as words, if there are so many. */
const WORDS_SIZE = 64;
/** No more bytes than this are compared by hand. */
const FEW_BYTES = 32;

/** What a head says of how the connection goes on, as {@linkcode HeadParser} has it. */
export type RequestFraming = Pick<HeadParser, "modern" | "persistent" | "expectsContinue" | "bodyLength">;

/** A head that came before, and what the parser said of it. */
export interface KnownHead extends Readonly<RequestFraming> {
  /** The limits that it was checked by. */
  readonly limits: WireLimits;
  /** Its size in bytes. */
  readonly size: number;
  /** The head as it was reported. */
  readonly head: HttpHead;
  /** Its bytes; empty until it has come twice. */
  readonly bytes: Uint8Array;
  /** The beginning of the same memory as words. */
  readonly words: Int32Array;
}

const places: (KnownHead | undefined)[] = new Array(PLACES).fill(undefined);
const NO_BYTES = new Uint8Array(0);
const NO_WORDS = new Int32Array(0);
const NO_VIEW = new DataView(NO_BYTES.buffer);
/** The byte order of `Int32Array`. */
const LITTLE_ENDIAN = new Uint8Array(Int32Array.of(1).buffer)[0] === 1;

/** The memory of one connection, shared with others. */
export class RepeatedHead {
  static #connections = 0;
  readonly #place: number = RepeatedHead.#connections++ & (PLACES - 1);
  readonly #limits: WireLimits;
  /** The input's memory as words at any index, as long as it is the same memory. */
  #memory: Uint8Array = NO_BYTES;
  #view: DataView = NO_VIEW;

  /** @param limits What heads of this connection are checked by. */
  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /**
   * Looks whether the input begins with the head that came last.
   *
   * @param input The received bytes; the head is consumed if it is the one.
   * @returns The head, or `undefined`.
   */
  recall(input: InputBuffer): KnownHead | undefined {
    const known = places[this.#place];
    if (known === undefined || known.bytes.length === 0) return undefined;
    if (known.limits !== this.#limits) return undefined;
    const { size } = known;
    if (input.end - input.start < size) return undefined;
    if (!this.#same(known, input)) return undefined;
    input.start += size;
    return known;
  }

  #same({ bytes, words }: KnownHead, input: InputBuffer): boolean {
    const memory = input.bytes;
    if (this.#memory !== memory) {
      if (memory.length > LARGEST_MEMORY) return sameRest(bytes, input, 0);
      this.#memory = memory;
      this.#view = new DataView(memory.buffer, memory.byteOffset, memory.length);
    }
    const view = this.#view;
    for (let i = 0, at = input.start; i < words.length; i++, at += 4) {
      if (words[i] !== view.getInt32(at, LITTLE_ENDIAN)) return false;
    }
    return sameRest(bytes, input, words.length << 2);
  }

  /**
   * Takes note of a head that was parsed.
   *
   * @param parser The parser, which has just given `head`.
   * @param head The head.
   * @param input The buffer that the head was taken from; its bytes are still before `input.start`.
   */
  note(parser: HeadParser, head: HttpHead, input: InputBuffer): void {
    const { size } = parser;
    if (size > LONGEST) return;
    const last = places[this.#place];
    const again = last !== undefined && last.size === size && last.head.target === head.target;
    const bytes = again ? input.bytes.slice(input.start - size, input.start) : NO_BYTES;
    places[this.#place] = {
      limits: this.#limits,
      size,
      head,
      modern: parser.modern,
      persistent: parser.persistent,
      expectsContinue: parser.expectsContinue,
      bodyLength: parser.bodyLength,
      bytes,
      words: again ? new Int32Array(bytes.buffer, 0, Math.min(size, WORDS_SIZE) >> 2) : NO_WORDS,
    };
  }
}

/** Compares from index `from` on. */
function sameRest(known: Uint8Array, { bytes, start }: InputBuffer, from: number): boolean {
  const size = known.length;
  if (size - from > FEW_BYTES) return goesOnAs(bytes, start + from, known, from);
  for (let i = from; i < size; i++) {
    if (known[i] !== bytes[start + i]) return false;
  }
  return true;
}
