/**
 * Makes the two files that run where there are no sources: one JavaScript file, and one executable. Both go to the folder
 * `dist`, which is not kept.
 *
 * Imports no package: it runs before it is known where packages come from.
 *
 * @module
 */

import { join } from "node:path";
import { type Packages, ROOT } from "./packages.ts";
import { runDeno } from "./run_deno.ts";

/** Where the tasks put what they build. */
export const DIST: string = join(ROOT, "dist");

/**
 * `deno task bundle`: everything in one JavaScript file, packages included, readable. It runs wherever Deno does, from
 * a disk or a URL.
 *
 * @param packages The packages to put in.
 * @param file Where it goes.
 * @returns The exit code.
 */
export function bundle({ config }: Packages, file: string = join(DIST, "archangel.js")): Promise<number> {
  // For the platform "deno" a `require` is made from the file's own place, which fails where that is a URL.
  const platform = ["--platform", "browser"];
  return runDeno(["bundle", "--quiet", ...platform, "-c", config, "-o", file, join(ROOT, "mod.ts")]);
}
