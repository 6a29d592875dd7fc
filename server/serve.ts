/**
 * `serve()`: Archangel as a library. It puts a server into the calling program, either in this process or
 * as workers that are supervised from it. It installs no signal handlers, prints nothing but trouble
 * (to stderr), and never ends the process: all of that is the caller's.
 *
 * What serves is loaded when it is known which of the two it is: the workers' supervisor needs nothing
 * of the request path.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import { describeError, say } from "./say.ts";
import type { Service } from "./service.ts";
import { optionsObject, prepare, type Prepared, type ServeOptions } from "./serve_options.ts";
import type { ListenAddress } from "./settings.ts";
import { becomeWorker, detectSelf, isWorkerStart, type SelfStart, WORKER_ARGUMENT } from "./spawn.ts";
import { flushLines } from "./standard_lines.ts";

/** A running server. Disposing of it closes it. */
export interface Server extends AsyncDisposable {
  /** The addresses as bound, with the ports that the kernel chose. */
  readonly addresses: readonly ListenAddress[];
  /** The first of them as text: `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Resolves when the server is closed, however that came. */
  readonly finished: Promise<void>;
  /**
   * Replaces what is served; requests in flight are finished.
   *
   * With workers, new ones are started, which load all code anew, and take over when every one of
   * them is ready. In this process apps, routes and log change from the next request on, limits
   * from the next connection on; Deno loads a module once, so changed code needs workers or a new process.
   *
   * @param options What to serve from now on. Default: the same again.
   * @returns Resolves when the new is served; old workers may still finish what they have taken.
   * @throws {ConfigError} If the options are wrong.
   * @throws {Error} If it cannot be served; what is served now stays.
   */
  reload(options?: ServeOptions): Promise<void>;
  /**
   * Takes nothing new and finishes what is in flight, or cuts it at `timeouts.drain`. Calling it
   * again waits for the same.
   *
   * @returns Resolves when everything is closed and every worker has ended.
   */
  close(): Promise<void>;
}

/** What is different in this process and with workers. */
export interface Backend {
  /** The addresses as bound. */
  readonly addresses: readonly ListenAddress[];
  /** Resolves when nothing serves any more. */
  readonly finished: Promise<void>;
  /** Serves something else. */
  change(prepared: Prepared): Promise<void>;
  /** Finishes what is in flight. */
  close(): Promise<void>;
}

/**
 * Starts to serve.
 *
 * @param options What to serve, where and how.
 * @returns The running server.
 * @throws {ConfigError} If the options are wrong; it names all that is.
 * @throws {AppLoadError} If an app cannot be loaded that has to be there at the start.
 * @throws {AggregateError} If several cannot; it has an {@linkcode AppLoadError} for each.
 * @throws {ListenError} If an address cannot be bound.
 * @throws {Error} If a worker does not get ready.
 *
 * @example Usage
 * ```ts
 * import { serve } from "@archangel/archangel/server";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await serve({
 *   listen: "http://127.0.0.1:0",
 *   apps: {
 *     hello: () => "Hello from TWIG",
 *     api: { fetch: (request) => new Response(new URL(request.url).pathname), body: "64KiB" },
 *   },
 *   routes: [{ app: "hello" }, { path: "/api", app: "api" }],
 * });
 * assertEquals(await (await fetch(server.url)).text(), "Hello from TWIG");
 * assertEquals(await (await fetch(`${server.url}/api/notes`)).text(), "/api/notes");
 * ```
 */
export function serve(options: ServeOptions): Promise<Server> {
  return startServer(options, detectSelf());
}

/**
 * As {@linkcode serve}, with another way to start workers.
 *
 * @param options What to serve, where and how.
 * @param self How to start workers.
 * @returns The running server.
 */
export async function startServer(options: ServeOptions, self: SelfStart): Promise<Server> {
  const { signal } = optionsObject(options);
  signal?.throwIfAborted();
  // The calling program, bundled or compiled, that was started again.
  if (self.args.includes(WORKER_ARGUMENT) && isWorkerStart()) await becomeWorker();
  const prepared = await prepare(options);
  const start = prepared.settings.workers === 0 ? startHere : startWorkers;
  const server = new RunningServer(options, await start(prepared, self));
  if (signal?.aborted === true) {
    await server.close();
    throw signal.reason;
  }
  if (signal !== undefined) closeAtAbort(server, signal);
  return server;
}

/** The signal may outlive many servers, and must not keep them. */
function closeAtAbort(server: Server, signal: AbortSignal): void {
  const close = () =>
    server.close().catch((error) => say("archangel", `Cannot close in order: ${describeError(error)}`));
  signal.addEventListener("abort", close, { once: true });
  server.finished.then(() => signal.removeEventListener("abort", close));
}

async function startHere({ settings, functions }: Prepared): Promise<Backend> {
  const { startService } = await import("./service.ts");
  return new Here(await startService(settings, { functions }));
}

async function startWorkers({ settings }: Prepared, self: SelfStart): Promise<Backend> {
  const { SupervisedWorkers } = await import("./supervised.ts");
  return await SupervisedWorkers.start(settings, self);
}

/** Serves in this process. */
class Here implements Backend {
  readonly #service: Service;
  readonly #finished = Promise.withResolvers<void>();

  constructor(service: Service) {
    this.#service = service;
  }

  get addresses(): readonly ListenAddress[] {
    return this.#service.addresses;
  }

  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  async change({ settings, functions }: Prepared): Promise<void> {
    if (settings.workers !== 0) {
      throw new TypeError("Cannot add workers by a reload: that needs a new server");
    }
    await this.#service.change(settings, functions);
  }

  async close(): Promise<void> {
    try {
      await this.#service.drain(true);
    } finally {
      this.#finished.resolve();
    }
  }
}

class RunningServer implements Server {
  #options: ServeOptions;
  readonly #backend: Backend;
  #lastReload: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor(options: ServeOptions, backend: Backend) {
    this.#options = options;
    this.#backend = backend;
  }

  get addresses(): readonly ListenAddress[] {
    return this.#backend.addresses;
  }

  get url(): string {
    return formatAddress(this.addresses[0]!);
  }

  get finished(): Promise<void> {
    return this.#backend.finished;
  }

  /** One after the other: two at once would each take the other's outcome for its own. */
  reload(options: ServeOptions = this.#options): Promise<void> {
    const reload = this.#lastReload.then(() => this.#reload(options));
    this.#lastReload = reload.catch(() => {});
    return reload;
  }

  async #reload(options: ServeOptions): Promise<void> {
    if (this.#closed !== undefined) throw new TypeError("Cannot reload: the server is closed");
    await this.#backend.change(await prepare(options));
    this.#options = options;
  }

  close(): Promise<void> {
    // The caller may end the process next.
    return this.#closed ??= this.#backend.close().then(flushLines);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
