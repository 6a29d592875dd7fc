/**
 * Runs a TWIG app on any fetch host: `deno serve`, a service worker, a test of another framework.
 *
 * @module
 */
import { errorAnswer } from "./error_answer.ts";
import { ContractError } from "./errors.ts";
import { HeaderFields } from "./headers.ts";
import { type AnswerSink, MemoryCarrier } from "./memory.ts";
import type { App, Remote } from "./types.ts";

/** Options of {@linkcode toFetch}. */
export interface ToFetchOptions {
  /** Show errors of the app in the answer. Default `false`. */
  readonly development?: boolean;
  /**
   * Largest request body in bytes. One that is declared larger is answered 413, one that grows larger makes
   * reading it throw an `HttpError` 413. Default: no limit but the host's.
   */
  readonly bodyLimit?: number;
  /**
   * Hears of what the app throws and of the rules that it breaks, also after the answer; of an `HttpError` only if its
   * status is 500, or it cut the answer. Default: the error console, which also gets what this throws itself.
   */
  readonly onError?: (error: unknown) => void;
}

/** What a host such as `Deno.serve` gives beside the request. */
export interface HostInfo {
  /** The client's address. */
  readonly remoteAddr?: Deno.Addr;
}

/**
 * Makes a web-standard handler of a TWIG app.
 *
 * No `Response` can have a status above 599, which TWIG allows: in place of such an answer a 500 is sent, and a
 * `ContractError` with code `bad-status` is reported.
 *
 * The handler rejects with the reason of the request's signal if that aborts before the answer's head, and with a
 * `TypeError` if the app cuts its answer before it. `Deno.serve` hands both to its own `onError`.
 *
 * @param app The app.
 * @param options Development mode, body limit, error hook.
 * @returns A handler for `Deno.serve`, or for `export default { fetch: toFetch(app) }`.
 *
 * @example Usage
 * ```ts
 * import { toFetch } from "@archangel/archangel/twig";
 * import { assertEquals } from "@std/assert";
 *
 * const handler = toFetch(() => "Hello");
 * const response = await handler(new Request("http://localhost/"));
 * assertEquals(await response.text(), "Hello");
 * ```
 */
export function toFetch(
  app: App,
  options: ToFetchOptions = {},
): (request: Request, info?: HostInfo) => Promise<Response> {
  const { development = false, bodyLimit = Infinity, onError = logError } = options;
  return async (request, info) => {
    const { signal } = request;
    signal.throwIfAborted();
    const answer = Promise.withResolvers<Response>();
    const sink = new ResponseSink(answer, development, onError);
    const carrier = new MemoryCarrier(
      app,
      {
        method: request.method,
        url: new URL(request.url),
        headers: HeaderFields.from(request.headers),
        body: request.body === null ? undefined : piecesOf(request.body),
        remote: remoteOf(info),
      },
      sink,
      { development, bodyLimit },
    );
    sink.onCancel = () => carrier.abort("The client cancelled the answer");
    signal.addEventListener("abort", () => {
      carrier.abort("The request was aborted");
      sink.fail(signal.reason);
    }, { once: true });
    carrier.exchange.run();
    return await answer.promise;
  };
}

function logError(error: unknown): void {
  // deno-lint-ignore no-console -- there is no log but the host's
  console.error(error);
}

function remoteOf(info: HostInfo | undefined): Remote {
  const addr = info?.remoteAddr;
  if (addr === undefined || !("hostname" in addr)) return { address: "", host: "", port: 0, user: "" };
  return { address: addr.hostname, host: addr.hostname, port: addr.port, user: "" };
}

/** The pieces of a stream. Its own iterator cannot be returned while a read is pending. */
function piecesOf(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  const iterator: AsyncIterator<Uint8Array, undefined> = {
    async next() {
      const { value, done } = await reader.read();
      return done ? { value: undefined, done } : { value, done };
    },
    async return() {
      await reader.cancel();
      return { value: undefined, done: true };
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A stream whose queue is empty half the time is enough: one chunk is asked for when one is taken. */
class ResponseSink implements AnswerSink {
  onCancel: () => void = () => {};
  readonly #answer: PromiseWithResolvers<Response>;
  readonly #development: boolean;
  readonly #report: (error: unknown) => void;
  #controller: ReadableStreamDefaultController<Bytes> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(
    answer: PromiseWithResolvers<Response>,
    development: boolean,
    report: (error: unknown) => void,
  ) {
    this.#answer = answer;
    this.#development = development;
    this.#report = report;
  }

  informational(): void {}

  head(status: number, fields: HeaderFields): void {
    if (status > 599) this.#refuse(status);
    const bodyless = status === 204 || status === 205 || status === 304;
    const body = bodyless ? null : new ReadableStream<Bytes>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => this.#makeRoom(),
      cancel: () => {
        this.#close();
        this.onCancel();
      },
    });
    this.#answer.resolve(new Response(body, { status, headers: headersOf(fields) }));
  }

  /** Answers 500 and throws why, for the exchange to stop the app and report. */
  #refuse(refused: number): never {
    const why = `Cannot answer with status ${refused}: fetch knows 200 to 599`;
    const error = new ContractError("bad-status", why);
    const { status, fields, text } = errorAnswer(error, this.#development);
    this.#answer.resolve(new Response(text, { status, headers: headersOf(fields) }));
    throw error;
  }

  data(chunk: Uint8Array): void {
    // The stream keeps it longer than the app does. Not by slice(): that of a Buffer is a view.
    this.#controller?.enqueue(new Uint8Array(chunk));
  }

  end(): void {
    this.#close()?.close();
  }

  cut(): void {
    this.fail(new TypeError("The answer was cut short"));
  }

  /** Tells whoever waits for the answer, or reads it, why there is no more of it. */
  fail(reason: unknown): void {
    this.#answer.reject(reason);
    this.#close()?.error(reason);
  }

  /** The stream takes no more, so nobody may wait for room in it. Returns its controller, if it is open. */
  #close(): ReadableStreamDefaultController<Bytes> | undefined {
    const controller = this.#controller;
    this.#controller = undefined;
    this.#makeRoom();
    return controller;
  }

  drained(): Promise<void> | undefined {
    if (this.#controller === undefined || (this.#controller.desiredSize ?? 0) > 0) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  #makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** The hook is foreign code: what it throws must not keep the answer from being sent. */
  report(error: unknown): void {
    try {
      this.#report(error);
    } catch (another) {
      logError(error);
      logError(another);
    }
  }
}

function headersOf(fields: HeaderFields): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
}
