/** Processes that lighttpd starts itself (`bin-path`), as `docs/behind-a-front-end.md` shows it. */
import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { change, findProgram, shownConfig } from "../support/front_ends.ts";
import { serveInherited } from "../support/inherited_server.ts";
import { freePort } from "../support/ports.ts";
import { childrenOf, isAlive, waitUntil } from "../support/processes.ts";
import { Program } from "../support/program.ts";

const LIGHTTPD = findProgram("lighttpd");

/** The document's configuration for this folder and port. */
function configFor(folder: string, port: number): string {
  const edits: [string, string][] = [
    ["server.port = 80", `server.port = ${port}`],
    ["/run/lighttpd/", `${folder}/`],
    [
      "/usr/bin/deno run -A jsr:@archangel/archangel/cli serve --config /etc/archangel.yaml",
      serveInherited(folder).join(" "),
    ],
    // The tests have a cache already.
    [`"bin-environment" => ( "DENO_DIR" => "/var/cache/archangel" )`, `"bin-environment" => ( "A" => "B" )`],
  ];
  const shown = edits.reduce(
    (text, [part, by]) => change(text, part, by),
    shownConfig("lighttpd", '"bin-path"'),
  );
  return `
    server.bind = "127.0.0.1"
    server.document-root = "${folder}"
    server.upload-dirs = ( "${folder}" )
    server.errorlog = "/dev/stderr"
    ${shown}`;
}

Deno.test({
  name: "lighttpd starts processes, starts others in their place, and ends them",
  ignore: LIGHTTPD === undefined,
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "archangel_test_" });
    const port = freePort();
    Deno.writeTextFileSync(`${folder}/main.conf`, configFor(folder, port));
    await using lighttpd = new Program(LIGHTTPD!, { args: ["-D", "-f", `${folder}/main.conf`] });
    const text = async (path: string, init: RequestInit = {}) =>
      await (await fetch(`http://127.0.0.1:${port}${path}`, init)).text();
    const processes = () => childrenOf(lighttpd.process.pid);

    await lighttpd.says("serving", 2);
    assertEquals(await text("/hello"), "hello 127.0.0.1");
    assertEquals(processes().length, 2);
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name);
    assertEquals(names.filter((name) => name.startsWith("archangel.sock")).length, 2, "One socket each");

    const body = new Uint8Array(5_000_000).map((_, at) => at % 251);
    const digest = createHash("sha256").update(body).digest("hex");
    assertEquals(await text("/digest", { method: "POST", body }), digest);
    assertEquals((await text("/download")).length, 782 * 64_000);

    const first = Number(await text("/pid"));
    assert(processes().includes(first));
    Deno.kill(first, "SIGTERM");
    await lighttpd.says("serving", 3);
    assertEquals(processes().length, 2);
    assertEquals(await text("/hello"), "hello 127.0.0.1");

    assert(lighttpd.said.includes("child exited: 0 "), "TERM is an end in order");

    const last = processes();
    lighttpd.signal("SIGTERM");
    await lighttpd.ended;
    await waitUntil(() => !last.some(isAlive), "its processes end");
    Deno.removeSync(folder, { recursive: true });
  },
});
