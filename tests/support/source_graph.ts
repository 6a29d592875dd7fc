/**
 * The source files of the project and what each of them imports, as Deno resolves it: an import in a comment or in a
 * text does not count, an import of types does.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { choosePackages, ROOT } from "./packages.ts";

/** Folders that are published, each allowed to import from those before it. */
export const SOURCE_FOLDERS: readonly string[] = ["twig", "router", "fcgi", "server"];

/** One import of one file. */
export interface Import {
  /** The importing file, from the root: `server/listener.ts`. */
  readonly from: string;
  /** The specifier as written. */
  readonly specifier: string;
  /** The imported file, from the root; `undefined` where it is not a file of this project. */
  readonly to: string | undefined;
}

/** All source files, from the root, in alphabetical order. */
export function sourceFiles(): string[] {
  return ["mod.ts", ...SOURCE_FOLDERS.flatMap(filesIn)].sort();
}

/** All TypeScript files in a folder, from the root. */
export function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(join(ROOT, folder))].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return filesIn(path);
    return path.endsWith(".ts") ? [path] : [];
  });
}

/** The import statements of all source files. */
export async function sourceImports(): Promise<Import[]> {
  const files = sourceFiles();
  const graph = await moduleGraph(files);
  return graph.modules.flatMap((module) => {
    const from = pathFromRoot(module.specifier);
    if (from === undefined || !files.includes(from)) return [];
    return (module.dependencies ?? []).map(({ specifier, code, type }) => ({
      from,
      specifier,
      // A stand-in for a package is a file here, but not one of the project's sources.
      to: specifier.startsWith(".") ? pathFromRoot((code ?? type)?.specifier) : undefined,
    }));
  });
}

/**
 * What is loaded at once when files are imported: they, and what they import, but for what an `import()` loads later.
 * Sources are named from the root; other modules, such as `node:path`, as they are.
 */
export async function loadedBy(files: string[]): Promise<string[]> {
  const { modules, redirects } = await moduleGraph(files);
  const loaded = new Set(files.map((file) => pathToFileURL(join(ROOT, file)).href));
  for (const specifier of loaded) {
    const module = modules.find((module) => module.specifier === (redirects?.[specifier] ?? specifier));
    for (const { code, isDynamic } of module?.dependencies ?? []) {
      if (code?.specifier !== undefined && isDynamic !== true) loaded.add(code.specifier);
    }
  }
  const packages = /^(jsr|npm):|\/tests\/support\/offline\//;
  return [...loaded].filter((specifier) => !packages.test(specifier)).map((specifier) =>
    pathFromRoot(specifier) ?? specifier
  );
}

function pathFromRoot(specifier: string | undefined): string | undefined {
  if (!specifier?.startsWith("file:")) return undefined;
  const path = fileURLToPath(specifier);
  return path.startsWith(ROOT + "/") ? path.slice(ROOT.length + 1) : undefined;
}

/** The part of `deno info --json` that is read here. */
interface ModuleGraph {
  modules: {
    specifier: string;
    dependencies?: {
      specifier: string;
      code?: { specifier?: string };
      type?: { specifier?: string };
      isDynamic?: boolean;
    }[];
  }[];
  redirects?: Record<string, string>;
}

/** Asks Deno once for all files, through a file that imports each of them. */
async function moduleGraph(files: string[]): Promise<ModuleGraph> {
  const { config } = await choosePackages();
  const entry = Deno.makeTempFileSync({ suffix: ".ts" });
  try {
    const urls = files.map((file) => pathToFileURL(join(ROOT, file)).href);
    Deno.writeTextFileSync(entry, urls.map((url) => `import "${url}";\n`).join(""));
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["info", "--json", "-c", config, entry],
      stderr: "null",
    }).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  } finally {
    Deno.removeSync(entry);
  }
}
