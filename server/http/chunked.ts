/**
 * Chunked bodies (RFC 9112 §7.1): sizes, extensions, the CRLF around data, and the trailer section.
 *
 * It consumes framing and never data, keeps nothing but a few numbers, and forgets every framing byte it
 * has passed. Line ends are CRLF exactly: the forms that proxies read differently (RFC 9112 erratum 7633)
 * are refused, and so is all else outside of the grammar. Extensions are checked and ignored.
 *
 * @module
 */
import { InputBuffer } from "../../twig/input_buffer.ts";
import { ProtocolError } from "../../twig/errors.ts";
import type { HeaderFields } from "../../twig/headers.ts";
import type { WireLimits } from "../../twig/wire.ts";
import { type BodyDecoder, cutShort } from "./body.ts";
import { CLASS, CR, DIGIT, HEX, hex, HTAB, LF, QUOTED, SP, TOKEN, VALUE } from "./grammar.ts";
import { HeadParser } from "./head.ts";
import { harmlessTrailers } from "../../twig/trailers.ts";

/** A longer size line says nothing that a shorter one cannot; leading zeros count. */
const SIZE_DIGITS = 16;
/** Extensions of one chunk, in bytes. No extension is registered, and ours is a server that knows none. */
const EXTENSION_BYTES = 1024;
/** Extensions of one body, in bytes: a client may not make us read more of them than of data. */
const ALL_EXTENSION_BYTES = 16 * 1024;

/** What the next byte has to be. SIZE to LINE_LF make up a chunk's first line. */
const enum State {
  FirstDigit,
  Size,
  /** After a semicolon: blanks, then the name. */
  BeforeName,
  Name,
  /** After blanks that follow a name. */
  AfterName,
  /** After an equals sign: blanks, then the value. */
  BeforeValue,
  Value,
  Quoted,
  /** After a backslash in a quoted string. */
  Escaped,
  /** After a quoted value: the next extension or the end. */
  AfterValue,
  /** After blanks that follow a value: only a semicolon. */
  BeforeSemicolon,
  LineFeed,
  Data,
  DataCr,
  DataLf,
  /** After the last chunk's line: the end, or trailer fields. */
  Last,
  LastLf,
  Trailer,
  Done,
}

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A chunked body (RFC 9112 §7.1). */
export class ChunkedBody implements BodyDecoder {
  /** Trailer fields that may have an effect; `undefined` if there were none. */
  trailers: HeaderFields | undefined = undefined;

  readonly #limits: WireLimits;
  #state = State.FirstDigit;
  #size = 0;
  #digits = 0;
  #total = 0;
  #extension = 0;
  #allExtensions = 0;
  #trailerParser: HeadParser | undefined;

  /**
   * Begins at the first chunk.
   *
   * @param limits How large body and trailer section may be.
   */
  constructor(limits: WireLimits) {
    this.#limits = limits;
  }

  /** Whether the last chunk and the trailer section have been passed. */
  get done(): boolean {
    return this.#state === State.Done;
  }

  /** Bytes of the current chunk that are still to come. */
  get expected(): number {
    return this.#state === State.Data ? this.#size : 0;
  }

  /** As {@linkcode BodyDecoder}. */
  ready(input: InputBuffer): number {
    while (input.start < input.end) {
      if (this.#state === State.Data) return Math.min(this.#size, input.length);
      if (this.#state === State.Done) return 0;
      if (this.#state === State.Trailer) return this.#passTrailer(input);
      this.#step(input.bytes[input.start] as number);
      // The first byte of a trailer section belongs to its parser.
      if ((this.#state as State) !== State.Trailer) input.start++;
    }
    return 0;
  }

  /** As {@linkcode BodyDecoder}. */
  consumed(size: number): void {
    this.#size -= size;
    if (this.#size === 0) this.#state = State.DataCr;
  }

  /** As {@linkcode BodyDecoder}. */
  foresee(input: InputBuffer, ended: boolean): ProtocolError | undefined {
    const ahead = new ChunkedBody(this.#limits);
    ahead.#state = this.#state;
    ahead.#size = this.#size;
    ahead.#digits = this.#digits;
    ahead.#total = this.#total;
    ahead.#extension = this.#extension;
    ahead.#allExtensions = this.#allExtensions;
    const rest = new InputBuffer();
    rest.bytes = input.bytes;
    rest.start = input.start;
    rest.end = input.end;
    try {
      for (let size = ahead.ready(rest); size > 0; size = ahead.ready(rest)) {
        ahead.consumed(size);
        rest.start += size;
      }
      return ended && !ahead.done ? cutShort() : undefined;
    } catch (error) {
      return error as ProtocolError;
    }
  }

  #passTrailer(input: InputBuffer): number {
    if (this.#trailerParser === undefined) {
      this.#trailerParser = new HeadParser(this.#limits);
      this.#trailerParser.resetToTrailer();
    }
    if (!this.#trailerParser.parse(input)) return 0;
    this.trailers = harmlessTrailers(this.#trailerParser.takeTrailer(input));
    this.#state = State.Done;
    return 0;
  }

  /** Takes one byte of framing. */
  #step(byte: number): void {
    switch (this.#state) {
      case State.FirstDigit:
      case State.Size:
        return this.#stepSize(byte);
      case State.LineFeed:
        if (byte !== LF) throw bad("chunk size", byte);
        return this.#beginData();
      case State.DataCr:
        if (byte !== CR) throw bad("chunk: expected its end", byte);
        this.#state = State.DataLf;
        return;
      case State.DataLf:
        if (byte !== LF) throw bad("chunk: expected its end", byte);
        this.#state = State.FirstDigit;
        return;
      case State.Last:
        this.#state = byte === CR ? State.LastLf : State.Trailer;
        return;
      case State.LastLf:
        if (byte !== LF) throw bad("last chunk", byte);
        this.#state = State.Done;
        return;
      default:
        return this.#stepExtension(byte);
    }
  }

  #stepSize(byte: number): void {
    if (((CLASS[byte] as number) & HEX) !== 0) {
      if (++this.#digits > SIZE_DIGITS) throw tooLong("chunk-size", "its size has too many digits");
      this.#size = this.#size * 16 + digitValue(byte);
      if (this.#size > Number.MAX_SAFE_INTEGER) throw tooLong("chunk-size", "its size is above 2^53-1");
      this.#state = State.Size;
      return;
    }
    if (this.#state === State.FirstDigit) throw bad("chunk size", byte);
    if (byte === CR) this.#state = State.LineFeed;
    else if (byte === SEMICOLON) this.#state = State.BeforeName;
    else throw bad("chunk size", byte);
  }

  /**
   * `*( BWS ";" BWS name [ BWS "=" BWS ( token / quoted-string ) ] )` (RFC 9112 §7.1.1), but no blank
   * directly after the size, where some read a shorter number.
   */
  #stepExtension(byte: number): void {
    if (++this.#extension > EXTENSION_BYTES) throw tooLong("chunk-extension", "its extension is too long");
    const rules = CLASS[byte] as number;
    const blank = byte === SP || byte === HTAB;
    switch (this.#state) {
      case State.BeforeName:
        if (blank) return;
        if ((rules & TOKEN) === 0) break;
        this.#state = State.Name;
        return;
      case State.Name:
        if ((rules & TOKEN) !== 0) return;
        if (blank) this.#state = State.AfterName;
        else if (byte === EQUALS) this.#state = State.BeforeValue;
        else return this.#endExtension(byte);
        return;
      case State.AfterName:
        if (blank) return;
        if (byte === EQUALS) this.#state = State.BeforeValue;
        else if (byte === SEMICOLON) this.#state = State.BeforeName;
        else break;
        return;
      case State.BeforeValue:
        if (blank) return;
        if (byte === QUOTE) this.#state = State.Quoted;
        else if ((rules & TOKEN) !== 0) this.#state = State.Value;
        else break;
        return;
      case State.Value:
        if ((rules & TOKEN) !== 0) return;
        return this.#endValue(byte);
      case State.Quoted:
        if (byte === QUOTE) this.#state = State.AfterValue;
        else if (byte === BACKSLASH) this.#state = State.Escaped;
        else if ((rules & QUOTED) === 0) break;
        return;
      case State.Escaped:
        if ((rules & VALUE) === 0) break;
        this.#state = State.Quoted;
        return;
      case State.AfterValue:
        return this.#endValue(byte);
      case State.BeforeSemicolon:
        if (blank) return;
        if (byte !== SEMICOLON) break;
        this.#state = State.BeforeName;
        return;
    }
    throw bad("chunk extension", byte);
  }

  #endValue(byte: number): void {
    if (byte === SP || byte === HTAB) this.#state = State.BeforeSemicolon;
    else this.#endExtension(byte);
  }

  #endExtension(byte: number): void {
    if (byte === SEMICOLON) this.#state = State.BeforeName;
    else if (byte === CR) this.#state = State.LineFeed;
    else throw bad("chunk extension", byte);
  }

  /** The chunk's first line is complete. */
  #beginData(): void {
    this.#allExtensions += this.#extension;
    if (this.#allExtensions > ALL_EXTENSION_BYTES) {
      throw tooLong("chunk-extension", "the body's extensions are too long");
    }
    this.#extension = this.#digits = 0;
    this.#total += this.#size;
    if (this.#total > this.#limits.bodyBytes) {
      throw new ProtocolError(413, "body-too-large", "Cannot accept body: its chunks are over the limit");
    }
    this.#state = this.#size === 0 ? State.Last : State.Data;
  }
}

function digitValue(byte: number): number {
  return ((CLASS[byte] as number) & DIGIT) !== 0 ? byte - 0x30 : (byte | 0x20) - 0x57;
}

function bad(what: string, byte: number): ProtocolError {
  return new ProtocolError(400, "bad-chunk", `Cannot parse ${what}, got ${hex(byte)}`);
}

function tooLong(code: string, why: string): ProtocolError {
  return new ProtocolError(400, code, `Cannot accept chunk: ${why}`);
}
