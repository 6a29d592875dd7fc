/**
 * `deno task bench`: the micro benches of `bench/micro`, then the load bench of `bench/load`.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { choosePackages, ROOT } from "../tests/support/packages.ts";
import { PERMISSIONS, runDeno } from "../tests/support/run_deno.ts";
import { main as calls } from "./load/calls.ts";
import { main as load } from "./load/driver.ts";
import { main as startup } from "./startup.ts";

async function micro(args: readonly string[]): Promise<number> {
  const { config } = await choosePackages();
  const named = args.some((arg) => !arg.startsWith("-"));
  return await runDeno([
    "bench",
    "-c",
    config,
    ...PERMISSIONS,
    ...args,
    ...(named ? [] : [`${ROOT}/bench/micro`]),
  ]);
}

/** The claims of `docs/lighthouse.md`; not stored unless a folder is given. */
async function lighthouse(args: readonly string[]): Promise<number> {
  return await micro(["bench/micro/lighthouse_bench.ts"]) ||
    await load(["--only", "lighthouse", "--no-save", ...args]);
}

const PARTS: Record<string, (args: readonly string[]) => Promise<number>> = {
  load,
  micro,
  startup,
  calls: () => calls(),
  lighthouse,
};

const USAGE = `Usage: deno task bench [PART]

  micro [FILES]         Functions alone; the word may be left out before a file of bench/micro.
  load [FLAGS]          Servers under load; the word may be left out before a flag. See load --help.
  startup [ROUNDS]      From the command to the first answer. [default: 9 rounds]
  calls                 System calls of servers under load.
  lighthouse [FLAGS]    What docs/lighthouse.md says, micro and load.

Without a part: micro, then load.
`;

function say(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

const isHelp = (arg: string) => arg === "-h" || arg === "--help";

async function main([part, ...args]: string[]): Promise<number> {
  if (part === undefined) return await micro([]) || await load([]);
  if (isHelp(part) || args.some(isHelp) && ["startup", "calls", "lighthouse"].includes(part)) {
    say(USAGE);
    return 0;
  }
  if (Object.hasOwn(PARTS, part)) return await PARTS[part]!(args);
  if (part.startsWith("-")) return await load([part, ...args]);
  if (existsSync(resolve(ROOT, part))) return await micro([part, ...args]);
  say(`Unknown bench "${part}": neither a part nor a file\n\n${USAGE}`);
  return 2;
}

Deno.exit(await main(Deno.args));
