/**
 * The rules that keep the folders apart. Each of them is about what a file may know, so each reads the sources.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { join } from "node:path";
import { ROOT } from "./support/packages.ts";
import { type Import, loadedBy, SOURCE_FOLDERS, sourceFiles, sourceImports } from "./support/source_graph.ts";

/** What each folder may import from, beside itself; `""` is `mod.ts` at the root. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  "": SOURCE_FOLDERS,
  twig: [],
  router: ["twig"],
  fcgi: ["twig"],
  server: ["twig", "router", "fcgi"],
};

const imports = await sourceImports();

function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : "";
}

function show({ from, specifier }: Import): string {
  return `${from} imports ${specifier}`;
}

Deno.test("the sources were found", () => {
  for (const folder of SOURCE_FOLDERS) {
    assertGreater(sourceFiles().filter((file) => folderOf(file) === folder).length, 3, folder);
    assertGreater(imports.filter((each) => folderOf(each.from) === folder).length, 3, folder);
  }
});

Deno.test("a folder imports only from the folders below it", () => {
  const wrong = imports.filter(({ from, to }) => {
    if (to === undefined) return false;
    return folderOf(to) !== folderOf(from) && !MAY_IMPORT[folderOf(from)]!.includes(folderOf(to));
  });
  assertEquals(wrong.map(show), []);
});

Deno.test("a folder is imported through its mod.ts", () => {
  const wrong = imports.filter(({ from, to }) => {
    if (to === undefined || folderOf(from) === folderOf(to) || to.endsWith("/mod.ts")) return false;
    // The server is where all parts are wired together. It, the core of FastCGI and the front door may not load more
    // than a worker and the supervisor need.
    return !["", "server", "fcgi"].includes(folderOf(from));
  });
  assertEquals(wrong.map(show), []);
});

Deno.test("the core of FastCGI loads of TWIG what its wire is made of, and nothing that apps use", async () => {
  const loaded = (await loadedBy(["fcgi/mod.ts"])).filter((file) => file.startsWith("twig/"));
  assertGreater(loaded.length, 3);
  const wire =
    /^twig\/(bytes|errors|error_text|field_block|field_lines|file_memory|headers|input_buffer|output_buffer|status|wire)\.ts$/;
  assertEquals(loaded.filter((file) => !wire.test(file)), []);
});

Deno.test("sources can be imported from a URL, where no deno.json is read", () => {
  const wrong = imports.filter(({ specifier }) => !/^(\.{1,2}\/|node:|jsr:@|npm:)/.test(specifier));
  assertEquals(wrong.map(show), []);
});

Deno.test("each third-party package is named in one file only", () => {
  const files = new Map<string, Set<string>>();
  for (const { from, specifier } of imports) {
    const [name] = /^(jsr|npm):(@[^/]+\/)?[^/@]+/.exec(specifier) ?? [];
    if (name) files.set(name, (files.get(name) ?? new Set()).add(from));
  }
  const shared = [...files].filter(([, from]) => from.size > 1).map(([name, from]) => [name, ...from]);
  assertEquals(shared, []);
});

Deno.test("the protocol cores do not wait, read a clock, open a socket or log", () => {
  const cores = sourceFiles().filter((file) => /^(fcgi|server\/http)\//.test(file));
  const wrong = cores.flatMap((file) => {
    const code = withoutComments(Deno.readTextFileSync(join(ROOT, file)));
    const found = code.match(
      /\b(await|async|Deno|Date|performance|setTimeout|setInterval|console|fetch)\b(?=[\s.(])/g,
    );
    return found ? [`${file}: ${found.join(", ")}`] : [];
  });
  assertGreater(cores.length, 5);
  assertEquals(wrong, []);
});

Deno.test("the supervisor loads nothing that only requests need", async () => {
  const loaded = await loadedBy([
    "mod.ts",
    "server/cli.ts",
    "server/commands/serve.ts",
    "server/supervisor.ts",
  ]);
  assert(loaded.includes("server/worker_process.ts"));
  // The router is what finds routes that are in each other's way.
  const allowed = /^(mod|router\/\w+|server\/\w+|server\/commands\/serve|twig\/errors)\.ts$/;
  const requestPath =
    /^server\/(service|mounts|process_host|connection|listener|access_log|error_log|endpoints|worker|worker_main)\.ts$/;
  assertEquals(loaded.filter((file) => !allowed.test(file) || requestPath.test(file)), []);
});

Deno.test("the supervisor and a worker over HTTP load none of the runtime's big modules", async () => {
  const supervisor = await loadedBy([
    "mod.ts",
    "server/cli.ts",
    "server/commands/serve.ts",
    "server/supervisor.ts",
  ]);
  const worker = await loadedBy(["server/worker_main.ts"]);
  assertEquals(supervisor.filter((module) => module.startsWith("node:")), []);
  assertEquals(worker.filter((module) => module.startsWith("node:")), []);
  const heavy =
    /^(fcgi\/|twig\/(from_fetch|static_files|testing|to_fetch)\.ts|server\/(config|settings_table|unix_socket|supervisor)\.ts)/;
  assertEquals(worker.filter((module) => heavy.test(module)), []);
});

function withoutComments(code: string): string {
  return code.replaceAll(/\/\*[^]*?\*\/|\/\/.*/g, "");
}
