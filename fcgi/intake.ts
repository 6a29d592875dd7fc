/**
 * What a request's own records do: begin it, give it PARAMS and STDIN, abort it (FastCGI 1.0 §5, §6).
 * Turns them into events, holds them to the limits, and answers where no app can.
 *
 * A bad request is answered with its status and leaves the other ids alone. Once an app is at work,
 * a body that breaks its promise aborts the exchange: it never ends as if it were whole.
 *
 * @module
 */
import type { InputBuffer } from "../twig/input_buffer.ts";
import type { OutputBuffer } from "../twig/output_buffer.ts";
import { ProtocolError } from "../twig/errors.ts";
import type { Aborted, BodyChunk, EndOfRequest, Refused, RequestHead, WireLimits } from "../twig/wire.ts";
import { writeOverloaded, writeStatus } from "./answers.ts";
import { readHead } from "./environ.ts";
import { ProtocolStatus, Role, writeEndRequest } from "./records.ts";
import { FcgiRequest, type OpenRequests } from "./requests.ts";
import { State } from "./states.ts";

/**
 * PARAMS may be this many times larger than an HTTP head. The front end has held the client to its own
 * limits; what it adds is its operator's choice, up to a whole environment. Refusing it would break a
 * site, not stop an attack.
 */
const PARAMS_LEEWAY = 8;
/** And have this many times more pairs than a head has fields: a pair is two numbers until it is asked for. */
const PAIRS_LEEWAY = 50;
/**
 * What PARAMS of one connection, taken together, may hold before they end, in times of what those of one
 * request may. Front ends send one after the other, so that there is hardly ever more than one.
 */
const PARAMS_TOGETHER = 4;

/** Takes in the requests of one connection. */
export class Intake {
  readonly #output: OutputBuffer;
  readonly #open: OpenRequests;
  readonly #limits: WireLimits;
  /** Has its body, and the app is to hear so next. */
  #whole: FcgiRequest | undefined;
  /** The last BEGIN_REQUEST was one too many, and that has been reported. */
  #overloaded = false;

  /**
   * @param output Where answers go that need no app.
   * @param open The open requests.
   * @param limits What to enforce.
   */
  constructor(output: OutputBuffer, open: OpenRequests, limits: WireLimits) {
    this.#output = output;
    this.#open = open;
    this.#limits = limits;
  }

  /**
   * BEGIN_REQUEST for an id that is free. Of a row that is turned away as too many, only the first
   * is reported: a flood of 16-byte records is not to become a flood of log lines.
   *
   * @param id The request id.
   * @param role What the web server wants.
   * @param keep Whether it keeps the connection.
   * @returns What to report if the request is turned away.
   */
  begin(id: number, role: number, keep: boolean): Refused | undefined {
    if (this.#open.wasCut(id)) return undefined;
    const { headerBytes, openExchanges } = this.#limits;
    const request = new FcgiRequest(id, this.#open.nextNumber(id), keep, headerBytes * PARAMS_LEEWAY);
    if (role !== Role.Responder) {
      writeEndRequest(this.#output, id, ProtocolStatus.UnknownRole);
      return this.#turnAway(request, 0, "unknown-role", `role ${role} is not served`);
    }
    if (this.#open.last || this.#open.size >= openExchanges) {
      const refused = this.#tooMany(request);
      const isNews = !this.#overloaded;
      this.#overloaded = true;
      return isNews ? refused : undefined;
    }
    this.#overloaded = false;
    this.#open.add(request);
    return undefined;
  }

  #tooMany(request: FcgiRequest): Refused {
    if (this.#limits.openExchanges === 1 && this.#open.size === 1) {
      writeEndRequest(this.#output, request.id, ProtocolStatus.CannotMultiplex);
      return this.#turnAway(request, 0, "not-multiplexed", "the connection takes one at a time");
    }
    writeOverloaded(this.#output, request.id);
    return this.#turnAway(request, 503, "overloaded", "the connection takes no more");
  }

  /** What was said no to at once. Further records of the id are ignored, since none is open. */
  #turnAway(request: FcgiRequest, status: number, code: string, why: string): Refused {
    this.#open.close(request);
    const error = new ProtocolError(status, code, `Cannot begin FastCGI request ${request.id}: ${why}`);
    return { kind: "refused", exchange: request.number, error };
  }

  /**
   * A piece of PARAMS, which is copied.
   *
   * @param request The request.
   * @param bytes Where the piece is.
   * @param from Index of its first byte.
   * @param to Index after its last byte.
   * @returns What to report if that is too much.
   */
  addParams(request: FcgiRequest, bytes: Uint8Array, from: number, to: number): Refused | undefined {
    if (!request.params.append(bytes, from, to)) {
      const error = new ProtocolError(431, "params-too-large", "Cannot read PARAMS: too many bytes");
      return this.refuse(request, error);
    }
    this.#open.paramsBytes += to - from;
    if (this.#open.paramsBytes <= this.#limits.headerBytes * PARAMS_LEEWAY * PARAMS_TOGETHER) {
      return undefined;
    }
    const why = "Cannot read PARAMS: together with those of other requests they are too many bytes";
    return this.refuse(request, new ProtocolError(503, "overloaded", why));
  }

  /**
   * The end of PARAMS: there is a request, if it is one.
   *
   * @param request The request.
   * @param stdinEnds Whether the end of STDIN is here already.
   * @returns The head, or why there is none.
   */
  endParams(request: FcgiRequest, stdinEnds: boolean): RequestHead | Refused {
    let head: RequestHead;
    this.#open.paramsBytes -= request.params.size;
    try {
      head = this.#readHead(request, stdinEnds);
    } catch (error) {
      if (error instanceof ProtocolError) return this.refuse(request, error);
      throw error;
    }
    request.expected = head.bodyLength;
    this.#open.read(request);
    if (head.bodyLength === 0) this.#bodyIsWhole(request);
    return head;
  }

  #readHead(request: FcgiRequest, stdinEnds: boolean): RequestHead {
    const params = request.params.finish();
    const { headerFields, bodyBytes } = this.#limits;
    if (params === undefined) {
      throw new ProtocolError(400, "bad-params", "Cannot read PARAMS: a length leads out of it");
    }
    if (params.size > headerFields * PAIRS_LEEWAY) {
      throw new ProtocolError(
        431,
        "too-many-params",
        `Cannot read PARAMS: ${params.size} pairs are too many`,
      );
    }
    request.isHead = params.get("REQUEST_METHOD") === "HEAD";
    const head = readHead(params, request.number, stdinEnds ? 0 : undefined);
    if (head.bodyLength !== undefined && head.bodyLength > bodyBytes) {
      throw new ProtocolError(413, "body-too-large", `Cannot take a body of ${head.bodyLength} bytes`);
    }
    return head;
  }

  /**
   * A piece of STDIN, of which no more is taken than CONTENT_LENGTH promised. Without that the app has it, who
   * counts against its limit.
   *
   * @param request The request, whose body is not whole.
   * @param input Where the piece is.
   * @param available How much of it is there, at least 1.
   * @returns What to report.
   */
  takeBody(request: FcgiRequest, input: InputBuffer, available: number): BodyChunk {
    const size = Math.min(available, (request.expected ?? Infinity) - request.received);
    const chunk = input.take(size);
    request.received += size;
    if (request.received === request.expected) this.#bodyIsWhole(request);
    return { kind: "data", exchange: request.number, chunk };
  }

  /**
   * The end of STDIN.
   *
   * @param request The request.
   * @returns What to report if it came too early.
   */
  endStdin(request: FcgiRequest): Aborted | undefined {
    const { expected, received } = request;
    if (request.state === State.Answering) return undefined;
    if (expected !== undefined) {
      return this.#fail(request, `The request body ended after ${received} of ${expected} bytes`);
    }
    this.#bodyIsWhole(request);
    return undefined;
  }

  #bodyIsWhole(request: FcgiRequest): void {
    request.state = State.Answering;
    this.#whole = request;
  }

  /**
   * The event that follows a whole body; to be asked for before anything else is read.
   *
   * @returns The event, once, unless the request is over by now.
   */
  reportWhole(): EndOfRequest | undefined {
    const request = this.#whole;
    if (request === undefined) return undefined;
    this.#whole = undefined;
    if (request.state === State.Over) return undefined;
    return { kind: "end", exchange: request.number, trailers: undefined };
  }

  /**
   * ABORT_REQUEST: its END_REQUEST is sent at once, not when an app notices.
   *
   * @param request The request.
   * @returns What to report if an app is at work on it.
   */
  abort(request: FcgiRequest): Aborted | undefined {
    const known = request.state !== State.Params;
    writeEndRequest(this.#output, request.id, ProtocolStatus.RequestComplete);
    this.#open.close(request);
    return known ? aborted(request, "The front end sent FCGI_ABORT_REQUEST") : undefined;
  }

  /**
   * No more will be read: requests that are not whole are over, the others get their answers.
   *
   * @returns What to report for one of them; ask again until there is no more.
   */
  endOfInput(): Aborted | undefined {
    this.#open.last = true;
    for (const request of this.#open) {
      if (request.state === State.Answering) continue;
      const known = request.state === State.Body;
      this.#open.close(request);
      if (known) return aborted(request, "The front end closed the connection inside the request");
    }
    return undefined;
  }

  /**
   * Gives up the requests whose PARAMS had begun before the last call of this and have not ended since.
   *
   * @returns What to report.
   */
  giveUpHeads(): Refused[] {
    const late: Refused[] = [];
    for (const request of this.#open) {
      if (request.state !== State.Params) continue;
      if (request.overdue) late.push(this.refuse(request, paramsTimeout()));
      request.overdue = true;
    }
    return late;
  }

  /**
   * Answers a request that no app has seen.
   *
   * @param request The request.
   * @param error What is wrong with it, with a status.
   * @returns What to report.
   */
  refuse(request: FcgiRequest, error: ProtocolError): Refused {
    writeStatus(this.#output, request.id, error.status, request.isHead);
    this.#open.close(request);
    return { kind: "refused", exchange: request.number, error };
  }

  /** An app is at work on this request, and will not get what it was promised. */
  #fail(request: FcgiRequest, reason: string): Aborted {
    if (request.headSent) {
      this.#open.cut(request);
      return aborted(request, reason, new ProtocolError(0, "cut-short", reason));
    }
    writeStatus(this.#output, request.id, 400, request.isHead);
    this.#open.close(request);
    return aborted(request, reason, new ProtocolError(400, "cut-short", reason));
  }
}

function paramsTimeout(): ProtocolError {
  return new ProtocolError(408, "header-timeout", "Cannot read PARAMS: they did not end in time");
}

function aborted(request: FcgiRequest, reason: string, error?: ProtocolError): Aborted {
  return { kind: "abort", exchange: request.number, reason, error };
}
