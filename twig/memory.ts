/**
 * Carries an exchange without any wire: the test client and `toFetch` give a request as plain values
 * and take the answer as it is made.
 *
 * @module
 */
import type { Carrier } from "./carrier.ts";
import { Exchange } from "./exchange.ts";
import { HeaderFields } from "./headers.ts";
import type { App, Chunk, Remote, ServerInfo } from "./types.ts";
import type { RequestHead } from "./wire.ts";
import { utf8 } from "./bytes.ts";

/** A request as plain values. */
export interface MemoryRequest {
  /** The method. */
  readonly method: string;
  /** The whole URL. */
  readonly url: URL;
  /** The target as a wire would bring it. Default: path and query of `url`, which has no dot segments. */
  readonly target?: string;
  /** The header fields. */
  readonly headers: HeaderFields;
  /** The body's pieces; `undefined` for none. Their iterator is returned if the exchange ends before they do. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** The client's end. */
  readonly remote: Remote;
}

/** What becomes of an answer. */
export interface AnswerSink {
  /** An interim answer. */
  informational(status: number, fields: HeaderFields): void;
  /** The head of the answer. */
  head(status: number, fields: HeaderFields): void;
  /** A piece of the body; its memory may change after this returns, unless `drained` waits. */
  data(chunk: Uint8Array): void;
  /** The end of a complete answer. */
  end(trailers: HeaderFields): void;
  /** The end of an answer that is not complete. */
  cut(): void;
  /** As {@linkcode Carrier.drained}. */
  drained(): Promise<void> | undefined;
  /** An app failed. */
  report(error: unknown): void;
}

/** Splits encoded field lines again. They have been checked, so nothing can go wrong. */
function parseLines(lines: string): HeaderFields {
  const fields = new HeaderFields();
  for (const line of lines.split("\r\n")) {
    const colon = line.indexOf(": ");
    if (colon > 0) fields.append(line.slice(0, colon), line.slice(colon + 2));
  }
  return fields;
}

/** One exchange without a wire. */
export class MemoryCarrier implements Carrier {
  /** Never: there is no wire. */
  readonly shared = false;
  /** Whether details of errors are shown in the answer. */
  readonly development: boolean;
  /** The exchange. */
  readonly exchange: Exchange;

  readonly #sink: AnswerSink;
  readonly #request: MemoryRequest;
  /** What is still to come of the request's body. */
  #pieces: AsyncIterator<Uint8Array> | undefined;
  #reading = false;
  /** Whether this is an answer that a wire could send trailers with. */
  #chunked = false;

  /**
   * @param app The app to call.
   * @param request What it is asked.
   * @param sink What becomes of its answer.
   * @param options `development` shows errors; `bodyLimit` is in bytes, `Infinity` for none.
   */
  constructor(
    app: App,
    request: MemoryRequest,
    sink: AnswerSink,
    options: { readonly development: boolean; readonly bodyLimit: number },
  ) {
    this.#sink = sink;
    this.#request = request;
    this.development = options.development;
    this.#pieces = request.body?.[Symbol.asyncIterator]();
    this.exchange = new Exchange(this, memoryHead(request), app, 0, options.bodyLimit);
    if (this.#pieces === undefined) this.exchange.body.finish(undefined);
  }

  /**
   * The client is gone, or gave the exchange up.
   *
   * @param why For the reason of `request.signal`.
   */
  abort(why: string): void {
    this.exchange.abort(why);
    this.#stopBody();
  }

  /** The client's end, as the request gave it. */
  remoteOf(): Remote {
    return this.#request.remote;
  }

  /** The server's end, as far as the URL tells. */
  serverOf(): ServerInfo {
    const { url } = this.#request;
    return {
      name: url.hostname,
      address: "",
      port: Number(url.port) || (url.protocol === "https:" ? 443 : 80),
      protocol: "HTTP/1.1",
      software: "archangel",
    };
  }

  /** Reads one piece of the request's body, when the app waits for it. */
  wantBody(exchange: Exchange): void {
    if (this.#pieces === undefined || this.#reading || !exchange.body.wanted) return;
    this.#reading = true;
    this.#pieces.next().then(({ value, done }) => {
      this.#reading = false;
      if (done === true) {
        this.#pieces = undefined;
        return exchange.body.finish(undefined);
      }
      if (value.length > 0) exchange.body.push(value);
      this.wantBody(exchange);
    }).catch((error) => {
      this.#pieces = undefined;
      exchange.body.fail(error);
    });
  }

  /** Nobody reads on: where the body comes from hears of it, and whatever that throws concerns nobody here. */
  #stopBody(): void {
    const pieces = this.#pieces;
    this.#pieces = undefined;
    pieces?.return?.().catch(() => {});
  }

  /** Hands an interim answer to the sink. */
  informational(_exchange: Exchange, status: number, fields: string): void {
    this.#sink.informational(status, parseLines(fields));
  }

  /** Hands the head to the sink. */
  head(
    exchange: Exchange,
    status: number,
    fields: string,
    length: number | undefined,
    _hasDate: boolean,
  ): void {
    const list = parseLines(fields);
    this.#chunked = length === undefined && exchange.output.bodyAllowed;
    // A wire would frame with it; here it is what the app declared or what is known.
    if (length !== undefined && status !== 204 && status !== 304) {
      list.set("content-length", String(length));
    }
    this.#sink.head(status, list);
  }

  /** Hands a piece to the sink. */
  data(_exchange: Exchange, chunk: Chunk): number {
    const bytes = typeof chunk === "string" ? utf8.encode(chunk) : chunk;
    if (bytes.length > 0) this.#sink.data(bytes);
    return bytes.length;
  }

  /** Hands the end to the sink; trailers only where a wire could send them (RFC 9112 §7.1.2). */
  end(_exchange: Exchange, trailers: string): void {
    this.#sink.end(parseLines(this.#chunked ? trailers : ""));
    this.#stopBody();
  }

  /** Hands a whole answer to the sink. */
  whole(
    exchange: Exchange,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
    chunk: Chunk,
  ): void {
    // It is over, also if the sink cannot take such a head.
    this.#stopBody();
    this.head(exchange, status, fields, length, hasDate);
    exchange.output.sentBytes = chunk.length === 0 ? 0 : this.data(exchange, chunk);
    this.end(exchange, "");
  }

  /** Tells the sink that the answer is cut. */
  cut(_exchange: Exchange): void {
    this.#sink.cut();
    this.#stopBody();
  }

  /** Nothing is held here. */
  flush(): void {}

  /** Asks the sink. */
  drained(): Promise<void> | undefined {
    return this.#sink.drained();
  }

  /** There is no connection to close. */
  closeAfter(): void {}

  /** Hands the error to the sink. */
  report(_exchange: Exchange, error: unknown): void {
    this.#sink.report(error);
  }
}

function memoryHead(request: MemoryRequest): RequestHead {
  const { url } = request;
  const target = request.target ?? url.pathname + url.search;
  const [path = ""] = target.split("?", 1);
  const length = request.headers.get("content-length");
  request.headers.seal("received");
  return {
    kind: "head",
    exchange: 0,
    method: request.method,
    target,
    path,
    query: target.slice(path.length + 1),
    authority: request.headers.get("host") ?? url.host,
    protocol: "HTTP/1.1",
    secure: url.protocol === "https:",
    bodyLength: request.body === undefined ? 0 : sizeFrom(length),
    headers: request.headers,
    env: undefined,
    variable: () => "",
  };
}

/** What a wire would refuse says nothing. */
function sizeFrom(contentLength: string | undefined): number | undefined {
  return contentLength !== undefined && /^\d{1,15}$/.test(contentLength) ? Number(contentLength) : undefined;
}
