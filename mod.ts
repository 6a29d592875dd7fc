/**
 * Archangel: a pre-forking web server and application runtime.
 *
 * Run as a program it is the command line: `deno run -A mod.ts serve`. Imported it is a library, and
 * {@linkcode serve} is where to begin. TWIG, router, protocol cores and test client have sub-paths of
 * their own.
 *
 * This module is also what the supervisor runs, which must start fast and serves no request itself, so
 * it loads nothing of the request path before that is needed.
 *
 * @example Usage
 * ```ts
 * import { serve } from "@archangel/archangel";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await serve({
 *   listen: "http://127.0.0.1:0",
 *   apps: { hello: () => "Hello" },
 * });
 * const answer = await fetch(server.url);
 * assertEquals(await answer.text(), "Hello");
 * ```
 *
 * @module
 */
import type { Server } from "./server/serve.ts";
import type { ServeOptions } from "./server/serve_options.ts";
import type { Site } from "./server/site.ts";
import { becomeWorker, isWorkerStart } from "./server/spawn.ts";
import type { App } from "./twig/types.ts";

export type { Answer, App, Chunk, Middleware, Remote, ServerInfo, TlsInfo } from "./twig/types.ts";
export type { TwigRequest } from "./twig/request.ts";
export type { TwigResponse } from "./twig/response.ts";
export { AppLoadError, ConfigError, type ConfigProblem, ListenError } from "./server/errors.ts";
export { ConnectionLost, ContractError, HttpError, ProtocolError } from "./twig/errors.ts";
export type { Server } from "./server/serve.ts";
export type { Site } from "./server/site.ts";
export type { AppOption, AppOptions, RouteOption, ServeOptions } from "./server/serve_options.ts";

/**
 * Starts to serve, in this process or with workers.
 *
 * @param options What to serve, where and how: the settings of `archangel.yaml`.
 * @returns The running server.
 * @throws {ConfigError} If the options are wrong; it names all that is.
 * @throws {AppLoadError} If an app cannot be loaded that has to be there at the start.
 * @throws {AggregateError} If several cannot; it has an {@linkcode AppLoadError} for each.
 * @throws {ListenError} If an address cannot be bound.
 * @throws {Error} If a worker does not get ready.
 *
 * @example Usage
 * ```ts
 * import { serve } from "@archangel/archangel";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await serve({
 *   listen: "http://127.0.0.1:0",
 *   apps: { clock: { fetch: () => new Response("late") } },
 *   limits: { body: "1MiB" },
 *   timeouts: { idle: "5s" },
 * });
 * const answer = await fetch(server.url);
 * assertEquals(await answer.text(), "late");
 * ```
 */
export async function serve(options: ServeOptions): Promise<Server> {
  const { serve } = await import("./server/serve.ts");
  return await serve(options);
}

/**
 * Makes an app that serves the files of a folder: `staticFiles` of the sub-path `twig`, loaded at the first
 * request. It is here for apps beside the single file `archangel.js`, which can import it from nowhere else.
 *
 * @param root The folder.
 * @returns The app. It throws {@linkcode HttpError} 404, and 405 with `allow`.
 *
 * @example Usage
 * ```ts
 * import { serve, staticFiles } from "@archangel/archangel";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${root}/hello.txt`, "Hello");
 *
 * await using server = await serve({ listen: "http://127.0.0.1:0", apps: { files: staticFiles(root) } });
 * const answer = await fetch(new URL("/hello.txt", server.url));
 * assertEquals(await answer.text(), "Hello");
 *
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export function staticFiles(root: string): App {
  let files: App | undefined;
  return async (request, response) => {
    files ??= (await import("./twig/static_files.ts")).staticFiles(root);
    return await files(request, response);
  };
}

/**
 * Runs the command line of this process for a site that the program brings along, and ends it. This is
 * what an executable of `archangel compile` does.
 *
 * @param site Where the site is.
 * @returns Never.
 *
 * @example Usage
 * ```ts ignore
 * import { runSite } from "@archangel/archangel";
 *
 * // deno compile -A --unstable-net --include archangel.yaml --include apps main.ts
 * await runSite({ folder: import.meta.dirname!, config: "archangel.yaml" });
 * ```
 */
export async function runSite(site: Site): Promise<never> {
  return await run(site);
}

async function run(site?: Site): Promise<never> {
  if (isWorkerStart()) await becomeWorker();
  const { runAndExit } = await import("./server/cli.ts");
  return await runAndExit(site);
}

// Not awaited: an app that imports this module would wait for that, and the server for the app.
if (import.meta.main) void run();
