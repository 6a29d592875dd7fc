/**
 * `deno task bench`: the micro benches of `bench/micro`, then the load bench of `bench/load`.
 *
 * @module
 */
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

/**
 * `load FLAGS`, `micro [FILES]`, `startup [ROUNDS]`, `lighthouse FLAGS` or `calls`. Flags alone are the load
 * bench's, files alone those of `bench/micro`; without anything both benches run.
 */
async function main([part, ...args]: string[]): Promise<number> {
  if (part === undefined) return await micro([]) || await load([]);
  if (part === "load") return await load(args);
  if (part === "micro") return await micro(args);
  if (part === "calls") return await calls();
  if (part === "lighthouse") return await lighthouse(args);
  if (part === "startup") return await startup(args);
  return part.startsWith("-") ? await load([part, ...args]) : await micro([part, ...args]);
}

Deno.exit(await main(Deno.args));
