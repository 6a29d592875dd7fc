/**
 * The web-standard `Request` of a TWIG request, made for good only when somebody needs all of it.
 *
 * `new Request` with fields and a signal takes longer than everything else a small request costs, and
 * most handlers look at method, URL and a field or two. So they get an object that has these, inherits the
 * rest from `Request.prototype`, and makes a real request for it on first use. The platform's own code
 * finds what it looks for in there too: `new Request(request)`, `fetch(request)`, `request.clone()`.
 *
 * That rests on the platform keeping its state in properties, which is tried when this module is loaded.
 * Where it does not, every handler gets a real request at once.
 *
 * @module
 */
import { HttpError } from "./errors.ts";
import { urlOf } from "./fetch_url.ts";
import type { TwigRequest } from "./request.ts";

/** Methods that `new Request` refuses outright (fetch standard, forbidden methods). */
const FORBIDDEN: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
/** Methods that `new Request` takes as they are. */
const USUAL: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Makes a web-standard request.
 *
 * @param twig The request to show. Its body is read as the handler reads.
 * @returns A `Request`.
 * @throws {HttpError} 501 for a method that no `Request` can have, 400 if it can have no such URL, or not the path that
 * was routed.
 */
export function toRequest(twig: TwigRequest): Request {
  const { method } = twig;
  if (FORBIDDEN.has(method)) throw new HttpError(501, `The method ${method} is not supported here`);
  try {
    const url = urlOf(twig);
    return lazily && USUAL.has(method)
      ? new LazyRequest(twig, url) as unknown as Request
      : realRequest(twig, url);
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(400, "The request cannot be understood");
  }
}

function realRequest(twig: TwigRequest, url: string, headers: Headers = headersOf(twig)): Request {
  const init: RequestInit = { method: twig.method, headers, signal: twig.signal };
  if (mayHaveBody(twig)) init.body = bodyStream(twig);
  return new Request(url, init);
}

function headersOf(twig: TwigRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of twig.headers) {
    // Headers would join them with a comma, which is part of a cookie's value (RFC 9113 §8.2.3).
    if (name === "cookie" && headers.has(name)) headers.set(name, `${headers.get(name)}; ${value}`);
    else headers.append(name, value);
  }
  return headers;
}

function mayHaveBody({ contentLength, method }: TwigRequest): boolean {
  return contentLength !== 0 && method !== "GET" && method !== "HEAD";
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

const TWIG = Symbol("twig");
const URL_TEXT = Symbol("url");
const FIELDS = Symbol("fields");
const REAL = Symbol("real");
const TAKEN = Symbol("taken");

/** Has what most handlers look at. Its state is under symbols, as the platform's is, so that a Proxy finds it. */
class LazyRequest {
  readonly [TWIG]: TwigRequest;
  readonly [URL_TEXT]: string;
  [FIELDS]: Headers | undefined;
  [REAL]: Request | undefined;
  /** The body was read without a stream. */
  [TAKEN]: boolean;

  constructor(twig: TwigRequest, url: string) {
    this[TWIG] = twig;
    this[URL_TEXT] = url;
    this[FIELDS] = undefined;
    this[REAL] = undefined;
    this[TAKEN] = false;
  }

  get method(): string {
    return this[TWIG].method;
  }

  get url(): string {
    return this[URL_TEXT];
  }

  /** May be changed by the handler; a real request that is made later has what they are then. */
  get headers(): Headers {
    return this[FIELDS] ??= headersOf(this[TWIG]);
  }

  get signal(): AbortSignal {
    return this[TWIG].signal;
  }

  get body(): ReadableStream<Uint8Array> | null {
    return mayHaveBody(this[TWIG]) ? realOf(this).body : null;
  }

  bytes(): Promise<Uint8Array<ArrayBuffer>> {
    return takeBody(this) ?? realOf(this).bytes();
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const { buffer, byteOffset, byteLength } = await this.bytes();
    if (byteLength === buffer.byteLength) return buffer;
    return buffer.slice(byteOffset, byteOffset + byteLength);
  }

  async text(): Promise<string> {
    return decoder.decode(await this.bytes());
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

const decoder = new TextDecoder();

/** The whole body, if nobody has begun to read it: a stream takes much longer. */
function takeBody(lazy: LazyRequest): Promise<Uint8Array<ArrayBuffer>> | undefined {
  const twig = lazy[TWIG];
  if (lazy[TAKEN] || lazy[REAL] !== undefined || !mayHaveBody(twig)) return undefined;
  lazy[TAKEN] = true;
  return twig.body.bytes() as Promise<Uint8Array<ArrayBuffer>>;
}

function realOf(lazy: LazyRequest): Request {
  if (lazy[REAL] === undefined) {
    const real = lazy[REAL] = realRequest(lazy[TWIG], lazy[URL_TEXT], lazy.headers);
    // A read body is read in the real request too. Nothing is pulled from the socket for that.
    if (lazy[TAKEN]) real.body?.cancel();
  }
  return lazy[REAL];
}

/** Whatever else is asked of a lazy request, or of the slots in which the platform keeps its state. */
function inheritFromRequest(): void {
  const { prototype } = LazyRequest;
  Object.setPrototypeOf(prototype, Request.prototype);
  delete (prototype as { constructor?: unknown }).constructor;
  for (const slot of Object.getOwnPropertySymbols(new Request("http://localhost/"))) {
    Object.defineProperty(prototype, slot, {
      get(this: LazyRequest): unknown {
        return Reflect.get(realOf(this), slot);
      },
      set(this: LazyRequest, value: unknown) {
        Reflect.set(realOf(this), slot, value);
      },
    });
  }
}

/** Whether the platform takes a lazy request for a request. */
function platformAgrees(): boolean {
  inheritFromRequest();
  const { signal } = new AbortController();
  const twig = { method: "POST", headers: [["a", "b"]], signal, contentLength: 0 } as unknown as TwigRequest;
  const lazy = new LazyRequest(twig, "http://localhost/c") as unknown as Request;
  try {
    const copies = [new Request(lazy), lazy.clone()];
    return copies.every(({ method, url, headers }) =>
      method === "POST" && url === lazy.url && headers.get("a") === "b"
    );
  } catch {
    return false;
  }
}

const lazily = platformAgrees();
