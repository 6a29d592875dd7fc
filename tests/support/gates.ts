/**
 * The gates of `deno task ok`: everything that has to hold before a change is proposed, from the quickest to the
 * slowest. The first gate that does not hold stops the run. `deno task ok lint types` runs only the named ones.
 */

import { join } from "node:path";
import { offlineConfig, type Packages, readConfig, ROOT } from "./packages.ts";
import { ProjectCopy } from "./project_copy.ts";
import { PERMISSIONS, runDeno, say } from "./run_deno.ts";

/** What is published and what is read, where every documented example has to run. */
const DOCUMENTED: readonly string[] = ["mod.ts", "twig", "router", "fcgi", "server", "README.md", "docs"];

interface Gate {
  readonly name: string;
  readonly run: () => Promise<number>;
}

function gatesOf({ config, standIns }: Packages): Gate[] {
  const here = (...args: string[]) => () => runDeno([args[0]!, "-c", config, ...args.slice(1)]);
  const packaged = (...args: string[]) => () =>
    standIns ? inPackageCopy((folder) => runDeno(args, folder)) : runDeno(args);
  return [
    { name: "format", run: here("fmt", "--check") },
    { name: "lint", run: here("lint") },
    { name: "types", run: here("check") },
    { name: "documentation", run: packaged("doc", "--lint", ...publicModules()) },
    { name: "examples", run: here("test", "--doc", ...PERMISSIONS, ...DOCUMENTED) },
    { name: "tests", run: here("test", ...PERMISSIONS) },
    { name: "package", run: packaged("publish", "--dry-run", "--allow-dirty") },
  ];
}

/** Runs all gates in turn, or those that are named; returns the exit code for the whole run. */
export async function runGates(packages: Packages, names: readonly string[]): Promise<number> {
  const all = gatesOf(packages);
  const unknown = names.find((name) => !all.some((gate) => gate.name === name));
  if (unknown !== undefined) {
    say(`Unknown gate "${unknown}": expected one of ${all.map((gate) => gate.name).join(", ")}`);
    return 2;
  }
  const gates = names.length > 0 ? all.filter((gate) => names.includes(gate.name)) : all;
  return await runInTurn(gates);
}

async function runInTurn(gates: readonly Gate[]): Promise<number> {
  const times: string[] = [];
  for (const { name, run } of gates) {
    say(`\n── ${name}`);
    const started = performance.now();
    const code = await run();
    times.push(`${name} ${((performance.now() - started) / 1000).toFixed(1)} s`);
    if (code !== 0) {
      say(`\nNOT OK: ${name} failed with exit code ${code} (${times.join(", ")})`);
      return code;
    }
  }
  say(`\nOK: ${gates.length} gates hold (${times.join(", ")})`);
  return 0;
}

function publicModules(): string[] {
  const { exports } = readConfig(join(ROOT, "deno.json"));
  return typeof exports === "string" ? [exports] : Object.values(exports);
}

/**
 * Runs something in a copy of the project whose `deno.json` has the stand-ins linked in. `deno doc` takes links only
 * from there, and `deno publish` refuses links that lie inside the package.
 */
async function inPackageCopy(run: (folder: string) => Promise<number>): Promise<number> {
  using copy = new ProjectCopy();
  Deno.writeTextFileSync(join(copy.folder, "deno.json"), offlineConfig(ROOT));
  return await run(copy.folder);
}
