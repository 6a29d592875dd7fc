/**
 * Runs a TWIG app on any fetch host: `deno serve`, a service worker, a test of another framework.
 *
 * @module
 */
import { HeaderFields } from "./headers.ts";
import { type AnswerSink, MemoryCarrier } from "./memory.ts";
import type { App, Remote } from "./types.ts";

/** Options of {@linkcode toFetch}. */
export interface ToFetchOptions {
  /** Show errors of the app in the answer. Default `false`. */
  readonly development?: boolean;
  /** Largest request body in bytes. Default: no limit but the host's. */
  readonly bodyLimit?: number;
  /** Hears of errors of the app. Default: they are written to the error console. */
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
  return (request, info) =>
    new Promise((resolve) => {
      const sink = new ResponseSink(resolve, options.onError ?? logError);
      const carrier = new MemoryCarrier(
        app,
        {
          method: request.method,
          url: new URL(request.url),
          headers: HeaderFields.from(request.headers),
          body: request.body ?? undefined,
          remote: remoteOf(info),
        },
        sink,
        { development: options.development ?? false, bodyLimit: options.bodyLimit ?? Infinity },
      );
      sink.onCancel = () => carrier.exchange.abort("The client cancelled the answer");
      request.signal.addEventListener("abort", () => carrier.exchange.abort("The request was aborted"), {
        once: true,
      });
      carrier.exchange.run();
    });
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

/** A stream whose queue is empty half the time is enough: one chunk is asked for when one is taken. */
class ResponseSink implements AnswerSink {
  onCancel: () => void = () => {};
  readonly #resolve: (response: Response) => void;
  readonly #report: (error: unknown) => void;
  #controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(resolve: (response: Response) => void, report: (error: unknown) => void) {
    this.#resolve = resolve;
    this.#report = report;
  }

  informational(): void {}

  head(status: number, fields: HeaderFields): void {
    const headers = new Headers();
    for (const [name, value] of fields) headers.append(name, value);
    const bodyless = status === 204 || status === 205 || status === 304;
    const body = bodyless ? null : new ReadableStream<Uint8Array<ArrayBuffer>>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        this.#room?.resolve();
        this.#room = undefined;
      },
      cancel: () => this.onCancel(),
    });
    this.#resolve(new Response(body, { status, headers }));
  }

  data(chunk: Uint8Array): void {
    // The stream keeps it longer than the app does.
    this.#controller?.enqueue(chunk.slice());
  }

  end(): void {
    this.#close((controller) => controller.close());
  }

  cut(): void {
    this.#close((controller) => controller.error(new TypeError("The answer was cut short")));
  }

  #close(how: (controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) => void): void {
    const controller = this.#controller;
    this.#controller = undefined;
    if (controller !== undefined) how(controller);
  }

  drained(): Promise<void> | undefined {
    if (this.#controller === undefined || (this.#controller.desiredSize ?? 0) > 0) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  report(error: unknown): void {
    this.#report(error);
  }
}
