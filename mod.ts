/**
 * Archangel: a pre-forking web server and application runtime.
 *
 * Run as a program it is the command line: `deno run -A mod.ts serve`. Imported it is a library. This
 * module is also what the supervisor runs, which must start fast and serves no request itself, so it
 * loads nothing of the request path; TWIG, router and cores have sub-paths of their own.
 *
 * @module
 */
export type { Answer, App, Chunk, Middleware, Remote, ServerInfo, TlsInfo } from "./twig/types.ts";
export type { TwigRequest } from "./twig/request.ts";
export type { TwigResponse } from "./twig/response.ts";
export { ConnectionLost, ContractError, HttpError, ProtocolError } from "./twig/errors.ts";

if (import.meta.main) {
  const { runAndExit } = await import("./server/cli.ts");
  await runAndExit();
}
