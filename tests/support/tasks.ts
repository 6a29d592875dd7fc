/**
 * What the tasks of `deno.json` run: `deno task start|dev|test|check|bench|bundle|compile|ok`, each with further arguments.
 *
 * Every Deno command gets the config chosen by `packages.ts`. It is started by path, since whoever came through `npx`
 * has no `deno` in `PATH`.
 *
 * Imports no package: it runs before it is known where packages come from.
 *
 * @module
 */

import { bundle, compile } from "./build.ts";
import { runGates } from "./gates.ts";
import { choosePackages, type Packages } from "./packages.ts";
import { PERMISSIONS, runDeno, say } from "./run_deno.ts";

const TASKS: Record<string, (packages: Packages, args: string[]) => Promise<number>> = {
  start: serve,
  dev: (packages, args) => serve(packages, ["--development", ...args]),
  test: (packages, args) => runDeno(["test", "-c", packages.config, ...PERMISSIONS, ...args]),
  check: (packages, args) => runDeno(["check", "-c", packages.config, ...args]),
  bench: ({ config }, args) => runDeno(["run", "-c", config, ...PERMISSIONS, "bench/main.ts", ...args]),
  bundle: (packages, [file]) => bundle(packages, file),
  compile: (packages, [file]) => compile(packages, file),
  ok: runGates,
};

/** Starts the server. The config is also handed on, because the supervisor starts Deno again for its workers. */
function serve({ config }: Packages, args: string[]): Promise<number> {
  const program = ["mod.ts", "serve", "--deno-config", config, ...args];
  return runDeno(["run", "-c", config, ...PERMISSIONS, ...program]);
}

async function main([name = "", ...args]: string[]): Promise<number> {
  const task = TASKS[name];
  if (!task) {
    say(`Unknown task "${name}": expected one of ${Object.keys(TASKS).join(", ")}`);
    return 2;
  }
  const packages = await choosePackages();
  if (packages.standIns) {
    say("JSR does not answer: using the offline stand-ins of tests/support/offline");
  }
  return await task(packages, args);
}

Deno.exit(await main(Deno.args));
