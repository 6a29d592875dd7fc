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

import { join } from "node:path";
import { bundle, compile } from "./build.ts";
import { runGates } from "./gates.ts";
import { choosePackages, type Packages, ROOT } from "./packages.ts";
import { PERMISSIONS, runDeno, say } from "./run_deno.ts";

const TASKS: Record<string, (packages: Packages, args: string[]) => Promise<number>> = {
  start: archangel,
  dev: (packages, args) => archangel(packages, ["--development", ...args]),
  test: (packages, args) => runDeno(["test", "-c", packages.config, ...PERMISSIONS, ...args]),
  check: (packages, args) => runDeno(["check", "-c", packages.config, ...args]),
  bench: ({ config }, args) => runDeno(["run", "-c", config, ...PERMISSIONS, "bench/main.ts", ...args]),
  bundle: (packages, args) => build(bundle, packages, args),
  compile: (packages, args) => build(compile, packages, args),
  ok: runGates,
};

/**
 * Where the user is: Deno starts a task in the folder of its config. It says so only where nobody has yet, so tasks that
 * are started within this one must not find it.
 */
const USERS_FOLDER = Deno.env.get("INIT_CWD") ?? ROOT;
Deno.env.delete("INIT_CWD");

/** Commands that load no apps, or leave it to an executable. */
const WITHOUT_APPS = ["init", "compile", "help"];

/**
 * Runs the command line, in the folder that the user is in. Where it starts Deno again, for workers or to load apps,
 * the config has to be handed on.
 */
function archangel({ config }: Packages, args: string[]): Promise<number> {
  const [first = ""] = args;
  const handed = WITHOUT_APPS.includes(first) ? [] : ["--deno-config", config];
  const line = args.toSpliced(/^[^-]/.test(first) ? 1 : 0, 0, ...handed);
  return runDeno(["run", "-c", config, ...PERMISSIONS, join(ROOT, "mod.ts"), ...line], USERS_FOLDER);
}

/** Builds into the file that is named, if one is. */
function build(make: typeof bundle | typeof compile, packages: Packages, [file]: string[]): Promise<number> {
  if (file?.startsWith("-") !== true) return make(packages, file);
  say(`Unknown flag ${file}: expected nothing, or the file to write`);
  return Promise.resolve(2);
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
