/**
 * Drives an app without a socket, for tests.
 *
 * @example Usage
 * ```ts
 * import { TestClient } from "@archangel/archangel/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const client = new TestClient((request) => `You asked for ${request.pathInfo}`);
 * const answer = await client.get("/there");
 * assertEquals(answer.status, 200);
 * assertEquals(await answer.text(), "You asked for /there");
 * ```
 *
 * @module
 */
import { byteLength, utf8 } from "./bytes.ts";
import { ConnectionLost } from "./errors.ts";
import { type FieldsInit, HeaderFields } from "./headers.ts";
import { type AnswerSink, MemoryCarrier } from "./memory.ts";
import type { App, Chunk, Remote } from "./types.ts";

export type { AnswerSink };

/** What to send with a test request. */
export interface TestRequestInit {
  /**
   * Header fields. Those that are missing are set as clients do: `host` from the URL, and `content-length` where the
   * body is text or bytes.
   */
  readonly headers?: FieldsInit;
  /** The body: text, bytes, or pieces that are sent as the app reads them. */
  readonly body?: Chunk | AsyncIterable<Chunk> | Iterable<Chunk>;
  /** The client's end. Default: 127.0.0.1, port 50000. */
  readonly remote?: Remote;
  /** Largest body in bytes. Default: no limit. */
  readonly bodyLimit?: number;
}

const REMOTE: Remote = { address: "127.0.0.1", host: "127.0.0.1", port: 50000, user: "" };

/** Sends requests to an app and collects its answers. */
export class TestClient {
  readonly #app: App;
  readonly #development: boolean;

  /**
   * Makes a client of one app.
   *
   * @param app The app.
   * @param options `development` shows errors of the app in its answers. Default `false`.
   */
  constructor(app: App, options: { readonly development?: boolean } = {}) {
    this.#app = app;
    this.#development = options.development ?? false;
  }

  /**
   * Sends a request.
   *
   * @param method The method, such as `"PUT"`.
   * @param target A path with an optional query, sent as it is given, or `*`; or a whole URL. Without
   * one the host is `localhost`.
   * @param init Header fields and body.
   * @returns The answer, as soon as its head is there; its body may still be on its way.
   * @throws {ConnectionLost} If the app cut the answer before.
   */
  request(method: string, target: string, init: TestRequestInit = {}): Promise<TestAnswer> {
    const raw = target.startsWith("/") || target === "*";
    const url = new URL(raw ? "http://localhost" : target);
    const headers = HeaderFields.from(init.headers ?? {});
    if (!headers.has("host")) headers.append("host", url.host);
    const size = sizeOfBody(init.body);
    if (size !== undefined && !headers.has("content-length") && !headers.has("transfer-encoding")) {
      headers.append("content-length", String(size));
    }
    const body = init.body === undefined ? undefined : pieces(init.body);
    const answer = new TestAnswer();
    const carrier = new MemoryCarrier(
      this.#app,
      { method, url, ...(raw && { target }), headers, body, remote: init.remote ?? REMOTE },
      answer,
      { development: this.#development, bodyLimit: init.bodyLimit ?? Infinity },
    );
    answer.onHangUp = (why) => carrier.abort(why);
    carrier.exchange.run();
    return answer.headReceived;
  }

  /** `request("GET", target, init)`. */
  get(target: string, init: TestRequestInit = {}): Promise<TestAnswer> {
    return this.request("GET", target, init);
  }

  /** `request("POST", target, { ...init, body })`. */
  post(
    target: string,
    body: NonNullable<TestRequestInit["body"]>,
    init: TestRequestInit = {},
  ): Promise<TestAnswer> {
    return this.request("POST", target, { ...init, body });
  }

  /** `request("HEAD", target, init)`. */
  head(target: string, init: TestRequestInit = {}): Promise<TestAnswer> {
    return this.request("HEAD", target, init);
  }
}

/** What a client knows before it sends; of pieces nothing. */
function sizeOfBody(body: TestRequestInit["body"]): number | undefined {
  if (typeof body === "string") return byteLength(body);
  return body instanceof Uint8Array ? body.length : undefined;
}

async function* pieces(body: NonNullable<TestRequestInit["body"]>): AsyncGenerator<Uint8Array> {
  if (typeof body === "string") yield utf8.encode(body);
  else if (body instanceof Uint8Array) yield body;
  else for await (const piece of body) yield typeof piece === "string" ? utf8.encode(piece) : piece;
}

/** An answer, as it is received. */
export class TestAnswer implements AnswerSink {
  /** The status; 0 until the head is there. */
  status = 0;
  /** The header fields. */
  headers: HeaderFields = new HeaderFields();
  /** The trailer fields; empty until the end, and where a wire could send none: HEAD, a declared length, 204, 304. */
  trailers: HeaderFields = new HeaderFields();
  /** The body's pieces, as the app's chunks were sent: corked ones are still apart here. */
  readonly chunks: Uint8Array[] = [];
  /** Interim answers, in order. */
  readonly interim: { readonly status: number; readonly headers: HeaderFields }[] = [];
  /** Whether the answer was cut short. */
  wasCut = false;
  /** What the server would have logged. */
  readonly errors: unknown[] = [];
  /** Set by the client: tells the exchange that this client is gone. */
  onHangUp: (why: string) => void = () => {};

  readonly #head = Promise.withResolvers<TestAnswer>();
  readonly #end = Promise.withResolvers<void>();
  #over = false;

  /** Resolves with this answer when its head is there; rejects if the answer ends before. */
  get headReceived(): Promise<TestAnswer> {
    return this.#head.promise;
  }

  /** Resolves when the answer is complete or cut. */
  get ended(): Promise<void> {
    return this.#end.promise;
  }

  /** Waits for the end; @returns the body. */
  async bytes(): Promise<Uint8Array> {
    await this.#end.promise;
    return new Uint8Array(await new Blob(this.chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  }

  /** Waits for the end; @returns the body as text. */
  async text(): Promise<string> {
    return new TextDecoder().decode(await this.bytes());
  }

  /** Waits for the end; @returns the body, parsed as JSON. */
  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  /** Goes away, as a client that closes its connection does. Once the answer has ended, that changes nothing. */
  hangUp(): void {
    if (this.#over) return;
    this.#over = this.wasCut = true;
    this.onHangUp("The test client hung up");
    this.#head.reject(new ConnectionLost("The test client hung up"));
    this.#end.resolve();
  }

  /** For the carrier: an interim answer. */
  informational(status: number, headers: HeaderFields): void {
    this.interim.push({ status, headers });
  }

  /** For the carrier: the head. */
  head(status: number, fields: HeaderFields): void {
    this.status = status;
    this.headers = fields;
    this.#head.resolve(this);
  }

  /** For the carrier: a piece. */
  data(chunk: Uint8Array): void {
    // Not by slice(): that of a Buffer is a view.
    this.chunks.push(new Uint8Array(chunk));
  }

  /** For the carrier: the end. */
  end(trailers: HeaderFields): void {
    this.#over = true;
    this.trailers = trailers;
    this.#end.resolve();
  }

  /** For the carrier: the answer is cut. */
  cut(): void {
    this.#over = this.wasCut = true;
    this.#head.reject(new ConnectionLost("The answer was cut before its head"));
    this.#end.resolve();
  }

  /** For the carrier: a test takes everything at once. */
  drained(): undefined {
    return undefined;
  }

  /** For the carrier: an error of the app. */
  report(error: unknown): void {
    this.errors.push(error);
  }
}
