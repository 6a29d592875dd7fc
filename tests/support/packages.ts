/**
 * Decides which `@std` packages a run uses: the genuine ones from JSR, or the offline stand-ins beside this file.
 *
 * Deno itself is asked, because only Deno knows its cache, its proxy and its registry. What is cached wins without a
 * word to the network; otherwise one small module has to arrive within the time limit, so that a network which
 * swallows packets costs hardly more than one which refuses them.
 *
 * The stand-ins come in through `links` of a second config. It is written from `deno.json` at every start instead of
 * being kept in the repository, so the two cannot drift apart. It lies beside `deno.json`, because Deno resolves
 * `exports`, `fmt`, `lint`, `publish` and imports of the package's own name against the folder of its config.
 *
 * Imports no package: it runs before it is known where packages come from.
 *
 * @module
 */

import { join, resolve } from "node:path";

/** Folder of the repository. */
export const ROOT: string = resolve(import.meta.dirname!, "..", "..");

/** Folder of the stand-ins, one folder a package. */
export const STAND_INS: string = join(ROOT, "tests", "support", "offline");

/** How long JSR may take to hand over one small module, in milliseconds. */
const REACH_LIMIT_MS = 600;

/** The config that a run uses. */
export interface Packages {
  /** Absolute path of the config file. */
  readonly config: string;
  /** Whether JSR's packages are replaced by the stand-ins. */
  readonly standIns: boolean;
}

/** The part of a `deno.json` that is read here; the rest is passed on untouched. */
export interface DenoConfig {
  /** Package name. */
  name: string;
  /** Package version. */
  version: string;
  /** Public modules: one path, or paths by name. */
  exports: string | Record<string, string>;
  /** Import map. */
  imports: Record<string, string>;
  /** How strict the compiler is. */
  compilerOptions: Record<string, boolean>;
}

/** Reads a config file that has no comments in it. */
export function readConfig(path: string): DenoConfig {
  return JSON.parse(Deno.readTextFileSync(path));
}

/** Picks the genuine packages where they can be had, and the stand-ins where not. */
export async function choosePackages(): Promise<Packages> {
  const genuine = join(ROOT, "deno.json");
  const { imports } = readConfig(genuine);
  const specifiers = standInModules().map(({ specifier }) => specifier);
  if (await areCached(specifiers) || await isReachable(`${imports["@std/assert"]}/exists`)) {
    return { config: genuine, standIns: false };
  }
  const config = join(ROOT, ".deno.offline.json");
  replaceFile(config, offlineConfig(ROOT));
  return { config, standIns: true };
}

/** The text of a config for `root` that is its `deno.json`, with the stand-ins linked in. */
export function offlineConfig(root: string): string {
  const links = standInFolders();
  return JSON.stringify({ ...readConfig(join(root, "deno.json")), links }, null, 2) + "\n";
}

/** The part of a config of another folder that links the stand-ins; empty with the genuine packages. */
export function linksFor({ standIns }: Packages): { links?: string[] } {
  return standIns ? { links: standInFolders() } : {};
}

/** The folders of the stand-ins, in alphabetical order. */
export function standInFolders(): string[] {
  const names = [...Deno.readDirSync(STAND_INS)].filter((entry) => entry.isDirectory).map((entry) =>
    entry.name
  );
  return names.sort().map((name) => join(STAND_INS, name));
}

/** One module of a package, and what stands in for it. */
export interface StandIn {
  /** The genuine module: `jsr:@std/yaml@^1/parse`. */
  readonly specifier: string;
  /** Absolute path of the module that stands in. */
  readonly path: string;
}

/** All stand-ins, which are also the list of the JSR modules that are used. */
export function standInModules(): StandIn[] {
  const { imports } = readConfig(join(ROOT, "deno.json"));
  return standInFolders().flatMap((folder) => {
    const { name, exports } = readConfig(join(folder, "deno.json"));
    const modules = typeof exports === "string" ? { ".": exports } : exports;
    return Object.entries(modules).map(([path, file]) => ({
      specifier: imports[name] + path.slice(1),
      path: join(folder, file),
    }));
  });
}

/** Whether all modules are in Deno's cache. */
async function areCached(specifiers: string[]): Promise<boolean> {
  const program = specifiers.map((specifier) => `import ${JSON.stringify(specifier)};`).join("\n");
  return await succeeds([
    "run",
    "--cached-only",
    "--no-config",
    `data:text/javascript,${encodeURIComponent(program)}`,
  ]);
}

/** Whether JSR hands over a module now: what is asked for anew cannot come from the cache. */
async function isReachable(specifier: string): Promise<boolean> {
  const limit = AbortSignal.timeout(REACH_LIMIT_MS);
  return await succeeds(["info", "--no-config", "--reload", "--json", specifier], limit);
}

/** Whether a Deno command ends well; a command cut off by `signal` does not. */
async function succeeds(args: string[], signal?: AbortSignal): Promise<boolean> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "null",
    ...(signal && { signal }),
  }).output();
  // `deno info --json` ends well even when a module could not be loaded, and says so in its output.
  return success && !new TextDecoder().decode(stdout).includes('"error":');
}

/** Writes a file so that another run, started at the same moment, never reads half of it. */
function replaceFile(path: string, text: string): void {
  const draft = `${path}.${Deno.pid}`;
  Deno.writeTextFileSync(draft, text);
  Deno.renameSync(draft, path);
}
