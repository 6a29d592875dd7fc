/**
 * Parses request heads and trailer sections (RFC 9112 §2 to §5). HOT: it looks at every byte that every
 * client sends, so it is written for the machine where the rest of this folder is written for readers.
 *
 * Strategy: one pass over the bytes with the table of `grammar.ts`, no byte looked at twice however the
 * input is cut. When the input ends, the state and a few offsets relative to the first byte of the head
 * are kept, and the head stays in the input buffer. The few fields that decide framing are recognised by
 * length and first letter while their bytes pass by; all others are only checked. A complete head becomes
 * one string, decoded once, of which method, target, authority and fields are parts taken when asked for.
 *
 * It owns grammar, limits of the head and what a head says about framing, and knows nothing of bodies,
 * answers and connections. Errors depend on the bytes alone, never on how they were cut.
 *
 * Measured by `bench/micro/http_head_bench.ts`, compared with `tests/support/slow_http_head.ts` under fuzz.
 *
 * @module
 */
import { latin1 } from "../../twig/bytes.ts";
import type { InputBuffer } from "../../twig/input_buffer.ts";
import { ProtocolError } from "../../twig/errors.ts";
import { HeaderFields } from "../../twig/headers.ts";
import type { WireLimits } from "../../twig/wire.ts";
import { isAuthority } from "./authority.ts";
import { CLASS, CR, hex, HTAB, LF, listElements, PATH, QUERY, SP, spells, TOKEN, VALUE } from "./grammar.ts";
import { HttpHead } from "./request_head.ts";
import { otherTarget } from "./target.ts";

/** Empty lines before a request line that are ignored (RFC 9112 §2.2 asks for at least one). */
const BLANK_LINES = 4;
/** A longer method is one that nobody implements (RFC 9112 §3: 501). */
const METHOD_BYTES = 64;

// The states, in the order in which a head passes through them; FIELD to LINE_END repeat.
const BLANK = 0;
const METHOD = 1;
const TARGET = 2;
const AFTER_QUESTION = 3;
const VERSION = 4;
const FIELD = 5;
const NAME = 6;
const SPACE = 7;
const CONTENT = 8;
const LINE_END = 9;
const LAST_LF = 10;

/** RFC 9112 §2.3 and the line's end; 0 stands for a digit. */
const VERSION_LINE = Uint8Array.of(0x48, 0x54, 0x54, 0x50, 0x2f, 0, 0x2e, 0, CR, LF);

// Fields that decide framing. The number is a field's place in the switch of #notice().
const HOST_FIELD = 1;
const LENGTH_FIELD = 2;
const CODING_FIELD = 3;
const CONNECTION_FIELD = 4;
const EXPECT_FIELD = 5;

const SLASH = 0x2f;
const QUESTION = 0x3f;
const COLON = 0x3a;

/** Bits of {@linkcode HeadParser} about what `Connection` and `Expect` lines said. */
const SAID_CLOSE = 1;
const SAID_KEEP_ALIVE = 2;
const SAID_CONTINUE = 4;
const SAID_UNKNOWN_EXPECTATION = 8;

/** Turns bytes into heads. One per connection; `reset()` begins the next. */
export class HeadParser {
  /** The method once its bytes are complete, else `""`; also of a head that is then refused. */
  method = "";
  /** Body size in bytes; -1 if the body is chunked. */
  bodyLength = 0;
  /** Whether the client lets the connection live on after this exchange (RFC 9112 §9.3). */
  persistent = false;
  /** Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). */
  expectsContinue = false;
  /** Whether this is HTTP/1.1 (or a later 1.x, which speaks 1.1 to us) rather than HTTP/1.0. */
  modern = false;

  readonly #targetBytes: number;
  readonly #headerBytes: number;
  readonly #headerFields: number;
  readonly #bodyBytes: number;

  #state = BLANK;
  #isTrailer = false;
  /** Bytes of the head that have been looked at. All offsets count from the head's first byte. */
  #at = 0;
  #blankLines = 0;
  #targetAt = 0;
  #targetEnd = 0;
  /** Offset of the `?`; 0 if there is none. */
  #questionAt = 0;
  /** Offset of the path in an absolute target; 0 in other targets. */
  #pathAt = 0;
  #fieldsAt = 0;
  #count = 0;
  #nameAt = 0;
  #contentAt = 0;
  #special = 0;
  #authorityAt = 0;
  #authorityEnd = 0;
  #hasHost = false;
  /** -1 until a Content-Length line is seen. */
  #contentLength = -1;
  /** Transfer codings of all lines so far; `undefined` until one is seen. */
  #codings: string | undefined = undefined;
  #said = 0;

  /**
   * Begins at the first byte of a connection.
   *
   * @param limits What a head may measure, and the largest body that it may announce.
   */
  constructor(limits: WireLimits) {
    this.#targetBytes = limits.targetBytes;
    this.#headerBytes = limits.headerBytes;
    this.#headerFields = limits.headerFields;
    this.#bodyBytes = limits.bodyBytes;
  }

  /** Whether not one byte of a head has been seen. */
  get untouched(): boolean {
    return this.#at === 0;
  }

  /** How many bytes of the head have been looked at: its size, once it is complete. */
  get size(): number {
    return this.#at;
  }

  /** Whether nothing has been seen since the last head, not even an empty line. */
  get fresh(): boolean {
    return this.#at === 0 && this.#blankLines === 0;
  }

  /** Begins the next head. */
  reset(): void {
    this.#state = BLANK;
    this.#isTrailer = false;
    this.#at = 0;
    this.#blankLines = 0;
    this.#questionAt = 0;
    this.#pathAt = 0;
    this.#count = 0;
    this.#authorityAt = 0;
    this.#authorityEnd = 0;
    this.#hasHost = false;
    this.#contentLength = -1;
    this.#codings = undefined;
    this.#said = 0;
    this.method = "";
  }

  /** Begins a trailer section (RFC 9112 §7.1.2): field lines that say nothing about framing. */
  resetToTrailer(): void {
    this.reset();
    this.#isTrailer = true;
    this.#state = FIELD;
    this.#fieldsAt = 0;
  }

  /**
   * Goes on with the head where the last call stopped.
   *
   * @param input The received bytes. Only empty lines before the head are consumed.
   * @returns Whether the head is complete; if not, all of `input` has been looked at.
   * @throws {ProtocolError} 400, 405, 413, 414, 417, 431, 501 or 505, at the first byte that breaks a rule.
   */
  parse(input: InputBuffer): boolean {
    if (this.#state === BLANK && !this.#skipBlankLines(input)) return false;
    if (this.#state < FIELD && !this.#parseRequestLine(input)) return false;
    if (!this.#parseFields(input)) return false;
    if (!this.#isTrailer) this.#decideFraming();
    return true;
  }

  /**
   * Consumes a complete head.
   *
   * @param input The buffer that `parse` was given.
   * @param exchange The number for the exchange.
   * @returns The head, independent of the buffer.
   */
  take(input: InputBuffer, exchange: number): HttpHead {
    const text = this.#takeText(input);
    const target = text.slice(this.#targetAt, this.#targetEnd);
    let path = target;
    let query = "";
    if (this.#questionAt !== 0) {
      query = text.slice(this.#questionAt + 1, this.#targetEnd);
      path = text.slice(this.#targetAt, this.#questionAt);
    }
    if (this.#pathAt !== 0) {
      path = text.slice(this.#pathAt, this.#questionAt === 0 ? this.#targetEnd : this.#questionAt) || "/";
    }
    return new HttpHead(
      text,
      this.#fieldsAt,
      exchange,
      this.method,
      target,
      path,
      query,
      this.modern ? "HTTP/1.1" : "HTTP/1.0",
      this.bodyLength < 0 ? undefined : this.bodyLength,
      this.#authorityAt,
      this.#authorityEnd,
    );
  }

  /**
   * Consumes a complete trailer section.
   *
   * @param input The buffer that `parse` was given.
   * @returns Its fields.
   */
  takeTrailer(input: InputBuffer): HeaderFields {
    return HeaderFields.ofLines(this.#takeText(input), 0);
  }

  #takeText(input: InputBuffer): string {
    const start = input.start;
    input.start += this.#at;
    return latin1(input.bytes, start, input.start);
  }

  #skipBlankLines(input: InputBuffer): boolean {
    while (input.start < input.end && input.bytes[input.start] === CR) {
      if (input.start + 1 === input.end) return false;
      if (input.bytes[input.start + 1] !== LF) throw bad("bare-cr", "request line", "CR without LF");
      if (++this.#blankLines > BLANK_LINES) throw bad("blank-lines", "request line", "too many empty lines");
      input.start += 2;
    }
    if (input.start === input.end) return false;
    this.#state = METHOD;
    return true;
  }

  #parseRequestLine(input: InputBuffer): boolean {
    const table = CLASS;
    const bytes = input.bytes;
    const base = input.start;
    const end = Math.min(input.end, base + this.#headerBytes);
    let i = base + this.#at;

    if (this.#state === METHOD) {
      const stop = Math.min(end, base + this.#targetBytes + 1);
      while (i < stop && ((table[bytes[i] as number] as number) & TOKEN) !== 0) i++;
      if (i - base > this.#targetBytes) throw bad("long-method", "request line", "the method does not end");
      if (i === end) return this.#suspend(i - base);
      if (bytes[i] !== SP || i === base) throw badMethodByte(bytes[i] as number, i === base);
      this.method = methodName(bytes, base, i);
      if (i - base > METHOD_BYTES) {
        throw new ProtocolError(
          501,
          "unknown-method",
          "Cannot serve method: it is longer than any known one",
        );
      }
      i++;
      this.#targetAt = i - base;
      this.#state = TARGET;
    }

    const targetAt = base + this.#targetAt;
    if (this.#state === TARGET || this.#state === AFTER_QUESTION) {
      // One byte more than allowed is looked at, so that a target of exactly the limit passes.
      const stop = Math.min(end, targetAt + this.#targetBytes + 1);
      if (this.#state === TARGET) {
        while (i < stop && ((table[bytes[i] as number] as number) & PATH) !== 0) i++;
        if (i < stop && bytes[i] === QUESTION) {
          this.#questionAt = i - base;
          this.#state = AFTER_QUESTION;
        }
      }
      if (this.#state === AFTER_QUESTION) {
        while (i < stop && ((table[bytes[i] as number] as number) & QUERY) !== 0) i++;
      }
      if (i - targetAt > this.#targetBytes) throw longTarget();
      if (i === end) return this.#suspend(i - base);
      if (bytes[i] !== SP || i === targetAt) throw badTargetByte(bytes[i] as number);
      this.#targetEnd = i - base;
      this.#state = VERSION;
      i++;
    }

    let k = i - base - this.#targetEnd - 1;
    if (k === 0 && end - i >= 10 && isVersion11(bytes, i)) {
      i += 10;
      k = 10;
    }
    for (; k < 10 && i < end; k++, i++) {
      const byte = bytes[i] as number;
      const wanted = VERSION_LINE[k] as number;
      if (byte === wanted) continue;
      if (wanted !== 0 || byte < 0x30 || byte > 0x39) throw badVersionByte(byte, k);
    }
    if (k < 10) return this.#suspend(i - base);
    if (bytes[i - 5] !== 0x31) {
      throw new ProtocolError(505, "bad-version", "Cannot speak this version of HTTP: only 1.0 and 1.1");
    }
    this.modern = bytes[i - 3] !== 0x30;
    if (bytes[targetAt] !== SLASH || this.method === "CONNECT" || this.method === "TRACE") {
      this.#unusual(bytes, base);
    }
    this.#at = this.#fieldsAt = i - base;
    this.#state = FIELD;
    return true;
  }

  /** Requests whose target is no path, and methods that no app gets to see. */
  #unusual(bytes: Uint8Array, base: number): void {
    if (this.method === "TRACE") {
      // It sends back what the client sent, credentials included (RFC 9110 §9.3.8).
      throw new ProtocolError(405, "trace", "Cannot serve TRACE: it reflects credentials");
    }
    const { authorityAt, authorityEnd } = otherTarget(
      bytes,
      base + this.#targetAt,
      base + this.#targetEnd,
      this.method,
    );
    if (authorityAt === authorityEnd) return;
    this.#authorityAt = authorityAt - base;
    this.#authorityEnd = this.#pathAt = authorityEnd - base;
  }

  #parseFields(input: InputBuffer): boolean {
    const table = CLASS;
    const bytes = input.bytes;
    const base = input.start;
    const end = Math.min(input.end, base + this.#headerBytes);
    let i = base + this.#at;
    let state = this.#state;
    let nameAt = base + this.#nameAt;
    let contentAt = base + this.#contentAt;
    let special = this.#special;

    for (;;) {
      if (state === FIELD) {
        if (i === end) break;
        if (bytes[i] === CR) {
          i++;
          state = LAST_LF;
          break;
        }
        nameAt = i;
        state = NAME;
      }
      if (state === NAME) {
        while (i < end && ((table[bytes[i] as number] as number) & TOKEN) !== 0) i++;
        if (i === end) break;
        if (bytes[i] !== COLON || i === nameAt) {
          throw badNameByte(bytes[i] as number, i === nameAt, this.#count);
        }
        if (++this.#count > this.#headerFields) {
          throw new ProtocolError(431, "too-many-fields", "Cannot accept header section: too many fields");
        }
        special = specialField(bytes, nameAt, i - nameAt);
        i++;
        state = SPACE;
      }
      if (state === SPACE) {
        while (i < end && (bytes[i] === SP || bytes[i] === HTAB)) i++;
        if (i === end) break;
        contentAt = i;
        state = CONTENT;
      }
      if (state === CONTENT) {
        while (i < end && ((table[bytes[i] as number] as number) & VALUE) !== 0) i++;
        if (i === end) break;
        if (bytes[i] !== CR) throw badValueByte(bytes[i] as number);
        i++;
        state = LINE_END;
      }
      if (state === LAST_LF || i === end) break;
      if (bytes[i] !== LF) throw bad("bare-cr", "header field", "CR without LF");
      i++;
      if (special !== 0 && !this.#isTrailer) this.#notice(special, bytes, base, contentAt, i - 2);
      state = FIELD;
    }
    if (state === LAST_LF && i < end) {
      if (bytes[i] !== LF) throw bad("bare-cr", "header section", "CR without LF");
      this.#at = i + 1 - base;
      return true;
    }
    this.#state = state;
    this.#nameAt = nameAt - base;
    this.#contentAt = contentAt - base;
    this.#special = special;
    return this.#suspend(i - base);
  }

  /** The input has ended inside the head. The limit counts the head's last byte too. */
  #suspend(at: number): false {
    this.#at = at;
    if (at < this.#headerBytes) return false;
    if (this.#state === METHOD) throw bad("long-method", "request line", "the method does not end");
    if (this.#state < VERSION) throw longTarget();
    throw new ProtocolError(431, "long-head", "Cannot accept header section: too many bytes");
  }

  /** A line of a field that decides framing has passed by; its content ends before `end`, or earlier. */
  #notice(special: number, bytes: Uint8Array, base: number, start: number, end: number): void {
    while (end > start && (bytes[end - 1] === SP || bytes[end - 1] === HTAB)) end--;
    switch (special) {
      case HOST_FIELD:
        return this.#noticeHost(bytes, base, start, end);
      case LENGTH_FIELD:
        return this.#noticeLength(bytes, start, end);
      case CODING_FIELD: {
        const codings = end - start === 7 && spells(bytes, start, "chunked")
          ? "chunked"
          : latin1(bytes, start, end);
        this.#codings = this.#codings === undefined ? codings : this.#codings + "," + codings;
        return;
      }
      case CONNECTION_FIELD:
        return this.#noticeConnection(bytes, start, end);
      case EXPECT_FIELD:
        return this.#noticeExpectation(bytes, start, end);
    }
  }

  #noticeHost(bytes: Uint8Array, base: number, start: number, end: number): void {
    if (this.#hasHost) throw bad("duplicate-host", "header section", "more than one Host field");
    this.#hasHost = true;
    // HTTP/1.0 clients without a name to give send it empty; a host in an http URI never is (RFC 9110 §4.2.1).
    if (start === end && !this.modern) return;
    if (!isAuthority(bytes, start, end)) throw bad("bad-host", "Host field", "it is not host[:port]");
    if (this.#pathAt !== 0) return; // An absolute target replaces Host (RFC 9112 §3.2.2).
    this.#authorityAt = start - base;
    this.#authorityEnd = end - base;
  }

  #noticeLength(bytes: Uint8Array, start: number, end: number): void {
    if (this.#contentLength >= 0) {
      throw bad("duplicate-content-length", "header section", "two Content-Length fields");
    }
    if (start === end) throw bad("bad-content-length", "Content-Length", "it is empty");
    let length = 0;
    for (let i = start; i < end; i++) {
      const digit = (bytes[i] as number) - 0x30;
      if (digit < 0 || digit > 9) throw bad("bad-content-length", "Content-Length", "digits only");
      length = length * 10 + digit;
      if (length > Number.MAX_SAFE_INTEGER) {
        throw bad("bad-content-length", "Content-Length", "larger than 2^53-1");
      }
    }
    this.#contentLength = length;
  }

  #noticeConnection(bytes: Uint8Array, start: number, end: number): void {
    const size = end - start;
    if (size === 10 && spells(bytes, start, "keep-alive")) this.#said |= SAID_KEEP_ALIVE;
    else if (size === 5 && spells(bytes, start, "close")) this.#said |= SAID_CLOSE;
    else {
      const options = listElements(latin1(bytes, start, end));
      if (options.includes("close")) this.#said |= SAID_CLOSE;
      if (options.includes("keep-alive")) this.#said |= SAID_KEEP_ALIVE;
    }
  }

  #noticeExpectation(bytes: Uint8Array, start: number, end: number): void {
    for (const expectation of listElements(latin1(bytes, start, end))) {
      if (expectation === "100-continue") this.#said |= SAID_CONTINUE;
      else if (expectation !== "") this.#said |= SAID_UNKNOWN_EXPECTATION;
    }
  }

  /** All lines are known: which framing the message has (RFC 9112 §6.3), or that it has none. */
  #decideFraming(): void {
    if (this.modern && !this.#hasHost) throw bad("no-host", "header section", "HTTP/1.1 needs a Host field");
    if (this.#codings !== undefined) this.#decideCoding(this.#codings);
    else this.bodyLength = Math.max(this.#contentLength, 0);
    if (this.bodyLength > this.#bodyBytes) {
      throw new ProtocolError(413, "body-too-large", "Cannot accept body: Content-Length is over the limit");
    }
    const said = this.#said;
    this.persistent = (said & SAID_CLOSE) === 0 && (this.modern || (said & SAID_KEEP_ALIVE) !== 0);
    this.expectsContinue = false;
    if ((said & (SAID_CONTINUE | SAID_UNKNOWN_EXPECTATION)) === 0 || !this.modern) return;
    if ((said & SAID_UNKNOWN_EXPECTATION) !== 0) {
      throw new ProtocolError(
        417,
        "unknown-expectation",
        "Cannot meet expectation: only 100-continue is known",
      );
    }
    this.expectsContinue = this.bodyLength !== 0;
  }

  #decideCoding(codings: string): void {
    if (!this.modern) throw bad("coding-in-http-1-0", "header section", "HTTP/1.0 has no Transfer-Encoding");
    if (this.#contentLength >= 0) {
      throw bad("two-framings", "header section", "both Transfer-Encoding and Content-Length");
    }
    this.bodyLength = -1;
    if (codings === "chunked") return;
    const names = listElements(codings);
    // Without chunked at the end, and only there, nobody knows where the body ends (RFC 9112 §6.3).
    if (names.indexOf("chunked") !== names.length - 1 || names.includes("")) {
      throw bad("bad-transfer-coding", "Transfer-Encoding", "chunked has to be its last coding, once");
    }
    if (names.length > 1) {
      throw new ProtocolError(501, "unknown-transfer-coding", "Cannot decode body: only chunked is known");
    }
  }
}

/** The one version line that nearly all requests have. */
function isVersion11(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0x48 && bytes[at + 1] === 0x54 && bytes[at + 2] === 0x54 && bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f && bytes[at + 5] === 0x31 && bytes[at + 6] === 0x2e && bytes[at + 7] === 0x31 &&
    bytes[at + 8] === CR && bytes[at + 9] === LF;
}

/** The common names cost no string. */
function methodName(bytes: Uint8Array, start: number, end: number): string {
  switch (bytes[start]) {
    case 0x47:
      if (end - start === 3 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) return "GET";
      break;
    case 0x50:
      if (
        end - start === 4 && bytes[start + 1] === 0x4f && bytes[start + 2] === 0x53 &&
        bytes[start + 3] === 0x54
      ) return "POST";
      break;
  }
  return latin1(bytes, start, end);
}

function specialField(bytes: Uint8Array, at: number, size: number): number {
  const first = (bytes[at] as number) | 0x20;
  switch (size) {
    case 4:
      return first === 0x68 && spells(bytes, at, "host") ? HOST_FIELD : 0;
    case 6:
      return first === 0x65 && spells(bytes, at, "expect") ? EXPECT_FIELD : 0;
    case 10:
      return first === 0x63 && spells(bytes, at, "connection") ? CONNECTION_FIELD : 0;
    case 14:
      return first === 0x63 && spells(bytes, at, "content-length") ? LENGTH_FIELD : 0;
    case 17:
      return first === 0x74 && spells(bytes, at, "transfer-encoding") ? CODING_FIELD : 0;
    default:
      return 0;
  }
}

function bad(code: string, what: string, why: string): ProtocolError {
  return new ProtocolError(400, code, `Cannot parse ${what}: ${why}`);
}

function longTarget(): ProtocolError {
  return new ProtocolError(414, "long-target", "Cannot accept request target: too many bytes");
}

function badMethodByte(byte: number, isFirst: boolean): ProtocolError {
  if (isFirst && byte === 0x16) return bad("tls", "request line", "this looks like TLS on a port without it");
  return bad("bad-method", "request line", `${hex(byte)} in the method`);
}

function badTargetByte(byte: number): ProtocolError {
  return bad("bad-target", "request line", `${hex(byte)} in the target`);
}

function badVersionByte(byte: number, place: number): ProtocolError {
  if (place >= 8 && byte === LF) return bad("bare-lf", "request line", "LF without CR");
  if (place === 9) return bad("bare-cr", "request line", "CR without LF");
  return bad("bad-version", "request line", `${hex(byte)} in the version`);
}

function badNameByte(byte: number, isFirst: boolean, before: number): ProtocolError {
  if (isFirst && (byte === SP || byte === HTAB)) {
    if (before === 0) return bad("leading-blank", "header section", "a blank before the first field");
    return bad("obs-fold", "header field", "line folding");
  }
  if (byte === LF) return bad("bare-lf", "header field", "LF without CR");
  if (byte === COLON) return bad("bad-name", "header field", "the name is empty");
  return bad("bad-name", "header field", `${hex(byte)} in the name`);
}

function badValueByte(byte: number): ProtocolError {
  if (byte === LF) return bad("bare-lf", "header field", "LF without CR");
  return bad("bad-value", "header field", `${hex(byte)} in the value`);
}
