/**
 * What goes into an executable, and how Deno is told: the generated program, the files beside it, the
 * flags. Pure; `commands/compile.ts` writes the program and runs Deno.
 *
 * Deno embeds the modules that a program imports by name, with all that they import, and keeps where
 * files are relative to each other. So the program names every app module in an import that is never
 * run; when it runs, the embedded config leads to the same files.
 *
 * @module
 */
import { HEAP_FLAG } from "./heap_flag.ts";
import { folderOf } from "./paths.ts";
import type { Site } from "./site.ts";
import type { Settings } from "./settings.ts";

/** What an executable is made of. */
export interface CompilePlan {
  /** Path of the program to generate. */
  readonly program: string;
  /** Its text. */
  readonly text: string;
  /** Absolute paths of files and folders to embed beside modules. */
  readonly include: readonly string[];
  /** Absolute path of the deno.json that the modules are resolved with. */
  readonly denoConfig: string | undefined;
}

/**
 * Decides what goes into an executable.
 *
 * @param settings What is to be served.
 * @param site The config or target, relative to its folder, and flags that are to hold.
 * @param library URL of the module that exports `runSite`.
 * @returns The plan.
 */
export function planCompile(settings: Settings, site: Site, library: string): CompilePlan {
  const apps = Object.values(settings.apps);
  const modules = apps.filter(({ kind }) => kind !== "static").map(({ location }) => location);
  const folders = apps.filter(({ kind }) => kind === "static").map(({ location }) => location);
  const files = [settings.source, settings.denoConfig].filter((path) => path !== undefined);
  return {
    // Beside the config: what is embedded has the folder around all of it as its root.
    program: `${site.folder}/.archangel_site.ts`,
    text: programText(modules, site, library),
    include: [...new Set([...files, ...folders])],
    denoConfig: settings.denoConfig,
  };
}

function programText(modules: readonly string[], { folder: _, ...site }: Site, library: string): string {
  const imports = [...new Set(modules)].map((url) => `  import(${JSON.stringify(url)}),\n`).join("");
  return `// Written by archangel compile, which removes it again.
import { runSite } from ${JSON.stringify(library)};

/** Never called: Deno embeds what it names. */
export const modules = (): Promise<unknown>[] => [
${imports}];

await runSite({ folder: import.meta.dirname!, ...${JSON.stringify(site)} });
`;
}

/** Flags that say themselves what the executable may do. */
const PERMISSION_FLAG = /^(-A|-P|-R|-W|-N|-E|-S|--(allow|deny|ignore|permission-set)\b)/;

/**
 * The arguments for Deno.
 *
 * @param plan What the executable is made of.
 * @param output Path of the executable.
 * @param denoFlags Further flags for `deno compile`, such as `--target`; with a permission among them, they
 * take the place of `-A`.
 * @returns The arguments.
 */
export function compileArguments(
  { program, include, denoConfig }: CompilePlan,
  output: string,
  denoFlags: readonly string[],
): string[] {
  const config = denoConfig === undefined ? [] : ["-c", denoConfig];
  const permissions = denoFlags.some((flag) => PERMISSION_FLAG.test(flag)) ? [] : ["-A"];
  return [
    ...["compile", "--no-check", "--unstable-net", HEAP_FLAG, ...config, ...permissions, ...denoFlags],
    ...include.flatMap((path) => ["--include", path]),
    ...["-o", output, program],
  ];
}

/**
 * Why Deno could not compile, if it is for want of what executables are made from, which it downloads.
 *
 * @param output What Deno wrote to stderr.
 * @returns One line that says what to do; `undefined` if it was something else.
 */
export function missingRuntime(output: string): string | undefined {
  if (!output.includes("Setting up base binary")) return undefined;
  const [url] = /https?:\/\/\S+?\.zip/.exec(output) ?? [];
  const name = url === undefined ? "denort" : url.slice(url.lastIndexOf("/") + 1);
  return `Cannot download the base runtime of Deno ${Deno.version.deno}: fetch ${name} of that release ` +
    "elsewhere, unpack it, and set DENORT_BIN to the path of the file in it";
}

/**
 * The site of a plan, relative to the folder that the program is going to be in.
 *
 * @param config Path of the config, if there is one.
 * @param target Path of the folder or module that is served without one.
 * @param flags Flags that are to hold.
 * @returns The site, with its folder on this disk.
 */
export function siteOf(
  config: string | undefined,
  target: string | undefined,
  flags: NonNullable<Site["flags"]>,
): Site {
  const path = (config ?? target)!;
  const folder = folderOf(path);
  const name = path.slice(folder.endsWith("/") ? folder.length : folder.length + 1);
  return { folder, ...(config === undefined ? { target: name } : { config: name }), flags };
}
