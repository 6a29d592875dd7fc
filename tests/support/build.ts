/**
 * Makes the two files that run where there are no sources: one JavaScript file, and one executable. Both go to the folder
 * `dist`, which is not kept.
 *
 * Imports no package: it runs before it is known where packages come from.
 *
 * @module
 */

import { join } from "node:path";
import { missingRuntime } from "../../server/compile.ts";
import { type Packages, ROOT } from "./packages.ts";
import { PERMISSIONS, runDeno, say } from "./run_deno.ts";

/** Where the tasks put what they build. */
export const DIST: string = join(ROOT, "dist");

/**
 * `deno task bundle`: everything in one JavaScript file, packages included, readable. It runs wherever Deno does, from
 * a disk or a URL.
 *
 * @param packages The packages to put in.
 * @param file Where it goes.
 * @param module What is bundled.
 * @returns The exit code.
 */
export function bundle(
  { config }: Packages,
  file: string = join(DIST, "archangel.js"),
  module: string = join(ROOT, "mod.ts"),
): Promise<number> {
  // For the platform "deno" a `require` is made from the file's own place, which fails where that is a URL.
  const platform = ["--platform", "browser"];
  return runDeno(["bundle", "--quiet", ...platform, "-c", config, "-o", file, module]);
}

/**
 * `deno task compile`: Archangel as one executable that needs no Deno. It runs apps from the disk, but only with modules
 * that it has inside: for apps with packages, `archangel compile` makes an executable with the apps in it.
 *
 * @param packages The packages to put in.
 * @param file Where it goes.
 * @returns The exit code.
 */
export async function compile(
  { config }: Packages,
  file: string = join(DIST, "archangel"),
): Promise<number> {
  const args = ["compile", "--no-check", ...PERMISSIONS, "-c", config, "-o", file, join(ROOT, "mod.ts")];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT, stdin: "null" })
    .output();
  const said = new TextDecoder().decode(stderr).trimEnd();
  say(code === 0 ? said : missingRuntime(said) ?? said);
  return code;
}
