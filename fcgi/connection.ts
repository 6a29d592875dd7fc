/**
 * One FastCGI connection as a pure state machine: records in, events out; commands in, records out
 * (FastCGI 1.0 §3 to §6, responder role).
 *
 * It owns the requests that are open on the connection and what has been read of the record at hand.
 * Input is consumed where it lies, as it arrives: a record may be cut anywhere, and its content is
 * never waited for. Which record may come when is the table of `states.ts`; what its bytes mean is
 * up to `records.ts`, `params.ts` and `environ.ts`. Time and flow control are the connection loop's.
 *
 * Three grades of trouble, told apart by who suffers. A peer that lost count of its records makes
 * `next` throw: nothing on this connection can be trusted. A bad request is answered with its status
 * and leaves the other ids alone. An answer that fails half-way gets no END_REQUEST, for every front
 * end takes that as complete whatever status it has; closing the connection is the only sign they
 * all understand, so that happens as soon as the other ids are done.
 *
 * @module
 */
import { InputBuffer, OutputBuffer } from "../twig/bytes.ts";
import { ProtocolError } from "../twig/errors.ts";
import { reasonPhrase } from "../twig/status.ts";
import {
  type Aborted,
  NEED_DATA,
  type Refused,
  type RequestHead,
  type WireEvent,
  type WireLimits,
  type WireProtocol,
} from "../twig/wire.ts";
import { readHead } from "./environ.ts";
import { answerUnknownType, answerValues } from "./management.ts";
import { type Params, ParamsCollector } from "./params.ts";
import {
  HEADER_SIZE,
  KEEP_CONN,
  ProtocolStatus,
  RecordHeader,
  RecordType,
  Role,
  VERSION,
  writeBytes,
  writeEndRequest,
  writeLatin1,
  writeStreamEnd,
  writeText,
} from "./records.ts";
import { Action, actionFor, State } from "./states.ts";

/** What a {@linkcode FcgiCore} enforces, and what it tells a peer that asks. */
export interface FcgiLimits extends WireLimits {
  /** Connections open at once: the answer to FCGI_MAX_CONNS. */
  readonly connections: number;
}

/**
 * PARAMS may be this many times larger than an HTTP head, and have this many times more pairs. The
 * front end has held the client to its own limits; what it adds is its operator's choice, up to a
 * whole environment. Refusing it would break a site, not stop an attack.
 */
const PARAMS_LEEWAY = 8;
/** Content of BEGIN_REQUEST (§5.1). */
const BEGIN_SIZE = 8;
const ID_RANGE = 0x10000;
const MAX_RECORD_CONTENT = 0xffff;

/** One request, from BEGIN_REQUEST until its END_REQUEST. */
class Request {
  readonly id: number;
  readonly number: number;
  readonly keepConnection: boolean;
  readonly params: ParamsCollector;
  state = State.Params;
  /** Body bytes that CONTENT_LENGTH promises; `undefined` if it does not. */
  expected: number | undefined = undefined;
  received = 0;
  isHead = false;
  headSent = false;
  bodyless = false;

  constructor(id: number, number: number, keepConnection: boolean, paramsBytes: number) {
    this.id = id;
    this.number = number;
    this.keepConnection = keepConnection;
    this.params = new ParamsCollector(paramsBytes);
  }
}

/**
 * The FastCGI core: the responder's side of one connection, with multiplexing.
 *
 * @example Usage
 * ```ts
 * import { FcgiCore } from "@archangel/archangel/fcgi";
 * import { assertEquals } from "@std/assert";
 *
 * const core = new FcgiCore({
 *   targetBytes: 8192,
 *   headerBytes: 32768,
 *   headerFields: 100,
 *   bodyBytes: 1048576,
 *   drainBytes: 65536,
 *   openExchanges: 100,
 *   connections: 1000,
 * });
 * // An empty FCGI_GET_VALUES record gets an empty FCGI_GET_VALUES_RESULT.
 * core.input.append(Uint8Array.of(1, 9, 0, 0, 0, 0, 0, 0));
 * core.next();
 * assertEquals(core.output.take(), [Uint8Array.of(1, 10, 0, 0, 0, 0, 0, 0)]);
 * ```
 */
export class FcgiCore implements WireProtocol {
  readonly input: InputBuffer = new InputBuffer();
  readonly output: OutputBuffer = new OutputBuffer();
  readonly multiplexed = true;
  date = "";

  readonly #limits: FcgiLimits;
  readonly #open: Map<number, Request> = new Map();
  #serial = 0;
  /** Takes no new request; closes when the open ones are over. */
  #last = false;
  #stopped = false;
  #inputEnded = false;

  /** The record at hand, its request, and how much of it is still to come. */
  readonly #record: RecordHeader = new RecordHeader();
  #request: Request | undefined;
  #content = 0;
  #skip = 0;
  #isFirst = true;
  #question: ParamsCollector | undefined;
  /** Has its body, and the app is to hear so next. */
  #complete: Request | undefined;

  /** @param limits What to enforce. The same object may serve all connections. */
  constructor(limits: FcgiLimits) {
    this.#limits = limits;
  }

  get idle(): boolean {
    return this.#open.size === 0 && this.input.length === 0 && this.#content === 0 && this.#skip === 0;
  }

  get closing(): boolean {
    return this.#open.size === 0 && (this.#last || (this.#stopped && this.idle));
  }

  stop(): void {
    this.#stopped = true;
  }

  endOfInput(): void {
    this.#inputEnded = true;
  }

  next(): WireEvent | typeof NEED_DATA {
    for (;;) {
      const event = this.#step();
      if (event !== undefined) return event;
    }
  }

  // Reading. Each step consumes some input and may report an event.

  #step(): WireEvent | typeof NEED_DATA | undefined {
    const { input } = this;
    if (this.#complete !== undefined) return this.#reportEnd(this.#complete);
    if (this.closing) input.start = input.end;
    if (input.length === 0) return this.#starve();
    if (this.#content > 0) return this.#readContent(Math.min(this.#content, input.length));
    if (this.#skip > 0) return this.#skipBytes(Math.min(this.#skip, input.length));
    return this.#readHeader();
  }

  #reportEnd(request: Request): WireEvent | undefined {
    this.#complete = undefined;
    if (request.state === State.Over) return undefined;
    return { kind: "end", exchange: request.number, trailers: undefined };
  }

  #skipBytes(size: number): undefined {
    this.input.start += size;
    this.#skip -= size;
  }

  #ignoreContent(): undefined {
    this.#skip += this.#content;
    this.#content = 0;
  }

  #readHeader(): WireEvent | typeof NEED_DATA | undefined {
    const { input } = this;
    const record = this.#record;
    const version = input.bytes[input.start] as number;
    if (version !== VERSION) throw wrongVersion(version, this.#isFirst);
    if (input.length < HEADER_SIZE) return this.#starve();
    record.read(input.bytes, input.start);
    // The one record that is read whole: its content is as small as the header.
    const whole = record.type === RecordType.BeginRequest && record.contentLength === BEGIN_SIZE;
    if (whole && input.length < HEADER_SIZE + BEGIN_SIZE) return this.#starve();
    input.start += HEADER_SIZE;
    this.#isFirst = false;
    this.#content = record.contentLength;
    this.#skip = record.paddingLength;
    this.#request = this.#open.get(record.id);
    return this.#dispatch();
  }

  #dispatch(): WireEvent | undefined {
    const { type, id } = this.#record;
    const state = id === 0 ? State.Management : this.#request?.state ?? State.Absent;
    switch (actionFor(state, type)) {
      case Action.Accept:
        return this.#accept();
      case Action.Answer:
        return this.#answer();
      case Action.Ignore:
        return this.#ignoreContent();
      case Action.Fatal:
        throw new ProtocolError(
          0,
          "begin-in-flight",
          `Cannot begin FastCGI request ${id}: ${id === 0 ? "this id is no request's" : "it is in flight"}`,
        );
    }
  }

  #accept(): WireEvent | undefined {
    const request = this.#request as Request;
    switch (this.#record.type) {
      case RecordType.BeginRequest:
        return this.#begin();
      case RecordType.AbortRequest:
        return this.#abort(request);
      case RecordType.Params:
        return this.#content > 0 ? undefined : this.#endParams(request);
      default:
        return this.#content > 0 ? undefined : this.#endBody(request);
    }
  }

  #answer(): WireEvent | undefined {
    switch (this.#record.type) {
      case RecordType.GetValues:
        this.#question = new ParamsCollector(MAX_RECORD_CONTENT);
        return this.#content > 0 ? undefined : this.#answerQuestion();
      case RecordType.Stdin:
        return this.#refuseRequest(
          this.#request as Request,
          new ProtocolError(
            400,
            "early-stdin",
            "Cannot read FastCGI request: STDIN before the end of PARAMS",
          ),
        );
      default:
        answerUnknownType(this.output, this.#record.type);
        return this.#ignoreContent();
    }
  }

  #readContent(size: number): WireEvent | undefined {
    switch (this.#record.type) {
      case RecordType.Params:
        return this.#readParams(this.#request as Request, size);
      case RecordType.Stdin:
        return this.#readBody(this.#request as Request, size);
      default:
        return this.#readQuestion(size);
    }
  }

  #begin(): WireEvent | undefined {
    const { id } = this.#record;
    if (this.#content !== BEGIN_SIZE) {
      const message = `Cannot begin FastCGI request ${id}: BEGIN_REQUEST has ${this.#content} bytes`;
      throw new ProtocolError(0, "bad-begin", message);
    }
    const { bytes, start } = this.input;
    const role = (bytes[start] as number) << 8 | (bytes[start + 1] as number);
    const keep = ((bytes[start + 2] as number) & KEEP_CONN) !== 0;
    this.input.start += BEGIN_SIZE;
    this.#content = 0;
    const number = ++this.#serial * ID_RANGE + id;
    if (role !== Role.Responder) {
      return this.#turnAway(number, keep, ProtocolStatus.UnknownRole, `role ${role} is not served`);
    }
    if (this.#last || this.#open.size >= this.#limits.openExchanges) {
      return this.#turnAway(number, keep, ProtocolStatus.Overloaded, "too many are open");
    }
    this.#open.set(id, new Request(id, number, keep, this.#limits.headerBytes * PARAMS_LEEWAY));
    return undefined;
  }

  #turnAway(number: number, keep: boolean, status: ProtocolStatus, why: string): Refused {
    const id = number % ID_RANGE;
    writeEndRequest(this.output, id, status);
    if (!keep) this.#last = true;
    const code = status === ProtocolStatus.Overloaded ? "overloaded" : "unknown-role";
    const error = new ProtocolError(0, code, `Cannot begin FastCGI request ${id}: ${why}`);
    return { kind: "refused", exchange: number, error };
  }

  #readParams(request: Request, size: number): WireEvent | undefined {
    const { bytes, start } = this.input;
    if (!request.params.append(bytes, start, start + size)) {
      return this.#refuseRequest(
        request,
        new ProtocolError(431, "params-too-large", "Cannot read PARAMS: too many bytes"),
      );
    }
    this.input.start += size;
    this.#content -= size;
    return undefined;
  }

  #endParams(request: Request): WireEvent {
    let head: RequestHead;
    try {
      head = this.#readHead(request);
    } catch (error) {
      // What is wrong with this request is no trouble of the others.
      if (error instanceof ProtocolError) return this.#refuseRequest(request, error);
      throw error;
    }
    request.expected = head.bodyLength;
    request.isHead = head.method === "HEAD";
    request.state = State.Body;
    if (head.bodyLength === 0) this.#bodyIsWhole(request);
    return head;
  }

  #readHead(request: Request): RequestHead {
    const params: Params | undefined = request.params.finish();
    if (params === undefined) {
      throw new ProtocolError(400, "bad-params", "Cannot read PARAMS: a length leads out of it");
    }
    if (params.size > this.#limits.headerFields * PARAMS_LEEWAY) {
      throw new ProtocolError(
        431,
        "too-many-params",
        `Cannot read PARAMS: ${params.size} pairs are too many`,
      );
    }
    const head = readHead(params, request.number);
    if (head.bodyLength !== undefined && head.bodyLength > this.#limits.bodyBytes) {
      throw new ProtocolError(413, "body-too-large", `Cannot take a body of ${head.bodyLength} bytes`);
    }
    return head;
  }

  #readBody(request: Request, available: number): WireEvent | undefined {
    // The answer may have ended since this record began.
    if (request.state !== State.Body) return this.#ignoreContent();
    const { expected } = request;
    const size = expected === undefined ? available : Math.min(available, expected - request.received);
    if (request.received + size > this.#limits.bodyBytes) {
      return this.#fail(request, 413, `The request body exceeds ${this.#limits.bodyBytes} bytes`);
    }
    const chunk = this.input.take(size);
    request.received += size;
    this.#content -= size;
    // What follows CONTENT_LENGTH bytes belongs to nobody.
    if (request.received === expected) this.#bodyIsWhole(request);
    return { kind: "data", exchange: request.number, chunk };
  }

  #bodyIsWhole(request: Request): void {
    request.state = State.Answering;
    this.#complete = request;
    this.#ignoreContent();
  }

  #endBody(request: Request): WireEvent | undefined {
    const { expected, received } = request;
    if (expected !== undefined) {
      return this.#fail(request, 400, `The request body ended after ${received} of ${expected} bytes`);
    }
    this.#bodyIsWhole(request);
    return undefined;
  }

  #readQuestion(size: number): undefined {
    const { bytes, start } = this.input;
    this.#question?.append(bytes, start, start + size);
    this.input.start += size;
    this.#content -= size;
    if (this.#content === 0) this.#answerQuestion();
  }

  #answerQuestion(): undefined {
    answerValues(this.output, this.#question?.finish(), this.#limits);
    this.#question = undefined;
  }

  // Ending a request from this side.

  #close(request: Request): void {
    request.state = State.Over;
    this.#open.delete(request.id);
    if (!request.keepConnection) this.#last = true;
  }

  /** No app has seen this request: it is answered here. */
  #refuseRequest(request: Request, error: ProtocolError): Refused {
    answerStatus(this.output, request.id, error.status);
    this.#close(request);
    this.#ignoreContent();
    return { kind: "refused", exchange: request.number, error };
  }

  /** An app is at work on this request, and will not get what it was promised. */
  #fail(request: Request, status: number, reason: string): Aborted {
    if (request.headSent) this.#last = true;
    else answerStatus(this.output, request.id, status);
    this.#close(request);
    this.#ignoreContent();
    return { kind: "abort", exchange: request.number, reason };
  }

  #abort(request: Request): WireEvent | undefined {
    const known = request.state !== State.Params;
    writeEndRequest(this.output, request.id, ProtocolStatus.RequestComplete);
    this.#close(request);
    this.#ignoreContent();
    if (!known) return undefined;
    return { kind: "abort", exchange: request.number, reason: "The front end sent FCGI_ABORT_REQUEST" };
  }

  /** Nothing more to read now; if never again, what was cut short is over. */
  #starve(): WireEvent | typeof NEED_DATA {
    if (!this.#inputEnded) return NEED_DATA;
    this.#last = true;
    for (const request of this.#open.values()) {
      if (request.state === State.Answering) continue;
      const known = request.state === State.Body;
      this.#close(request);
      if (!known) continue;
      const reason = "The front end closed the connection inside the request";
      return { kind: "abort", exchange: request.number, reason };
    }
    return NEED_DATA;
  }

  // Commands.

  #find(exchange: number): Request | undefined {
    const request = this.#open.get(exchange % ID_RANGE);
    return request?.number === exchange ? request : undefined;
  }

  /** There is no `100 Continue` on this wire: the front end has sent it. */
  wantBody(): void {}

  /** CGI has no interim answers. */
  informational(): void {}

  head(
    exchange: number,
    status: number,
    fields: string,
    length: number | undefined,
    _hasDate: boolean,
    out: OutputBuffer,
  ): void {
    const request = this.#find(exchange);
    if (request === undefined) return;
    const empty = status === 204 || status === 304;
    request.headSent = true;
    request.bodyless = request.isHead || empty;
    writeLatin1(out, RecordType.Stdout, request.id, encodeHead(status, fields, empty ? undefined : length));
  }

  data(exchange: number, chunk: Uint8Array | string, out: OutputBuffer): number {
    const request = this.#find(exchange);
    if (request === undefined || request.bodyless) return 0;
    if (typeof chunk === "string") return writeText(out, RecordType.Stdout, request.id, chunk);
    writeBytes(out, RecordType.Stdout, request.id, chunk);
    return chunk.length;
  }

  /** Trailers have no place in a CGI answer and are dropped. */
  end(exchange: number, _trailers: string, out: OutputBuffer): void {
    const request = this.#find(exchange);
    if (request === undefined) return;
    endAnswer(out, request.id);
    this.#close(request);
  }

  cut(exchange: number, _out: OutputBuffer): void {
    const request = this.#find(exchange);
    if (request === undefined) return;
    this.#close(request);
    this.#last = true;
  }

  refuse(error: ProtocolError, out: OutputBuffer): void {
    for (const request of this.#open.values()) {
      if (error.status !== 0 && !request.headSent) answerStatus(out, request.id, error.status);
      this.#close(request);
    }
    this.#last = true;
  }
}

/** The one status line of every answer (RFC 3875 §6.3.3): without it, `Location` would make a 302. */
function encodeHead(status: number, fields: string, length: number | undefined): string {
  // A field of this name is an order to the front end, and not the app's to give.
  const own = fields.includes("status:") ? fields.replace(/^status:.*\r\n/gm, "") : fields;
  const framing = length === undefined ? "\r\n" : `content-length: ${length}\r\n\r\n`;
  return `Status: ${status} ${reasonPhrase(status)}\r\n${own}${framing}`;
}

function endAnswer(out: OutputBuffer, id: number): void {
  writeStreamEnd(out, RecordType.Stdout, id);
  writeEndRequest(out, id, ProtocolStatus.RequestComplete);
}

function answerStatus(out: OutputBuffer, id: number, status: number): void {
  const body = `${reasonPhrase(status)}\n`;
  const head = encodeHead(status, "content-type: text/plain; charset=utf-8\r\n", body.length);
  writeLatin1(out, RecordType.Stdout, id, head + body);
  endAnswer(out, id);
}

function wrongVersion(version: number, isFirst: boolean): ProtocolError {
  if (isFirst && version === 0x16) {
    return new ProtocolError(0, "tls-on-fcgi", "TLS spoken to the FastCGI port");
  }
  if (isFirst && version >= 0x41 && version <= 0x5a) {
    return new ProtocolError(0, "http-on-fcgi", "HTTP spoken to the FastCGI port");
  }
  return new ProtocolError(0, "bad-version", `Cannot read FastCGI record: its version is ${version}, not 1`);
}
