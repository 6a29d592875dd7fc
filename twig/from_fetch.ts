/**
 * Runs a web-standard handler, `(Request) => Response`, as a TWIG app: Hono, Oak, h3 and plain
 * `export default { fetch }` modules run unchanged. Both bodies stream, with backpressure both ways.
 *
 * @module
 */
import { HttpError } from "./errors.ts";
import type { TwigRequest } from "./request.ts";
import type { TwigResponse } from "./response.ts";
import type { App, Remote } from "./types.ts";

/** What a handler gets beside the request, in the shape of `Deno.serve`. */
export interface FetchInfo {
  /** The client's address, as `Deno.serve` gives it. */
  readonly remoteAddr: Deno.NetAddr;
  /** The client, as TWIG knows it. */
  readonly remote: Remote;
  /** Resolves when the answer has been read to its end; rejects if the client went away. */
  readonly completed: Promise<void>;
}

/** A web-standard handler. */
export type FetchHandler = (request: Request, info: FetchInfo) => Response | Promise<Response>;

/** A handler, or a module that exports `{ fetch }`. */
export type FetchApp = FetchHandler | { readonly fetch: FetchHandler };

/** Methods that `new Request` refuses outright (fetch standard, forbidden methods). */
const FORBIDDEN: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);

/**
 * Makes a TWIG app of a web-standard handler.
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
  return async (request, response) => {
    const exchange = new FetchExchange(request);
    return answer(await fetch(exchange.request, exchange), response, exchange);
  };
}

class FetchExchange implements FetchInfo {
  readonly request: Request;
  readonly #twig: TwigRequest;
  #completed: PromiseWithResolvers<void> | undefined;

  constructor(twig: TwigRequest) {
    this.#twig = twig;
    this.request = toRequest(twig);
  }

  get remote(): Remote {
    return this.#twig.remote;
  }

  get remoteAddr(): Deno.NetAddr {
    const { address, port } = this.#twig.remote;
    return { transport: "tcp", hostname: address, port };
  }

  get completed(): Promise<void> {
    if (this.#completed === undefined) {
      this.#completed = Promise.withResolvers();
      // Nobody has to look at it.
      this.#completed.promise.catch(() => {});
      const { signal } = this.#twig;
      signal.addEventListener("abort", () => this.#completed?.reject(signal.reason), { once: true });
    }
    return this.#completed.promise;
  }

  finished(): void {
    this.#completed?.resolve();
  }
}

/** `new Request` costs microseconds and a signal more; handlers need both, so nothing is spared here. */
function toRequest(twig: TwigRequest): Request {
  if (FORBIDDEN.has(twig.method)) throw new HttpError(501, `The method ${twig.method} is not supported here`);
  const { contentLength } = twig;
  const bodyless = contentLength === 0 || twig.method === "GET" || twig.method === "HEAD";
  const headers = new Headers();
  for (const [name, value] of twig.headers) headers.append(name, value);
  const init: RequestInit = { method: twig.method, headers, signal: twig.signal };
  if (!bodyless) init.body = bodyStream(twig);
  try {
    return new Request(twig.url, init);
  } catch {
    throw new HttpError(400, "The request cannot be understood");
  }
}

/** Pulls from the socket only as the handler reads (`highWaterMark` 0). */
function bodyStream(twig: TwigRequest): ReadableStream<Uint8Array<ArrayBuffer>> {
  let pieces: AsyncIterator<Uint8Array> | undefined;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      pieces ??= twig.body[Symbol.asyncIterator]();
      const { value, done } = await pieces.next();
      if (done === true) controller.close();
      else controller.enqueue(value as Uint8Array<ArrayBuffer>);
    },
    async cancel() {
      await pieces?.return?.();
    },
  }, { highWaterMark: 0 });
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
  if (exchange.request.signal.aborted) {
    // The client is gone: the source of the stream has to hear of it, though nobody reads.
    result.body?.cancel().catch(() => {});
    return undefined;
  }
  response.start(result.status, result.headers);
  if (result.body === null) {
    exchange.finished();
    return undefined;
  }
  return pieces(result.body, exchange);
}

const NOTHING = new Uint8Array(0);

async function* pieces(
  body: ReadableStream<Uint8Array>,
  exchange: FetchExchange,
): AsyncGenerator<Uint8Array> {
  // A client is told of the answer when its stream waits, as other fetch hosts tell it.
  yield NOTHING;
  // Leaving the loop early cancels the stream, so the handler's source hears of it.
  for await (const piece of body) yield piece;
  exchange.finished();
}
