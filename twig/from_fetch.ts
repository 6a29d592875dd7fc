/**
 * Runs a web-standard handler, `(Request) => Response`, as a TWIG app: Hono, Oak, h3 and plain
 * `export default { fetch }` modules run unchanged. Both bodies stream, with backpressure both ways.
 *
 * @module
 */
import { toRequest } from "./fetch_request.ts";
import type { TwigRequest } from "./request.ts";
import type { TwigResponse } from "./response.ts";
import type { App, Remote } from "./types.ts";

/** What a handler gets beside the request, in the shape of `Deno.serve`. */
export interface FetchInfo {
  /**
   * The client's address, in the shape that `Deno.serve` gives for TCP. Where there is none, as on a Unix socket, its
   * `hostname` is empty and its `port` 0.
   */
  readonly remoteAddr: Deno.NetAddr;
  /** The client, as TWIG knows it. */
  readonly remote: Remote;
  /** Resolves when the answer has been read to its end; rejects if the client went away, or the answer failed. */
  readonly completed: Promise<void>;
}

/** A web-standard handler. */
export type FetchHandler = (request: Request, info: FetchInfo) => Response | Promise<Response>;

/** A handler, or a module that exports `{ fetch }`. */
export type FetchApp = FetchHandler | { readonly fetch: FetchHandler };

/**
 * Makes a TWIG app of a web-standard handler.
 *
 * A path with a dot segment (`.`, `..`, also as `%2e`) or a backslash is answered 400: the URL standard makes another
 * path of it, which `Request.url` would show, but which was not routed, nor seen by any guard in front of the app.
 *
 * @param handler A function from `Request` to `Response`, or an object with a `fetch` method.
 * @returns The app.
 * @throws {TypeError} If `handler` is neither.
 *
 * @example Usage
 * ```ts
 * import { fromFetch } from "@archangel/archangel/twig";
 * import { TestClient } from "@archangel/archangel/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const app = fromFetch((request) => Response.json({ path: new URL(request.url).pathname }));
 * const answer = await new TestClient(app).get("/here");
 * assertEquals(await answer.json(), { path: "/here" });
 * ```
 */
export function fromFetch(handler: FetchApp): App {
  const fetch = typeof handler === "function" ? handler : handler?.fetch?.bind(handler);
  if (typeof fetch !== "function") {
    throw new TypeError("Cannot make an app: a fetch handler is a function or an object with a fetch method");
  }
  return (request, response) => {
    const exchange = new FetchExchange(request, response);
    try {
      const result = fetch(toRequest(request), exchange);
      if (result instanceof Response) return answer(result, response, exchange);
      return answerLate(result, response, exchange);
    } catch (error) {
      exchange.failed(error);
      throw error;
    }
  };
}

class FetchExchange implements FetchInfo {
  readonly #twig: TwigRequest;
  readonly #response: TwigResponse;
  /** What `completed` shows, once somebody asked for it or it has failed: most never do. */
  #completed: PromiseWithResolvers<void> | undefined;
  #sent = false;

  constructor(twig: TwigRequest, response: TwigResponse) {
    this.#twig = twig;
    this.#response = response;
  }

  get remote(): Remote {
    return this.#twig.remote;
  }

  get remoteAddr(): Deno.NetAddr {
    const { address, port } = this.#twig.remote;
    return { transport: "tcp", hostname: address, port };
  }

  get completed(): Promise<void> {
    return this.#outcome().promise;
  }

  #outcome(): PromiseWithResolvers<void> {
    if (this.#completed !== undefined) return this.#completed;
    const completed = this.#completed = Promise.withResolvers<void>();
    // Nobody has to look at it.
    completed.promise.catch(() => {});
    const { signal } = this.#twig;
    if (signal.aborted) completed.reject(signal.reason);
    else signal.addEventListener("abort", () => completed.reject(signal.reason), { once: true });
    if (this.#sent) this.finished();
    return completed;
  }

  /** The stream has ended. Whether it was as long as was declared shows when the server hears of that. */
  finished(): void {
    this.#sent = true;
    const completed = this.#completed;
    if (completed !== undefined) setImmediate(() => completed.resolve());
  }

  /** Nobody reads the stream on, which an answer to HEAD does not need either. */
  stopped(): void {
    if (this.#twig.method === "HEAD" && this.#response.headSent) this.finished();
    else this.failed(new Error("The answer ended before its stream did"));
  }

  failed(error: unknown): void {
    this.#outcome().reject(error);
  }
}

async function answerLate(
  result: Response | Promise<Response>,
  response: TwigResponse,
  exchange: FetchExchange,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  try {
    return answer(await result, response, exchange);
  } catch (error) {
    exchange.failed(error);
    throw error;
  }
}

function answer(
  result: Response,
  response: TwigResponse,
  exchange: FetchExchange,
): AsyncIterable<Uint8Array> | undefined {
  if (!(result instanceof Response)) {
    throw new TypeError("Cannot send the answer: a fetch handler has to return a Response");
  }
  if (result.type === "error") throw new TypeError("Cannot send the answer: it is Response.error()");
  if (response.headSent) {
    // Answered already, as with 408 to a slow upload: the source of the stream has to hear of it, though nobody reads.
    exchange.failed(new Error("The answer came too late: there was another"));
    result.body?.cancel().catch(() => {});
    return undefined;
  }
  const fields: [string, string][] = [];
  // A third of the time of iterating over them.
  result.headers.forEach((value, name) => fields.push([name, value]));
  response.start(result.status, fields);
  if (result.body === null) {
    exchange.finished();
    return undefined;
  }
  return new Pieces(result.body, exchange);
}

const HEAD_FIRST: Promise<IteratorResult<Uint8Array, undefined>> = Promise.resolve({
  value: new Uint8Array(0),
  done: false,
});

/** A body, piece by piece. An async generator over the stream takes four times as long. */
class Pieces implements AsyncIterableIterator<Uint8Array, undefined> {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #exchange: FetchExchange;
  #begun = false;
  #failed = false;

  constructor(body: ReadableStream<Uint8Array>, exchange: FetchExchange) {
    this.#reader = body.getReader();
    this.#exchange = exchange;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#begun) return this.#read();
    // A client is told of the answer when its stream waits, as other fetch hosts tell it.
    this.#begun = true;
    return HEAD_FIRST;
  }

  async #read(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      const { value, done } = await this.#reader.read();
      if (!done) return { value, done };
      this.#exchange.finished();
      return { value: undefined, done };
    } catch (error) {
      this.#failed = true;
      this.#exchange.failed(error);
      throw error;
    }
  }

  /** Nobody reads on: the handler's source hears of it, unless it has failed, which would be told again. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#exchange.stopped();
    if (!this.#failed) await this.#reader.cancel();
    return { value: undefined, done: true };
  }
}
