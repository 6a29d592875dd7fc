/**
 * One FastCGI connection behind the interface that all wires share: the responder's side, with
 * multiplexing (FastCGI 1.0).
 *
 * It joins the reading half (`reader.ts`, `intake.ts`) to the writing half (`answers.ts`,
 * `records.ts`) over the open requests (`requests.ts`), and decides when the connection is done. Time
 * and flow control are the connection loop's.
 *
 * An answer that fails half-way gets no END_REQUEST, for every front end takes that as complete
 * whatever status it has. Closing the connection is the only sign they all understand; it happens as
 * soon as the other ids are done.
 *
 * @module
 */
import { InputBuffer } from "../twig/input_buffer.ts";
import { OutputBuffer } from "../twig/output_buffer.ts";
import type { ProtocolError } from "../twig/errors.ts";
import type { NEED_DATA, Refused, WireEvent, WireLimits, WireProtocol } from "../twig/wire.ts";
import { isWithoutContent, writeAnswerEnd, writeHead, writeStatus, writeWhole } from "./answers.ts";
import { Intake } from "./intake.ts";
import { RecordReader } from "./reader.ts";
import { RecordType, writeBytes, writeStreamEnd, writeText } from "./records.ts";
import { OpenRequests } from "./requests.ts";
import { State } from "./states.ts";

/** What a {@linkcode FcgiCore} enforces, and what it tells a peer that asks. */
export interface FcgiLimits extends WireLimits {
  /** Connections open at once: the answer to FCGI_MAX_CONNS. */
  readonly connections: number;
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
 * // An empty FCGI_GET_VALUES gets an empty FCGI_GET_VALUES_RESULT.
 * core.input.append(Uint8Array.of(1, 9, 0, 0, 0, 0, 0, 0));
 * core.next();
 * assertEquals(core.output.take(), [Uint8Array.of(1, 10, 0, 0, 0, 0, 0, 0)]);
 * ```
 */
export class FcgiCore implements WireProtocol {
  /** As {@linkcode WireProtocol.input}. */
  readonly input: InputBuffer = new InputBuffer();
  /** As {@linkcode WireProtocol.output}. */
  readonly output: OutputBuffer = new OutputBuffer();
  /** Always true: one connection carries many exchanges, and an abort can come at any time. */
  readonly multiplexed = true;
  /** Ignored: the front end adds the date. */
  date = "";
  /** Ignored: the front end has a name of its own. */
  extraFields = "";
  /** As {@linkcode WireProtocol.refusal}: never. The front end has made sure of the body's framing. */
  readonly refusal: undefined = undefined;

  readonly #open: OpenRequests = new OpenRequests();
  readonly #intake: Intake;
  readonly #reader: RecordReader;
  #stopped = false;

  /**
   * Makes the core of one connection.
   *
   * @param limits What to enforce. The same object may serve all connections.
   */
  constructor(limits: FcgiLimits) {
    this.#intake = new Intake(this.output, this.#open, limits);
    this.#reader = new RecordReader(this.input, this.output, this.#open, this.#intake, limits);
  }

  /** As {@linkcode WireProtocol.idle}. */
  get idle(): boolean {
    return this.#open.size === 0 && this.#reader.betweenRecords;
  }

  /** Never: records for requests that are over, and new ones, may come at any time. */
  readonly peerDone = false;

  /**
   * As {@linkcode WireProtocol.closing}: after a request without FCGI_KEEP_CONN, a cut answer, the
   * end of input or `refuse`, when the last open request is over; after `stop`, when at rest.
   */
  get closing(): boolean {
    return this.#open.done || (this.#stopped && this.idle);
  }

  /** As {@linkcode WireProtocol.headsPending}: PARAMS that have not ended. */
  get headsPending(): boolean {
    return this.#open.unread > 0;
  }

  /**
   * As {@linkcode WireProtocol.giveUpHeads}. What else comes of their PARAMS is ignored.
   *
   * @returns What was given up.
   */
  giveUpHeads(): Refused[] {
    return this.#intake.giveUpHeads();
  }

  /**
   * As {@linkcode WireProtocol.next}.
   *
   * @returns An event, or {@linkcode NEED_DATA}.
   * @throws {ProtocolError} With status 0, if the peer lost count of its records.
   */
  next(): WireEvent | typeof NEED_DATA {
    return this.#reader.next();
  }

  /**
   * The peer sent its FIN. Requests that are whole are still answered; what was cut short is
   * reported as aborted by the next `next`. Front ends close both ways at once when their client goes
   * away; so that the connection can tell them from one that waits for its answers, each request that
   * is whole gets the empty STDERR that any answer may have (§6.2).
   */
  endOfInput(): void {
    this.#reader.inputEnded = true;
    for (const request of this.#open) {
      if (request.state === State.Answering) this.#probeFor(request.id);
    }
  }

  /** As {@linkcode WireProtocol.probe}, by the same empty STDERR. */
  probe(): void {
    for (const request of this.#open) if (request.state !== State.Params) this.#probeFor(request.id);
  }

  #probeFor(id: number): void {
    writeStreamEnd(this.output, RecordType.Stderr, id);
  }

  /**
   * Closes when at rest. A front end that multiplexes cannot be told to take its next requests
   * elsewhere, only be failed; so while some are open, further ones are served.
   */
  stop(): void {
    this.#stopped = true;
  }

  /** Does nothing: the front end has sent `100 Continue`. */
  wantBody(): void {}

  /** Does nothing: CGI has no interim answers. */
  informational(): void {}

  /**
   * As {@linkcode WireProtocol.head}.
   *
   * @param exchange The number of the exchange.
   * @param status 200 to 999.
   * @param fields Checked field lines, each ended by CRLF.
   * @param length Bytes of body that will follow; `undefined` if not known.
   * @param _hasDate Without meaning here.
   * @param out Where to encode it.
   */
  head(
    exchange: number,
    status: number,
    fields: string,
    length: number | undefined,
    _hasDate: boolean,
    out: OutputBuffer,
  ): void {
    const request = this.#open.find(exchange);
    if (request === undefined) return;
    request.headSent = true;
    request.bodyless = request.isHead || isWithoutContent(status);
    writeHead(out, request.id, status, fields, length);
  }

  /**
   * As {@linkcode WireProtocol.data}.
   *
   * @param exchange The number of the exchange.
   * @param chunk Bytes, or text to be sent as UTF-8.
   * @param out Where to encode it.
   * @returns How many bytes of body that was.
   */
  data(exchange: number, chunk: Uint8Array | string, out: OutputBuffer): number {
    const request = this.#open.find(exchange);
    if (request === undefined || request.bodyless) return 0;
    if (typeof chunk === "string") return writeText(out, RecordType.Stdout, request.id, chunk);
    writeBytes(out, RecordType.Stdout, request.id, chunk);
    return chunk.length;
  }

  /**
   * As {@linkcode WireProtocol.end}. The end of STDOUT and END_REQUEST lie right behind the last of
   * the body.
   *
   * @param exchange The number of the exchange.
   * @param _trailers Dropped: CGI has no trailers.
   * @param out Where to encode it.
   */
  end(exchange: number, _trailers: string, out: OutputBuffer): void {
    const request = this.#open.find(exchange);
    if (request === undefined) return;
    writeAnswerEnd(out, request.id);
    this.#open.close(request);
  }

  /**
   * As {@linkcode WireProtocol.whole}: head and body in one record.
   *
   * @param exchange The number of the exchange.
   * @param status 200 to 999.
   * @param fields Checked field lines, each ended by CRLF.
   * @param length Bytes of body; `undefined` sends no content-length.
   * @param _hasDate Without meaning here.
   * @param chunk The whole body.
   * @param out Where to encode it.
   * @returns How many bytes of body that was.
   */
  whole(
    exchange: number,
    status: number,
    fields: string,
    length: number | undefined,
    _hasDate: boolean,
    chunk: Uint8Array | string,
    out: OutputBuffer,
  ): number {
    const request = this.#open.find(exchange);
    if (request === undefined) return 0;
    const body = request.isHead || isWithoutContent(status) ? "" : chunk;
    const size = writeWhole(out, request.id, status, fields, length, body);
    this.#open.close(request);
    return size;
  }

  /**
   * As {@linkcode WireProtocol.cut}: nothing more is sent for this exchange, no new request is taken,
   * and the connection closes when the other ones are over.
   *
   * @param exchange The number of the exchange.
   */
  cut(exchange: number): void {
    const request = this.#open.find(exchange);
    if (request === undefined) return;
    this.#open.cut(request);
  }

  /**
   * As {@linkcode WireProtocol.refuse}. With a status, every request that has no answer yet gets it;
   * without one, the connection just closes.
   *
   * @param error What was wrong.
   * @param out Where to encode it.
   * @returns Whether any of them got it.
   */
  refuse(error: ProtocolError, out: OutputBuffer): boolean {
    let told = false;
    for (const request of this.#open) {
      if (error.status !== 0 && !request.headSent) {
        writeStatus(out, request.id, error.status, request.isHead);
        told = true;
      }
      this.#open.close(request);
    }
    this.#open.last = true;
    return told;
  }
}
