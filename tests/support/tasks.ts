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
  start: archangel,
  dev: (packages, args) => archangel(packages, ["--development", ...args]),
  test: (packages, args) => runDeno(["test", "-c", packages.config, ...PERMISSIONS, ...args]),
  check: (packages, args) => runDeno(["check", "-c", packages.config, ...args]),
  bench: ({ config }, args) => runDeno(["run", "-c", config, ...PERMISSIONS, "bench/main.ts", ...args]),
  bundle: (packages, [file]) => bundle(packages, file),
  compile: (packages, [file]) => compile(packages, file),
  ok: runGates,
};

/**
 * Runs the command line, `serve` if no command is named. Where it starts Deno again, for workers or to load apps,
 * the config has to be handed on.
 */
function archangel({ config }: Packages, args: string[]): Promise<number> {
  const [command, ...rest] = /^[a-z]+$/.test(args[0] ?? "")
    ? args as [string, ...string[]]
    : ["serve", ...args];
  const handed = ["serve", "check", "explain", "fetch"].includes(command) ? ["--deno-config", config] : [];
  return runDeno(["run", "-c", config, ...PERMISSIONS, "mod.ts", command, ...handed, ...rest]);
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
