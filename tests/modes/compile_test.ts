/**
 * A site in one executable. What the executable is made from has to be downloaded, and not every machine can. So the
 * same program is run by Deno instead, from a copy of the files that were embedded, as the executable sees them; and
 * Deno itself, which can be given as what to make the executable from, tells what is embedded.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { compileArguments, missingRuntime, planCompile, siteOf } from "../../server/compile.ts";
import { loadConfig } from "../../server/config.ts";
import { startServer } from "../../server/serve.ts";
import { HEAP_FLAG } from "../../server/heap_flag.ts";
import { detectSelf } from "../../server/spawn.ts";
import { bundle } from "../support/build.ts";
import { Folder } from "../support/folder.ts";
import { choosePackages, ROOT } from "../support/packages.ts";
import { isAlive, waitUntil } from "../support/processes.ts";
import { Program } from "../support/program.ts";
import { settingsFor } from "../support/settings.ts";
import { ALL_ANSWERS, UserSite } from "../support/user_site.ts";

const packages = await choosePackages();
const LIBRARY = `file://${ROOT}/mod.ts`;
const APP = { preload: false, bodyBytes: 1 };

Deno.test("planCompile() names every module once, and includes config, deno.json and folders", () => {
  const settings = settingsFor({
    source: "/srv/archangel.yaml",
    denoConfig: "/srv/deno.json",
    apps: {
      a: { ...APP, name: "a", kind: "twig", location: "file:///srv/apps/a.ts" },
      b: { ...APP, name: "b", kind: "fetch", location: "npm:some-app@1" },
      again: { ...APP, name: "again", kind: "twig", location: "file:///srv/apps/a.ts" },
      files: { ...APP, name: "files", kind: "static", location: "/srv/public" },
    },
  });
  const plan = planCompile(settings, siteOf("/srv/archangel.yaml", undefined, { workers: "2" }), LIBRARY);
  assertEquals(plan.program, "/srv/.archangel_site.ts");
  assertEquals(plan.include, ["/srv/archangel.yaml", "/srv/deno.json", "/srv/public"]);
  assertEquals([...plan.text.matchAll(/import\("(.*?)"\)/g)].map(([, url]) => url), [
    "file:///srv/apps/a.ts",
    "npm:some-app@1",
  ]);
  assertStringIncludes(plan.text, `import { runSite } from "${LIBRARY}";`);
  assertStringIncludes(plan.text, '...{"config":"archangel.yaml","flags":{"workers":"2"}}');
});

Deno.test("siteOf() finds the folder of a config, or of what is served without one", () => {
  assertEquals(siteOf("/srv/a.yaml", undefined, {}), { folder: "/srv", config: "a.yaml", flags: {} });
  assertEquals(siteOf(undefined, "/srv/app.ts", {}), { folder: "/srv", target: "app.ts", flags: {} });
  assertEquals(siteOf(undefined, "/site", {}), { folder: "/", target: "site", flags: {} });
});

Deno.test("compileArguments() bakes in --unstable-net, and all permissions unless flags name some", () => {
  const plan = { program: "/srv/p.ts", text: "", include: ["/srv/public"], denoConfig: "/srv/deno.json" };
  const rest = ["--include", "/srv/public", "-o", "/out", "/srv/p.ts"];
  const start = ["compile", "--no-check", "--unstable-net", HEAP_FLAG, "-c", "/srv/deno.json"];
  assertEquals(compileArguments(plan, "/out", []), [...start, "-A", ...rest]);
  const target = "--target=aarch64-apple-darwin";
  assertEquals(compileArguments(plan, "/out", [target]), [...start, "-A", target, ...rest]);
  const net = "--allow-net=127.0.0.1";
  assertEquals(compileArguments(plan, "/out", [net]), [...start, net, ...rest]);
});

Deno.test("missingRuntime() tells in one line what to do, and only of what it is about", () => {
  assertEquals(missingRuntime("error: Module not found"), undefined);
  const said = missingRuntime(
    "Download https://dl.example.org/v2/denort-x86_64.zip\nerror: Writing\n\nCaused by:\n    0: Setting up base binary.",
  );
  assertMatch(
    said!,
    /^Cannot download the base runtime of Deno .*: fetch denort-x86_64\.zip .* DENORT_BIN .*$/,
  );
});

/** Runs the command in a folder. */
function archangel(site: UserSite, env: Record<string, string>, ...args: string[]): Program {
  return new Program(Deno.execPath(), {
    args: ["run", "-A", "-c", packages.config, `${ROOT}/mod.ts`, ...args],
    cwd: site.path,
    env: { NO_COLOR: "1", ...env },
  });
}

Deno.test("archangel compile embeds the modules with all that they import, the folders and the config", async () => {
  using site = new UserSite();
  // It becomes no program that runs, but Deno says what it has put in.
  await using compile = archangel(site, { DENORT_BIN: Deno.execPath() }, "compile", "-o", "site.bin");
  assertEquals((await compile.ended).code, 0, compile.said);
  // A folder of which everything is embedded is one line.
  const embedded = [...compile.said.matchAll(/[├└][─┬]+ (\S+)/g)].map(([, path]) => path!);
  for (const path of ["archangel.yaml", "deno.json", "apps/*", "lib/*", "public/*", "ms/2.1.3/*"]) {
    assert(embedded.includes(path), `${path} is missing:\n${compile.said}`);
  }
  // Of Archangel itself, what only workers load.
  for (const path of ["service.ts", "worker_main.ts"]) {
    assert(embedded.includes(path), `${path} is missing:\n${compile.said}`);
  }
  assertMatch(compile.said, /Wrote .*site\.bin \(\d+ MiB\)/);
  assertEquals([...Deno.readDirSync(site.path)].filter(({ name }) => name.startsWith(".")), []);
});

Deno.test("archangel compile, from the single file, says in one line that the base runtime cannot be had", async () => {
  using site = new UserSite({ links: false });
  using cache = new Folder();
  const file = `${cache.path}/archangel.js`;
  assertEquals(await bundle(packages, file), 0);
  site.write("apps/framework.ts", "export default { fetch: () => new Response() };");
  // Nobody listens there, so that this fails in the same way on every network.
  const env = { DENO_DIR: cache.path, HTTPS_PROXY: "http://127.0.0.1:9", NO_COLOR: "1" };
  const args = ["run", "-A", file, "compile", "-o", "site.bin"];
  await using compile = new Program(Deno.execPath(), { args, cwd: site.path, env });
  assertEquals((await compile.ended).code, 1, compile.said);
  assertMatch(compile.said, /^archangel: Cannot download the base runtime of Deno [^\n]*DENORT_BIN[^\n]*\n$/);
});

Deno.test("archangel compile refuses a config that is wrong, and wants to know where to", async () => {
  using site = new UserSite();
  await using nowhere = archangel(site, {}, "compile");
  assertEquals((await nowhere.ended).code, 2);
  assertStringIncludes(nowhere.said, "--output");
  site.write("archangel.yaml", "wrokers: 2");
  await using wrong = archangel(site, {}, "compile", "-o", "site.bin");
  assertEquals((await wrong.ended).code, 4);
});

Deno.test("archangel compile leaves a file alone that has the name of its own", async () => {
  using site = new UserSite();
  const path = `${site.path}/.archangel_site.ts`;
  Deno.writeTextFileSync(path, "precious");
  await using compile = archangel(site, { DENORT_BIN: Deno.execPath() }, "compile", "-o", "site.bin");
  assertEquals((await compile.ended).code, 1);
  assertEquals(
    compile.said,
    `archangel: Cannot compile: ${path} is in the way; remove it if a compile that was killed has left it\n`,
  );
  assertEquals(Deno.readTextFileSync(path), "precious");
});

/**
 * What an executable has inside, in another place, with the originals gone; and a script that stands for the executable:
 * it takes the same arguments and starts the same program.
 */
function unpack(site: UserSite, flags: Record<string, string>): Folder {
  const settings = loadConfig({ file: `${site.path}/archangel.yaml` });
  const plan = planCompile(settings, siteOf(settings.source, undefined, flags), LIBRARY);
  const folder = new Folder();
  for (const name of ["apps", "lib", "public", "archangel.yaml", "deno.json"]) {
    Deno.renameSync(`${site.path}/${name}`, `${folder.path}/${name}`);
  }
  const [program] = plan.program.split("/").slice(-1);
  folder.write(program!, plan.text.replaceAll(`file://${site.path}/`, `file://${folder.path}/`));
  const deno = `exec '${Deno.execPath()}' run -A --unstable-net -c '${folder.path}/deno.json'`;
  folder.write("site.bin", `#!/bin/sh\n${deno} '${folder.path}/${program}' "$@"\n`);
  Deno.chmodSync(`${folder.path}/site.bin`, 0o755);
  return folder;
}

Deno.test("the program of a compiled site serves what is embedded, wherever it is started", async () => {
  using site = new UserSite();
  using inside = unpack(site, { workers: "1" });
  await using program = new Program(`${inside.path}/site.bin`, { args: [], cwd: "/" });
  await program.says("serving");
  assertStringIncludes(program.said, "workers  1");
  assertEquals(await site.answers(), ALL_ANSWERS);
  program.signal("SIGTERM");
  assertEquals(await program.ended, { code: 0, signal: null }, program.said);
});

Deno.test("the program of a compiled site takes commands and flags for what is embedded", async () => {
  using site = new UserSite();
  using inside = unpack(site, { workers: "1" });
  for (
    const [args, expected] of [
      [["check", "--here", "--workers", "3"], /^workers +3$[^]*archangel\.yaml is fine/m],
      [["fetch", "--here", "/hello/you"], /^Hello\/you/],
      [["explain", "/framework"], /^app +framework/m],
      [["--version"], /^archangel /],
    ] as const
  ) {
    await using program = new Program(`${inside.path}/site.bin`, { args: [...args], cwd: "/" });
    assertEquals((await program.ended).code, 0, program.said);
    assertMatch(program.said, expected);
  }
});

Deno.test("a compiled program starts itself as its workers, which serve what is embedded", async () => {
  using site = new UserSite();
  using inside = unpack(site, {});
  const self = { ...detectSelf(undefined, true), executable: `${inside.path}/site.bin` };
  assertEquals(self.module, undefined);
  const { source: _, ...settings } = loadConfig({ file: `${inside.path}/archangel.yaml` });
  const apps = Object.fromEntries(
    Object.values(settings.apps).map(({ name, kind, location }) => [name, { [kind]: location }]),
  );
  const routes = settings.routes.map(({ path, app }) => ({ path, app }));
  const server = await startServer({ listen: site.origin, workers: 2, apps, routes }, self);
  assertEquals(await site.answers(), ALL_ANSWERS);
  const processes = await site.processes();
  assertEquals(processes.length, 2);
  await server.close();
  await waitUntil(() => processes.every(({ pid }) => !isAlive(pid)), "the workers end");
});
