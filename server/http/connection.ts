/**
 * HTTP/1.1 as a {@linkcode WireProtocol}: what may come next on one connection, in both directions
 * (RFC 9112 §9).
 *
 * Everything that changes what the connection waits for is in this file. Requests are answered one at a
 * time: `next()` reports head, body and end of one request, then nothing until its answer is complete and
 * its body read or dropped. So answers keep their order, and an error in a later request cannot overtake
 * them. Once a message is not understood nothing more is parsed: after the first error the connection is
 * over, for nobody can know where the next request would begin.
 *
 * It knows no socket, clock or app. Grammar is in `head.ts` and `chunked.ts`, the encoding of answers in
 * `writer.ts`; whether the connection lives on is decided here.
 *
 * @module
 */
import { InputBuffer } from "../../twig/input_buffer.ts";
import { OutputBuffer } from "../../twig/output_buffer.ts";
import { ProtocolError } from "../../twig/errors.ts";
import {
  type Aborted,
  type BodyChunk,
  type EndOfRequest,
  NEED_DATA,
  PAUSED,
  type Refused,
  type RequestHead,
  type WireEvent,
  type WireLimits,
  type WireProtocol,
} from "../../twig/wire.ts";
import { type BodyDecoder, cutShort, LengthBody } from "./body.ts";
import { ChunkedBody } from "./chunked.ts";
import { HeadParser } from "./head.ts";
import { RepeatedHead, type RequestFraming } from "./repeated_head.ts";
import type { HttpHead } from "./request_head.ts";
import { Framing, framingOf, writeData, writeEnd, writeHead, writeInterim, writeRefusal } from "./writer.ts";

/** What the connection waits for. */
const enum Phase {
  /** A request head, or the rest of one. */
  Head,
  /** The body of the request, or its end. */
  Body,
  /** The answer: the request is complete. */
  Answer,
  /** The rest of a body that was answered without being read. */
  Drain,
  /** Nothing any more. */
  Closed,
}

/** How far the answer to the open exchange is. */
const enum Answer {
  /** No head of a final answer has been encoded, so that one may be. */
  Open,
  /** Its head has been encoded. */
  Started,
  /** It is complete, cut, or no longer wanted. */
  Over,
}

/**
 * One HTTP/1.1 connection, seen from the server.
 *
 * @example Usage
 * ```ts
 * import { HttpCore } from "./mod.ts";
 * import { DEFAULT_LIMITS } from "../limits.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const core = new HttpCore(DEFAULT_LIMITS);
 * core.input.append(new TextEncoder().encode("GET /a?b HTTP/1.1\r\nhost: x\r\n\r\n"));
 * const head = core.next();
 * if (typeof head === "number" || head.kind !== "head") throw new Error("not a head");
 * assertEquals([head.method, head.path, head.query], ["GET", "/a", "b"]);
 *
 * core.head(head.exchange, 200, "", 2, false, core.output);
 * core.data(head.exchange, "ok", core.output);
 * core.end(head.exchange, "", core.output);
 * assertEquals(new TextDecoder().decode(core.output.take()[0]), "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
 * ```
 */
export class HttpCore implements WireProtocol {
  /** Received bytes. */
  readonly input: InputBuffer = new InputBuffer();
  /** What this core says on its own: the refusal of a request that was cut short. */
  readonly output: OutputBuffer = new OutputBuffer();
  /** The value for the next Date field; `""` sends none. */
  date = "";
  /** As {@linkcode WireProtocol.extraFields}. */
  extraFields = "";
  /** As {@linkcode WireProtocol.refusal}. */
  refusal: ProtocolError | undefined;
  /** One exchange at a time: while an app works, input may wait. */
  readonly multiplexed = false;
  /** Never: the connection waits for one head at a time. */
  readonly headsPending = false;

  readonly #limits: WireLimits;
  readonly #parser: HeadParser;
  readonly #repeated: RepeatedHead;
  #phase = Phase.Head;
  #exchange = 0;
  #answer = Answer.Open;
  #body: BodyDecoder | undefined;
  #method = "";
  #modern = true;
  /** The client lets the connection live, and so do we until an answer has said otherwise. */
  #persistent = true;
  /** The client has said that this is its last request. */
  #clientCloses = false;
  /** The client waits for `100 Continue`, and has neither got it nor sent body bytes. */
  #awaitsContinue = false;
  #framing = Framing.None;
  #stopping = false;
  #ended = false;
  #drained = 0;
  /** The last request was received to its end, so that closing after its answer resets nothing. */
  #complete = false;

  /**
   * Makes the core of one connection.
   *
   * @param limits Sizes and counts.
   */
  constructor(limits: WireLimits) {
    this.#limits = limits;
    this.#parser = new HeadParser(limits);
    this.#repeated = new RepeatedHead(limits);
  }

  /** True once no further request is taken; see {@linkcode WireProtocol}. */
  get closing(): boolean {
    return this.#phase === Phase.Closed || ((this.#stopping || this.#ended) && this.idle);
  }

  /** True at rest: no exchange open and no byte of a request received that is not answered. */
  get idle(): boolean {
    if (this.input.length > 0) return false;
    return this.#phase === Phase.Head
      ? this.#parser.untouched
      : this.#phase === Phase.Closed && this.#complete;
  }

  /** True once the request with which the client closes the connection has come (RFC 9112 §9.6). */
  get peerDone(): boolean {
    return this.#clientCloses && this.idle;
  }

  /** Has nothing to give up. */
  giveUpHeads(): Refused[] {
    return [];
  }

  // Requests.

  /**
   * The next thing that the input says.
   *
   * An exchange whose answer is complete has no further event but the end of its request, if that comes later: what
   * is left of the body is dropped, up to `limits.drainBytes`.
   *
   * @returns An event, {@linkcode NEED_DATA}, or {@linkcode PAUSED}.
   * @throws {ProtocolError} If the client broke the protocol. Call `refuse` then. With status 413 the exchange may
   * be answered instead, if its answer has not begun.
   */
  next(): WireEvent | typeof NEED_DATA | typeof PAUSED {
    try {
      switch (this.#phase) {
        case Phase.Head:
          return this.#nextHead();
        case Phase.Body:
          return this.#nextOfBody();
        case Phase.Drain:
          return this.#drain();
        case Phase.Answer:
        case Phase.Closed:
          return PAUSED;
      }
    } catch (error) {
      // The app that reads a body too large may say so itself, but that is the last that is understood.
      const isTooLarge = this.#phase === Phase.Body && (error as ProtocolError).status === 413;
      this.#phase = isTooLarge ? Phase.Answer : Phase.Closed;
      this.#persistent = false;
      throw error;
    }
  }

  #nextHead(): RequestHead | typeof NEED_DATA | typeof PAUSED {
    const parser = this.#parser;
    if (parser.fresh) {
      if (this.input.length === 0 && !this.#ended) return NEED_DATA;
      const known = this.#repeated.recall(this.input);
      if (known !== undefined) {
        known.head.exchange = ++this.#exchange;
        return this.#beginRequest(known, known.head);
      }
    }
    if (!parser.parse(this.input)) {
      if (!this.#ended) return NEED_DATA;
      if (!this.idle) {
        throw new ProtocolError(400, "cut-short", "Cannot parse request: it ends within its head");
      }
      this.#phase = Phase.Closed;
      return PAUSED;
    }
    const head = parser.take(this.input, ++this.#exchange);
    this.#repeated.note(parser, head, this.input);
    this.#beginRequest(parser, head);
    parser.reset();
    return head;
  }

  #beginRequest(framing: RequestFraming, head: HttpHead): HttpHead {
    this.#method = head.method;
    this.#modern = framing.modern;
    this.#persistent = framing.persistent;
    this.#clientCloses = !framing.persistent;
    this.#awaitsContinue = framing.expectsContinue;
    this.#body = this.#bodyOf(framing.bodyLength);
    this.#phase = Phase.Body;
    return head;
  }

  #bodyOf(length: number): BodyDecoder | undefined {
    if (length === 0) return undefined;
    return length < 0 ? new ChunkedBody(this.#limits) : new LengthBody(length);
  }

  #nextOfBody(): BodyChunk | EndOfRequest | Aborted | typeof NEED_DATA {
    const { input } = this;
    const exchange = this.#exchange;
    const body = this.#body;
    if (body === undefined) {
      this.#phase = Phase.Answer;
      return { kind: "end", exchange, trailers: undefined };
    }
    if (input.length > 0) this.#awaitsContinue = false;
    const size = body.ready(input);
    if (size > 0) {
      body.consumed(size);
      return { kind: "data", exchange, chunk: input.take(size) };
    }
    if (body.done) {
      this.#phase = Phase.Answer;
      return { kind: "end", exchange, trailers: body.trailers };
    }
    if (!this.#ended) return NEED_DATA;
    const error = cutShort();
    // Who leaves while the answer comes has broken no rule.
    const told = this.refuse(error, this.output);
    return { kind: "abort", exchange, reason: error.message, error: told ? error : undefined };
  }

  /**
   * Passes what is left of a body that nobody reads, so that the next request can be found. Its answer has left
   * as it is, so there is nobody to tell what is wrong in it, but the log.
   */
  #drain(): EndOfRequest | Refused | typeof NEED_DATA | typeof PAUSED {
    const { input } = this;
    const exchange = this.#exchange;
    const body = this.#body as BodyDecoder;
    const before = input.start;
    try {
      for (let size = body.ready(input); size > 0; size = body.ready(input)) {
        body.consumed(size);
        input.start += size;
      }
    } catch (error) {
      this.#phase = Phase.Closed;
      const { code, message } = error as ProtocolError;
      return { kind: "refused", exchange, error: new ProtocolError(0, code, message) };
    }
    this.#drained += input.start - before;
    if (this.#drained > this.#limits.drainBytes || (this.#ended && !body.done)) {
      this.#phase = Phase.Closed;
      return PAUSED;
    }
    if (!body.done) return NEED_DATA;
    this.#nextRequest();
    return { kind: "end", exchange, trailers: undefined };
  }

  #nextRequest(): void {
    this.#phase = Phase.Head;
    this.#answer = Answer.Open;
    this.#body = undefined;
    this.#method = "";
  }

  /** The client sent its FIN: what is complete is answered, what is not is refused. */
  endOfInput(): void {
    this.#ended = true;
  }

  /** HTTP/1.1 has nothing that may stand before an answer and means nothing to every client. */
  probe(): void {}

  /** Takes no request after the ones already begun. */
  stop(): void {
    this.#stopping = true;
  }

  // Answers.

  /** As {@linkcode WireProtocol.wantBody}: once, and never after a final head (RFC 9110 §10.1.1). */
  wantBody(exchange: number, out: OutputBuffer): void {
    if (!this.#mayAnswer(exchange) || !this.#awaitsContinue) return;
    this.#awaitsContinue = false;
    if (this.input.length === 0) writeInterim(out, 100, "");
  }

  /** As {@linkcode WireProtocol.informational}. HTTP/1.0 clients get none (RFC 9110 §15.2). */
  informational(exchange: number, status: number, fields: string, out: OutputBuffer): void {
    if (this.#mayAnswer(exchange) && this.#modern) writeInterim(out, status, fields);
  }

  /**
   * As {@linkcode WireProtocol.head}.
   *
   * If the part of the body that has arrived by now is malformed, or all that will ever come of it, the request is
   * refused instead, even if the app did not read it: a request that proxies may read differently never counts as
   * served, nor does one that is not whole (RFC 9112 §8).
   */
  head(
    exchange: number,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
    out: OutputBuffer,
  ): void {
    if (!this.#mayAnswer(exchange)) return;
    if (this.#phase === Phase.Body && this.#body !== undefined) {
      this.refusal = this.#body.foresee(this.input, this.#ended);
      if (this.refusal !== undefined) return void this.refuse(this.refusal, out);
    }
    const framing = framingOf(this.#method, status, length, this.#modern);
    if (!this.#canGoOn(framing)) this.#persistent = false;
    const connection = !this.#persistent
      ? "connection: close\r\n"
      : this.#modern
      ? ""
      : "connection: keep-alive\r\n";
    this.#answer = Answer.Started;
    this.#framing = framing;
    writeHead(out, status, fields, this.extraFields, framing, length, hasDate ? "" : this.date, connection);
  }

  /** Whether another request can follow the answer that begins now, as far as can be known. */
  #canGoOn(framing: Framing): boolean {
    if (this.#stopping || framing === Framing.Close) return false;
    if (this.#phase === Phase.Answer || this.#body === undefined) {
      return !this.#ended || this.input.length > 0;
    }
    // A client that waits for `100 Continue` may send the body now, or drop it: nobody can tell
    // its first bytes from a request (RFC 9110 §10.1.1).
    if (this.#awaitsContinue && this.input.length === 0) return false;
    return this.#body.expected <= this.#limits.drainBytes;
  }

  /** As {@linkcode WireProtocol.data}; 0 if this answer has no body. */
  data(exchange: number, chunk: Uint8Array | string, out: OutputBuffer): number {
    return this.#isAnswering(exchange) ? writeData(out, chunk, this.#framing) : 0;
  }

  /** As {@linkcode WireProtocol.end}; goes on to the next request, or closes. */
  end(exchange: number, trailers: string, out: OutputBuffer): void {
    if (!this.#isAnswering(exchange)) return;
    writeEnd(out, trailers, this.#framing);
    this.#answer = Answer.Over;
    const body = this.#phase === Phase.Answer ? undefined : this.#body;
    const complete = body === undefined || body.done;
    if (!this.#persistent) {
      this.#complete = complete;
      this.#phase = Phase.Closed;
    } else if (complete) this.#nextRequest();
    else {
      this.#drained = 0;
      this.#phase = body.expected > this.#limits.drainBytes ? Phase.Closed : Phase.Drain;
    }
  }

  /** As {@linkcode WireProtocol.whole}. */
  whole(
    exchange: number,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
    chunk: Uint8Array | string,
    out: OutputBuffer,
  ): number {
    this.head(exchange, status, fields, length, hasDate, out);
    if (!this.#isAnswering(exchange)) return 0;
    const size = writeData(out, chunk, this.#framing);
    this.end(exchange, "", out);
    return size;
  }

  /**
   * As {@linkcode WireProtocol.cut}. Closing tells the client, by the missing last chunk or the missing
   * rest of `content-length`.
   */
  cut(exchange: number): void {
    if (exchange !== this.#exchange || !this.#isOpen) return;
    this.#answer = Answer.Over;
    this.#phase = Phase.Closed;
  }

  /**
   * As {@linkcode WireProtocol.refuse}. Nothing is added to an answer that has begun, and the answer to
   * HEAD has no body.
   */
  refuse(error: ProtocolError, out: OutputBuffer): boolean {
    const silent = this.#answer !== Answer.Open || error.status === 0;
    this.#answer = Answer.Over;
    this.#phase = Phase.Closed;
    if (!silent) writeRefusal(out, this.#method || this.#parser.method, error.status, error.code, this.date);
    return !silent;
  }

  #mayAnswer(exchange: number): boolean {
    return exchange === this.#exchange && this.#answer === Answer.Open && this.#isOpen;
  }

  #isAnswering(exchange: number): boolean {
    return exchange === this.#exchange && this.#answer === Answer.Started;
  }

  get #isOpen(): boolean {
    return this.#phase === Phase.Body || this.#phase === Phase.Answer;
  }
}
