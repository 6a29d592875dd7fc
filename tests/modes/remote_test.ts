/**
 * Archangel from nothing but a URL: a clean copy of the project is published on the loopback interface and started
 * in a folder of its own, with an empty cache.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { bundle } from "../support/build.ts";
import { Folder } from "../support/folder.ts";
import { choosePackages } from "../support/packages.ts";
import { freePort } from "../support/ports.ts";
import { isAlive, waitUntil } from "../support/processes.ts";
import { ProjectCopy } from "../support/project_copy.ts";
import { Program } from "../support/program.ts";
import { Published } from "../support/published.ts";
import { ALL_ANSWERS, UserSite } from "../support/user_site.ts";

const packages = await choosePackages();

/** Starts a program from a URL in the folder of a site; JSR's packages come from the stand-ins where they have to. */
function start(site: UserSite, cache: Folder, flags: string[], url: string, ...args: string[]): Program {
  const config = packages.standIns && !url.endsWith(".js") ? ["-c", "deno.json"] : [];
  return new Program(Deno.execPath(), {
    args: ["run", "--no-prompt", ...flags, ...config, url, ...args],
    cwd: site.path,
    env: { DENO_DIR: cache.path, NO_COLOR: "1" },
  });
}

/** Serves, is asked, reloads, is asked again, and stops. */
async function live(program: Program, site: UserSite): Promise<void> {
  await program.says("serving");
  assertEquals(await site.answers(), ALL_ANSWERS);
  const before = await site.processes();
  assertEquals(before.length, 2);

  site.write("lib/greetings.ts", 'export const greeting = "Good day";');
  program.signal("SIGHUP");
  await program.says("reloaded: generation 2");
  await waitUntil(() => before.every(({ pid }) => !isAlive(pid)), "the old workers end");
  assertEquals(await site.answers(), ALL_ANSWERS.replace("Hello", "Good day"));

  program.signal("SIGTERM");
  assertEquals(await program.ended, { code: 0, signal: null }, program.said);
}

Deno.test("runs from a URL: serves another folder, reloads and stops, and fetches nothing twice", async () => {
  using project = new ProjectCopy();
  using cache = new Folder();
  using site = new UserSite();
  await using published = new Published(project.folder);
  await using program = start(site, cache, ["-A"], `${published.url}/mod.ts`, "serve");
  await live(program, site);
  for (const path of ["/server/service.ts", "/server/worker_main.ts"]) {
    assert(published.fetched.has(path), path);
  }
  assertEquals([...published.fetched].filter(([, times]) => times > 1), []);
});

Deno.test("runs from a URL with what it needs and nothing else, and its workers get no more", async () => {
  using project = new ProjectCopy();
  using cache = new Folder();
  using site = new UserSite();
  await using published = new Published(project.folder);
  const read = ["archangel.yaml", "deno.json", "apps", "lib", "public"].map((name) => `${site.path}/${name}`);
  const flags = [
    `--allow-read=${read}`,
    `--allow-net=127.0.0.1:${site.port}`,
    `--allow-run=${Deno.execPath()}`,
    "--allow-env=GREETED",
  ];
  await using program = start(site, cache, flags, `${published.url}/mod.ts`, "serve");
  await program.says("serving");
  assertEquals(await site.answers(), ALL_ANSWERS);
  const processes = await site.processes();
  for (const { granted, greeted } of processes) assertEquals([granted, greeted], [[], "granted"]);
  program.signal("SIGTERM");
  assertEquals(await program.ended, { code: 0, signal: null }, program.said);
});

Deno.test("runs from a URL without a file of the project but those that it imports", async () => {
  using project = new ProjectCopy();
  using cache = new Folder();
  using site = new UserSite();
  for (const name of ["tests", "bench", "docs", "examples", "deno.json"]) {
    Deno.removeSync(`${project.folder}/${name}`, { recursive: true });
  }
  await using published = new Published(project.folder);
  await using program = start(site, cache, ["-A"], `${published.url}/mod.ts`, "check");
  assertEquals(await program.ended, { code: 0, signal: null }, program.said);
  assertStringIncludes(program.said, "archangel.yaml is fine");
});

Deno.test("the single file runs from a URL in the same way, with no other file and no package", async () => {
  using folder = new Folder();
  using cache = new Folder();
  using site = new UserSite({ links: false });
  assertEquals(await bundle(packages, `${folder.path}/archangel.js`), 0);
  await using published = new Published(folder.path);
  await using program = start(site, cache, ["-A"], `${published.url}/archangel.js`, "serve");
  await live(program, site);
  assertEquals([...published.fetched], [["/archangel.js", 1]]);
});

Deno.test("the single file runs from a disk, and its commands load apps under the user's deno.json", async () => {
  using folder = new Folder();
  using cache = new Folder();
  using site = new UserSite({ links: false });
  const file = `${folder.path}/archangel.js`;
  assertEquals(await bundle(packages, file), 0);
  await using check = start(site, cache, ["-A"], file, "check");
  assertEquals(await check.ended, { code: 0, signal: null }, check.said);
  await using asked = start(site, cache, ["-A"], file, "fetch", "/hello/you");
  assertEquals(await asked.ended, { code: 0, signal: null });
  assertStringIncludes(asked.said, "Hello/you");

  site.write("apps/hello.ts", 'export default () => {\n  throw new Error("no database");\n};\n');
  await using failing = start(site, cache, ["-A"], file, "fetch", "/hello", "--development");
  assertEquals(await failing.ended, { code: 1, signal: null });
  assertStringIncludes(failing.said, "Error: no database\n    at default (file://");
  assertEquals(failing.said.match(/archangel\.js:/g)?.length, 1, "in the log, and not in the answer");
});

Deno.test("an app beside the single file imports from it: under check, without workers and with them", async () => {
  const port = freePort();
  using folder = new Folder({
    "public/hello.txt": "Hello",
    "app.ts": `import { HttpError, staticFiles } from "./archangel.js";
const files = staticFiles(import.meta.dirname + "/public");
export default async (request, response) => {
  try {
    return await files(request, response);
  } catch (error) {
    if (!(error instanceof HttpError) || error.status !== 404) throw error;
    throw new HttpError(410, "Gone from here");
  }
};
`,
    "archangel.yaml": `listen: http://127.0.0.1:${port}\napps: { app: { twig: ./app.ts } }\n`,
  });
  const file = `${folder.path}/archangel.js`;
  assertEquals(await bundle(packages, file), 0);
  const run = (...args: string[]) =>
    new Program(Deno.execPath(), {
      args: ["run", "--no-prompt", "-A", file, ...args],
      cwd: folder.path,
      env: { NO_COLOR: "1" },
    });
  await using check = run("check");
  assertEquals(await check.ended, { code: 0, signal: null }, check.said);
  for (const workers of ["0", "1"]) {
    await using program = run("serve", "--workers", workers);
    await program.says("serving");
    const answer = await fetch(`http://127.0.0.1:${port}/hello.txt`);
    assertEquals([answer.status, await answer.text()], [200, "Hello"], workers);
    const missing = await fetch(`http://127.0.0.1:${port}/nothing`);
    assertEquals([missing.status, await missing.text()], [410, "Gone from here\n"], workers);
    program.signal("SIGTERM");
    assertEquals(await program.ended, { code: 0, signal: null }, program.said);
  }
});
