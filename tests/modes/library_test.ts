/**
 * Archangel as a library, in a project of its own that imports it by its name on JSR, sub-paths included. Where the name
 * leads is said by `links`, since these sources are not the published ones.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { Folder } from "../support/folder.ts";
import { choosePackages, linksFor, readConfig, ROOT } from "../support/packages.ts";
import { freePort } from "../support/ports.ts";
import { isAlive, waitUntil } from "../support/processes.ts";
import { Program } from "../support/program.ts";

const packages = await choosePackages();
const { version } = readConfig(`${ROOT}/deno.json`);

/** A project that depends on Archangel. */
function project(files: Record<string, string>): Folder {
  const imports = { "@archangel/archangel": `jsr:@archangel/archangel@${version}` };
  const links = [ROOT, ...linksFor(packages).links ?? []];
  return new Folder({ "deno.json": JSON.stringify({ imports, links, lock: false }), ...files });
}

function run(folder: Folder, ...args: string[]): Program {
  return new Program(Deno.execPath(), { args, cwd: folder.path, env: { NO_COLOR: "1" } });
}

Deno.test("a program serves its own functions and ends by itself when it closes the server", async () => {
  using folder = project({
    "main.ts": `import { HttpError, serve } from "@archangel/archangel";
      await using server = await serve({
        listen: "http://127.0.0.1:0",
        apps: { hello: (request) => { if (request.pathInfo === "/") return "fine"; throw new HttpError(410); } },
      });
      const gone = await fetch(server.url + "/x");
      await gone.body?.cancel();
      console.log(await (await fetch(server.url)).text(), gone.status);`,
  });
  await using program = run(folder, "run", "--check", "--no-prompt", "--allow-net=127.0.0.1", "main.ts");
  assertEquals((await program.ended).code, 0, program.said);
  assertMatch(program.said, /^fine 410$/m);
});

Deno.test("a program serves its own modules with workers that use its imports", async () => {
  using folder = project({
    "app.ts": `import type { TwigRequest } from "@archangel/archangel/twig";
      import { text } from "words";
      export default (request: TwigRequest) => text + request.pathInfo + " " + Deno.pid;`,
    "words.ts": 'export const text = "hello";',
    "main.ts": `import { serve } from "@archangel/archangel";
      const app = new URL("./app.ts", import.meta.url);
      await using server = await serve({ listen: "http://127.0.0.1:0", workers: 2, apps: { app } });
      console.log(await (await fetch(server.url + "/you")).text());
      await server.reload();
      console.log("reloaded");`,
  });
  const config = JSON.parse(Deno.readTextFileSync(`${folder.path}/deno.json`));
  config.imports.words = "./words.ts";
  folder.write("deno.json", JSON.stringify(config));
  await using program = run(folder, "run", "-A", "main.ts");
  assertEquals((await program.ended).code, 0, program.said);
  const [, pid] = /^hello\/you (\d+)$/m.exec(program.said) ?? [];
  assertMatch(program.said, /^reloaded$/m);
  await waitUntil(() => !isAlive(Number(pid)), "the worker ends");
});

Deno.test("every part can be imported on its own", async () => {
  const parts = {
    "twig": "toFetch",
    "router": "Router",
    "fcgi": "FcgiCore",
    "http": "HttpCore",
    "server": "serve",
    "testing": "TestClient",
    "cli": "main",
  };
  const lines = Object.entries(parts).map(([path, name]) =>
    `import { ${name} as ${path} } from "@archangel/archangel/${path}"; console.log(typeof ${path});`
  );
  using folder = project({ "main.ts": lines.join("\n") });
  await using program = run(folder, "run", "--check", "--no-prompt", "main.ts");
  assertEquals((await program.ended).code, 0, program.said);
  assertEquals(program.said.match(/^function$/gm)?.length, Object.keys(parts).length, program.said);
});

Deno.test("deno serve runs a TWIG app", async () => {
  using folder = project({
    "main.ts": `import { toFetch } from "@archangel/archangel/twig";
      export default {
        fetch: toFetch(async function* (request, response) {
          response.start(201, { "x-path": request.pathInfo, "x-remote": request.remote.address });
          yield "got ";
          for await (const chunk of request.body) yield chunk;
        }),
      };`,
  });
  const port = freePort();
  await using program = run(folder, "serve", "--host", "127.0.0.1", "--port", String(port), "main.ts");
  await program.says("Listening on");
  const response = await fetch(`http://127.0.0.1:${port}/a%20b?q`, {
    method: "POST",
    body: "a body",
    headers: { connection: "close" },
  });
  const { status, headers } = response;
  assertEquals([status, headers.get("x-path"), headers.get("x-remote")], [201, "/a%20b", "127.0.0.1"]);
  assertEquals(await response.text(), "got a body");
});
