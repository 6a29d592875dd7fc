/**
 * What a newcomer and a release rely on: the facts in `deno.json`, the stand-ins for the packages of JSR, and the choice
 * between the two.
 *
 * @module
 */

import { assert, assertEquals, assertLess } from "@std/assert";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  choosePackages,
  offlineConfig,
  readConfig,
  ROOT,
  standInFolders,
  standInModules,
} from "./support/packages.ts";
import { delay } from "./support/delay.ts";
import { freePort } from "./support/ports.ts";
import { ProjectCopy } from "./support/project_copy.ts";
import { say } from "./support/run_deno.ts";
import { filesIn, sourceFiles } from "./support/source_graph.ts";

const config = readConfig(join(ROOT, "deno.json"));
const specifiers = standInModules().map(({ specifier }) => specifier);
const NOTICE = "JSR does not answer: using the offline stand-ins of tests/support/offline";

Deno.test("every public module exists", () => {
  for (const path of Object.values(config.exports)) assert(Deno.statSync(join(ROOT, path)).isFile, path);
});

Deno.test("the changelog opens with the version that deno.json names", () => {
  const changelog = Deno.readTextFileSync(join(ROOT, "CHANGELOG.md"));
  assertEquals(/^## (\S+)/m.exec(changelog)?.[1], config.version);
});

Deno.test("the compiler is strict", () => {
  const options = ["strict", "noUncheckedIndexedAccess", "exactOptionalPropertyTypes", "noImplicitOverride"];
  for (const option of options) assertEquals(config.compilerOptions[option], true, option);
});

Deno.test("there is no package.json, which would turn the sources into CommonJS", () => {
  assertEquals([...Deno.readDirSync(ROOT)].filter(({ name }) => name === "package.json"), []);
});

/**
 * The modules of `@std` that the project names anywhere, examples in comments included, as `@std/yaml/parse`, each with
 * the version it asks for where it asks for one.
 */
function namedModules(): Map<string, Set<string>> {
  const named = new Map<string, Set<string>>();
  const files = [...sourceFiles(), ...["tests", "bench", "examples"].flatMap(filesIn)];
  for (const file of files.filter((file) => !file.startsWith("tests/support/offline/"))) {
    const text = Deno.readTextFileSync(join(ROOT, file));
    for (
      const [, name, version, path] of text.matchAll(
        /(?:from|import) "(?:jsr:)?(@std\/\w+)(@[^/"]+)?(\/[^"]+)?"/g,
      )
    ) {
      const module = `${name}${path ?? ""}`;
      named.set(module, (named.get(module) ?? new Set()).add(version ?? ""));
    }
  }
  return named;
}

Deno.test("every module of @std that is used has a stand-in, and every stand-in is used", () => {
  const standIns = specifiers.map((specifier) => specifier.replace(/^jsr:(@std\/\w+)@[^/]+/, "$1"));
  assertEquals([...namedModules().keys()].sort(), standIns.sort());
});

Deno.test("the sources ask for the same versions as deno.json", () => {
  for (const [module, versions] of namedModules()) {
    const name = module.split("/").slice(0, 2).join("/");
    const wanted = config.imports[name]!.slice(`jsr:${name}`.length);
    assertEquals([...versions].filter((version) => version !== "" && version !== wanted), [], module);
  }
});

Deno.test("the offline config is deno.json with the stand-ins linked in", () => {
  const { links, ...rest } = JSON.parse(offlineConfig(ROOT));
  assertEquals(rest, JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json"))));
  assertEquals(links, standInFolders());
});

const { standIns } = await choosePackages();
if (standIns) {
  say("JSR does not answer: the types of the stand-ins are not compared with those of the real packages");
}

Deno.test({
  name: "the real packages fit wherever a stand-in does",
  ignore: standIns,
  fn: async () => {
    const file = Deno.makeTempFileSync({ suffix: ".ts" });
    const lines = standInModules().map(({ specifier, path }, at) =>
      `import * as real${at} from "${specifier}";\n` +
      `import type * as standIn${at} from "${pathToFileURL(path).href}";\n` +
      `export const check${at}: typeof standIn${at} = real${at};\n`
    );
    Deno.writeTextFileSync(file, lines.join(""));
    const { success, stderr } = await deno(["check", "--no-config", file]);
    Deno.removeSync(file);
    assert(success, stderr);
  },
});

/** What a task that needs no package prints when it runs with this cache and this JSR, and how long it takes. */
async function runTask(cache: string, jsr: string): Promise<{ stderr: string; seconds: number }> {
  const started = performance.now();
  const { stderr, success } = await deno(
    ["task", "--quiet", "check", "tests/support/packages.ts"],
    cache,
    jsr,
  );
  assert(success, stderr);
  return { stderr, seconds: (performance.now() - started) / 1000 };
}

/** Runs Deno, with another cache and another JSR where they are given. */
async function deno(
  args: string[],
  cache?: string,
  jsr?: string,
): Promise<{ stderr: string; success: boolean }> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1", ...(cache && { DENO_DIR: cache }), ...(jsr && { JSR_URL: jsr }) },
    stdin: "null",
    stdout: "null",
  }).output();
  return { success, stderr: new TextDecoder().decode(stderr) };
}

/** A registry on the loopback interface that has every package asked for, each with empty modules. */
async function serveJsr(): Promise<Deno.HttpServer<Deno.NetAddr>> {
  const module = "export {};\n";
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(module)));
  const entry = { size: module.length, checksum: `sha256-${digest.toHex()}` };
  const paths = [
    ".",
    "./exists",
    ...specifiers.map((specifier) => specifier.replace(/^jsr:@std\/[^/]+/, ".")),
  ];
  const files = paths.map((path) => `/${path.slice(2) || "mod"}.ts`);
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, ({ url }) => {
    const { pathname } = new URL(url);
    if (pathname.endsWith("/1.0.0_meta.json")) {
      return Response.json({
        manifest: Object.fromEntries(files.map((file) => [file, entry])),
        exports: Object.fromEntries(paths.map((path, at) => [path, `.${files[at]}`])),
      });
    }
    if (pathname.endsWith("/meta.json")) return Response.json({ latest: "1.0.0", versions: { "1.0.0": {} } });
    return new Response(module, { headers: { "content-type": "application/typescript" } });
  });
}

function urlOf(addr: Deno.Addr): string {
  return `http://127.0.0.1:${(addr as Deno.NetAddr).port}`;
}

function timesSaid(stderr: string): number {
  return stderr.split(NOTICE).length - 1;
}

Deno.test("a task uses the stand-ins and says so in one line where JSR refuses connections", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
  await withCache(async (cache) => {
    const { stderr } = await runTask(cache, urlOf(listener.addr));
    assertEquals(timesSaid(stderr), 1, stderr);
  });
});

Deno.test("a task does not wait for a JSR that never answers", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  // A task that does wait is to fail this test, not to hang it.
  const limit = setTimeout(() => listener.close(), 20_000);
  await withCache(async (cache) => {
    const { stderr, seconds } = await runTask(cache, urlOf(listener.addr));
    assertLess(seconds, 5);
    assertEquals(timesSaid(stderr), 1, stderr);
  });
  clearTimeout(limit);
  listener.close();
});

Deno.test("a task uses the packages of a JSR that answers", async () => {
  await using jsr = await serveJsr();
  await withCache(async (cache) => {
    const { stderr } = await runTask(cache, urlOf(jsr.addr));
    assertEquals(timesSaid(stderr), 0, stderr);
  });
});

Deno.test("a task uses cached packages when JSR does not answer any more", async () => {
  const jsr = await serveJsr();
  await withCache(async (cache) => {
    const { success, stderr } = await deno(["cache", "--no-config", ...specifiers], cache, urlOf(jsr.addr));
    await jsr.shutdown();
    assert(success, stderr);
    assertEquals(timesSaid((await runTask(cache, urlOf(jsr.addr))).stderr), 0);
  });
});

async function withCache(run: (cache: string) => Promise<void>): Promise<void> {
  const cache = Deno.makeTempDirSync();
  try {
    await run(cache);
  } finally {
    Deno.removeSync(cache, { recursive: true });
  }
}

Deno.test("deno task start serves the examples from a fresh copy, and TERM ends it", async () => {
  using project = new ProjectCopy();
  const url = `http://127.0.0.1:${freePort()}`;
  await withCache(async (cache) => {
    const task = new Deno.Command(Deno.execPath(), {
      args: ["task", "start", "--listen", url, "--workers", "2"],
      cwd: project.folder,
      env: { DENO_DIR: cache, NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const said = new Response(task.stderr).text();
    const status = await firstStatus(url, task.status);
    endProcess(task);
    const { code } = await task.status;
    assertEquals({ status, code }, { status: 200, code: 0 }, await said);
  });
});

/** Runs a task of a copy, in its root or a folder of it. */
async function task(
  folder: string,
  ...args: string[]
): Promise<{ code: number; out: string; error: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const [out, error] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, out: out!, error: error! };
}

Deno.test("deno task start with a command runs that", async () => {
  using project = new ProjectCopy();
  const { code, out, error } = await task(project.folder, "start", "fetch", "/hello/you", "--workers", "1");
  assertEquals([code, out.startsWith("Hello, you!")], [0, true], error);
});

Deno.test("deno task start and dev work in the folder that the user is in", async () => {
  using project = new ProjectCopy();
  const site = join(project.folder, "mysite");
  const made = await task(project.folder, "start", "init", "mysite");
  assertEquals(made.code, 0, made.error);
  const checked = await task(site, "start", "check");
  assertEquals([checked.code, checked.out.includes("mysite/archangel.yaml is fine")], [0, true], checked.out);
  Deno.renameSync(join(site, "archangel.yaml"), join(site, "other.yaml"));
  const missing = await task(site, "dev");
  assertEquals([missing.code, missing.error.includes("There is no archangel.yaml in this folder")], [
    2,
    true,
  ]);
});

Deno.test("deno task start --help shows the commands", async () => {
  const { code, out } = await task(ROOT, "start", "--help");
  assertEquals([code, out.includes("explain URL")], [0, true], out);
});

Deno.test("deno task bundle and compile take no flag for a file", async () => {
  using project = new ProjectCopy();
  for (const name of ["bundle", "compile"]) {
    const { code, error } = await task(project.folder, name, "--help");
    assertEquals([code, error.includes("Unknown flag --help")], [2, true], error);
  }
});

function endProcess(process: Deno.ChildProcess): void {
  try {
    process.kill("SIGTERM");
  } catch {
    // It has ended already, and its exit code tells.
  }
}

/** The status of the first answer; `undefined` if there is none within a minute or before the server has ended. */
async function firstStatus(url: string, ended: Promise<unknown>): Promise<number | undefined> {
  let running = true;
  ended.finally(() => running = false);
  for (const deadline = Date.now() + 60_000; running && Date.now() < deadline; await delay(100)) {
    try {
      const response = await fetch(url);
      await response.body?.cancel();
      return response.status;
    } catch {
      // Not there yet.
    }
  }
  return undefined;
}
