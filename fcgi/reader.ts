/**
 * The reading half of a FastCGI connection: bytes into records, each record to whom it concerns
 * (FastCGI 1.0 §3.3).
 *
 * Input is consumed where it lies, as it arrives: a record may be cut anywhere, and no more than the
 * sixteen bytes of BEGIN_REQUEST are ever waited for. Which record may come when is the table of
 * `states.ts`; what a request's records do is in `intake.ts`, what those of the connection itself do
 * in `management.ts`. Here is only the bookkeeping of where in a record we are.
 *
 * A peer that lost count of its records makes `next` throw: nothing on this connection can be
 * trusted from there on.
 *
 * @module
 */
import type { InputBuffer } from "../twig/input_buffer.ts";
import type { OutputBuffer } from "../twig/output_buffer.ts";
import { ProtocolError } from "../twig/errors.ts";
import { NEED_DATA, type WireEvent } from "../twig/wire.ts";
import type { Intake } from "./intake.ts";
import { answerUnknownType, answerValues, type Capacity } from "./management.ts";
import { ParamsCollector } from "./params.ts";
import { HEADER_SIZE, KEEP_CONN, RecordHeader, RecordType, VERSION } from "./records.ts";
import type { FcgiRequest, OpenRequests } from "./requests.ts";
import { Action, actionFor, State } from "./states.ts";

/** Content of BEGIN_REQUEST (§5.1). */
const BEGIN_SIZE = 8;
const MAX_RECORD_CONTENT = 0xffff;

/** What one step of reading comes to; `undefined` if it reports nothing and there is more to read. */
type Step = WireEvent | typeof NEED_DATA | undefined;

/** Reads the records of one connection. */
export class RecordReader {
  /** Set when the peer has sent its FIN. */
  inputEnded = false;

  readonly #input: InputBuffer;
  readonly #output: OutputBuffer;
  readonly #open: OpenRequests;
  readonly #intake: Intake;
  readonly #capacity: Capacity;

  /** The record at hand, its request if one is open, and how much of it is still to come. */
  readonly #record: RecordHeader = new RecordHeader();
  #request: FcgiRequest | undefined;
  #content = 0;
  #skip = 0;
  #isFirst = true;
  #question: ParamsCollector | undefined;

  /**
   * @param input Where records come from.
   * @param output Where answers about the connection go.
   * @param open The open requests.
   * @param intake Takes in what requests send.
   * @param capacity What to tell a peer that asks.
   */
  constructor(
    input: InputBuffer,
    output: OutputBuffer,
    open: OpenRequests,
    intake: Intake,
    capacity: Capacity,
  ) {
    this.#input = input;
    this.#output = output;
    this.#open = open;
    this.#intake = intake;
    this.#capacity = capacity;
  }

  /** True between two records, with nothing of the next one there. */
  get betweenRecords(): boolean {
    return this.#input.length === 0 && this.#content === 0 && this.#skip === 0;
  }

  /**
   * Reads until there is something to report.
   *
   * @returns The next event, or {@linkcode NEED_DATA}.
   * @throws {ProtocolError} With status 0, if the peer lost count of its records.
   */
  next(): WireEvent | typeof NEED_DATA {
    for (;;) {
      const event = this.#intake.reportWhole() ?? this.#step();
      if (event !== undefined) return event;
    }
  }

  #step(): Step {
    // What comes after the last request is nobody's, and would only be cause for complaint.
    if (this.#open.done) this.#input.start = this.#input.end;
    const size = this.#input.length;
    if (size === 0) return this.#starve();
    if (this.#content > 0) return this.#readContent(Math.min(this.#content, size));
    if (this.#skip > 0) return this.#skipBytes(Math.min(this.#skip, size));
    return this.#readHeader();
  }

  /** Nothing more to read now, or ever. */
  #starve(): Step {
    return (this.inputEnded ? this.#intake.endOfInput() : undefined) ?? NEED_DATA;
  }

  #skipBytes(size: number): undefined {
    this.#input.start += size;
    this.#skip -= size;
  }

  #ignoreContent(): undefined {
    this.#skip += this.#content;
    this.#content = 0;
  }

  /** Notes that `size` bytes of content are used up. */
  #consume(size: number): void {
    this.#input.start += size;
    this.#content -= size;
  }

  #readHeader(): Step {
    const input = this.#input;
    const record = this.#record;
    const version = input.bytes[input.start] as number;
    if (version !== VERSION) throw wrongVersion(version, this.#isFirst);
    if (input.length < HEADER_SIZE) return this.#starve();
    record.read(input.bytes, input.start);
    const isBegin = record.type === RecordType.BeginRequest && record.contentLength === BEGIN_SIZE;
    if (isBegin && input.length < HEADER_SIZE + BEGIN_SIZE) return this.#starve();
    input.start += HEADER_SIZE;
    this.#isFirst = false;
    this.#content = record.contentLength;
    this.#skip = record.paddingLength;
    this.#request = this.#open.withId(record.id);
    return this.#dispatch();
  }

  #dispatch(): Step {
    const { type, id } = this.#record;
    const state = id === 0 ? State.Management : this.#request?.state ?? State.Absent;
    switch (actionFor(state, type)) {
      case Action.Accept:
        return this.#accept(this.#request as FcgiRequest);
      case Action.Answer:
        return this.#answer();
      case Action.Ignore:
        return this.#ignoreContent();
      case Action.Fatal:
        throw new ProtocolError(
          0,
          "bad-begin",
          `Cannot begin FastCGI request ${id}: ${id === 0 ? "0 is the id of no request" : "it is in flight"}`,
        );
    }
  }

  #accept(request: FcgiRequest): Step {
    switch (this.#record.type) {
      case RecordType.BeginRequest:
        return this.#begin();
      case RecordType.AbortRequest:
        this.#ignoreContent();
        return this.#intake.abort(request);
      case RecordType.Params:
        if (this.#content > 0) return undefined;
        return this.#intake.endParams(request, this.#stdinEnds());
      default:
        return this.#content > 0 ? undefined : this.#intake.endStdin(request);
    }
  }

  #answer(): Step {
    const { type } = this.#record;
    if (type === RecordType.GetValues) {
      this.#question = new ParamsCollector(MAX_RECORD_CONTENT);
      return this.#content > 0 ? undefined : this.#answerQuestion(this.#question);
    }
    this.#ignoreContent();
    if (type !== RecordType.Stdin) {
      answerUnknownType(this.#output, type);
      return undefined;
    }
    const message = "Cannot read FastCGI request: STDIN before the end of PARAMS";
    return this.#intake.refuse(this.#request as FcgiRequest, new ProtocolError(400, "early-stdin", message));
  }

  #begin(): Step {
    const { id } = this.#record;
    if (this.#content !== BEGIN_SIZE) {
      const message = `Cannot begin FastCGI request ${id}: BEGIN_REQUEST has ${this.#content} bytes, not 8`;
      throw new ProtocolError(0, "bad-begin", message);
    }
    const { bytes, start } = this.#input;
    const role = (bytes[start] as number) << 8 | (bytes[start + 1] as number);
    const keep = ((bytes[start + 2] as number) & KEEP_CONN) !== 0;
    this.#consume(BEGIN_SIZE);
    return this.#intake.begin(id, role, keep);
  }

  /**
   * Whether the next record is here already and ends STDIN: then a request without CONTENT_LENGTH has
   * no body, and one that is answered now leaves nothing behind.
   */
  #stdinEnds(): boolean {
    const input = this.#input;
    const at = input.start + this.#skip;
    if (at + HEADER_SIZE > input.end) return false;
    const next = new RecordHeader();
    next.read(input.bytes, at);
    return input.bytes[at] === VERSION && next.type === RecordType.Stdin &&
      next.id === this.#record.id && next.contentLength === 0;
  }

  #readContent(size: number): Step {
    const { bytes, start } = this.#input;
    const request = this.#request;
    switch (this.#record.type) {
      case RecordType.Params:
        if (request?.state !== State.Params) return this.#ignoreContent();
        this.#consume(size);
        return this.#intake.addParams(request, bytes, start, start + size);
      case RecordType.Stdin:
        // The answer may have ended since this record began, or the body be whole before it ends.
        if (request?.state !== State.Body) return this.#ignoreContent();
        return this.#readBody(request, size);
      default:
        return this.#readQuestion(this.#question as ParamsCollector, size);
    }
  }

  #readBody(request: FcgiRequest, size: number): WireEvent {
    const before = this.#input.length;
    const event = this.#intake.takeBody(request, this.#input, size);
    this.#content -= before - this.#input.length;
    return event;
  }

  #readQuestion(question: ParamsCollector, size: number): Step {
    const { bytes, start } = this.#input;
    question.append(bytes, start, start + size);
    this.#consume(size);
    return this.#content > 0 ? undefined : this.#answerQuestion(question);
  }

  #answerQuestion(question: ParamsCollector): undefined {
    this.#question = undefined;
    answerValues(this.#output, question.finish(), this.#capacity);
  }
}

function wrongVersion(version: number, isFirst: boolean): ProtocolError {
  if (isFirst && version === 0x16) {
    return new ProtocolError(0, "tls-on-fcgi", "Cannot read FastCGI record: this looks like TLS");
  }
  if (isFirst && version >= 0x41 && version <= 0x5a) {
    return new ProtocolError(0, "http-on-fcgi", "Cannot read FastCGI record: this looks like HTTP");
  }
  return new ProtocolError(0, "bad-version", `Cannot read FastCGI record: its version is ${version}, not 1`);
}
