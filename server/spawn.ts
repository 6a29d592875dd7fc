/**
 * The command line that starts this program again as a worker, in each way it can run, and with no
 * more permission than it has itself.
 *
 * - From a file or a URL, workers run `worker_main.ts` beside this file. Deno has it in its cache.
 * - From a single-file bundle there is nothing beside it: the bundle runs again, told to be a worker.
 * - From a compiled binary, the binary runs again; its flags are baked in.
 *
 * `reusePort` needs `--unstable-net`, or Deno ends the process without an exception. A user's command
 * line need not have it: only workers listen with `reusePort`, and here they get it.
 *
 * @module
 */
import { HEAP_FLAG } from "./heap_flag.ts";
import { ownPermissions, permissionFlags, type PermissionQuery } from "./permissions.ts";
import type { Settings } from "./settings.ts";

/** How to start this program again as a worker. */
export interface SelfStart {
  /** The Deno executable, or the compiled binary. */
  readonly executable: string;
  /** The module to run, or `undefined` for a compiled binary. */
  readonly module: string | undefined;
  /** Arguments for the program itself. */
  readonly args: readonly string[];
}

/**
 * Gives a bundle that runs as a worker a name of its own. V8 takes cached code only with the flags that it was made
 * with, and Deno keeps one piece for a name: under the same name, supervisor and workers would compile anew and
 * replace each other's at every start, which made it a fifth longer.
 */
const CACHED_APART = "#worker";

/** The argument that tells a bundle or a compiled binary to be a worker. */
export const WORKER_ARGUMENT = "--as-worker";

/**
 * Whether this process is a bundle or a compiled binary that was started again as a worker.
 *
 * @param args The arguments of the program.
 */
export function isWorkerStart(args: readonly string[] = Deno.args): boolean {
  return args.length === 1 && args[0] === WORKER_ARGUMENT;
}

/**
 * Turns this process into a worker.
 *
 * @returns Never: the process ends with the worker.
 */
export async function becomeWorker(): Promise<never> {
  // That the import stands here also makes Deno fetch all that workers run once, before there are any.
  const { work } = await import("./worker_main.ts");
  return await work();
}

/**
 * Finds out how this program was started.
 *
 * @param here URL of this module as it runs.
 * @param standalone Whether this is a compiled binary.
 * @returns How to start it again.
 *
 * @example Usage
 * ```ts
 * import { detectSelf } from "./spawn.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const remote = detectSelf("https://example.org/archangel/server/spawn.ts", false);
 * assertEquals(remote.module, "https://example.org/archangel/server/worker_main.ts");
 * ```
 */
export function detectSelf(here = import.meta.url, standalone = Deno.build.standalone): SelfStart {
  const executable = Deno.execPath();
  if (standalone) return { executable, module: undefined, args: [WORKER_ARGUMENT] };
  if (isSource(here)) return { executable, module: new URL("./worker_main.ts", here).href, args: [] };
  return { executable, module: new URL(CACHED_APART, here).href, args: [WORKER_ARGUMENT] };
}

/**
 * This program as a module that Deno can be told to run, and that exports what `mod.ts` does.
 *
 * @param here URL of this module as it runs.
 * @param standalone Whether this is a compiled binary.
 * @returns Its URL; `undefined` in a compiled binary, which holds no module that Deno could run.
 */
export function detectProgram(
  here = import.meta.url,
  standalone = Deno.build.standalone,
): string | undefined {
  if (standalone) return undefined;
  return isSource(here) ? new URL("../mod.ts", here).href : here;
}

/** Whether this module is a file of its own, and not a part of a bundle. */
function isSource(here: string): boolean {
  return new URL(here).pathname.endsWith("/server/spawn.ts");
}

/**
 * The arguments for {@linkcode SelfStart.executable}.
 *
 * @param self How to start this program.
 * @param settings What the worker will serve; decides the config of Deno and the narrow permissions.
 * @param query Asks for a permission of this process.
 * @returns The arguments.
 */
export function workerArguments(
  self: SelfStart,
  settings: Settings,
  query: PermissionQuery = ownPermissions,
): string[] {
  if (self.module === undefined) return [...self.args];
  const config = settings.denoConfig === undefined ? [] : ["-c", settings.denoConfig];
  const flags = ["--no-prompt", "--unstable-net", HEAP_FLAG, ...config, ...permissionFlags(settings, query)];
  return ["run", ...flags, self.module, ...self.args];
}
