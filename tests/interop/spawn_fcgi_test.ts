/** Processes started by `spawn-fcgi` as `docs/behind-a-front-end.md` shows it, asked by `cgi-fcgi`. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { get, post } from "../support/fcgi_client.ts";
import { change, findProgram, shownConfig } from "../support/front_ends.ts";
import { serveInherited, SPAWN_FCGI } from "../support/inherited_server.ts";
import { freePort } from "../support/ports.ts";
import { isAlive, waitUntil } from "../support/processes.ts";

const CGI_FCGI = findProgram("cgi-fcgi");
const ignore = SPAWN_FCGI === undefined || CGI_FCGI === undefined;

/** What is different from the document for a test. */
type Edit = (shown: string) => string;

/** The processes of one call of spawn-fcgi. */
class Spawned implements AsyncDisposable {
  readonly pids: readonly number[];
  readonly place: string;
  readonly #folder: string;

  /** Runs the command of the document. */
  constructor(bind: (folder: string) => string) {
    this.#folder = Deno.makeTempDirSync({ prefix: "archangel_test_" });
    const flags = bind(this.#folder);
    this.place = flags.replace(
      /^-a (\S+) -p (\S+)$|^-s (\S+).*$/,
      (_, host, port, path) => path ?? `${host}:${port}`,
    );
    const edits: [string, string][] = [
      ["spawn-fcgi ", `${SPAWN_FCGI} `],
      ["-a 127.0.0.1 -p 9000", flags],
      ["/run/archangel.pid", `${this.#folder}/pid`],
      [
        "/usr/bin/deno run -A jsr:@archangel/archangel/cli serve --config /etc/archangel.yaml",
        serveInherited(this.#folder).join(" "),
      ],
    ];
    const edit: Edit = (shown) => edits.reduce((text, [part, by]) => change(text, part, by), shown);
    const args = ["-c", edit(shownConfig("sh", "spawn-fcgi"))];
    const { code, stdout, stderr } = new Deno.Command("sh", { args, stdin: "null" }).outputSync();
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertEquals([code, said.match(/child spawned successfully/g)?.length], [0, 2], said);
    this.pids = Deno.readTextFileSync(`${this.#folder}/pid`).trim().split("\n").map(Number);
  }

  /** Waits until it answers. */
  async serves(): Promise<void> {
    await waitUntil(async () => (await this.ask(get("/hello"))).includes("\r\n\r\nhello"), "it answers");
  }

  /** What cgi-fcgi prints for a request. */
  async ask(variables: Record<string, string>, body = new Uint8Array(0)): Promise<string> {
    const args = ["-bind", "-connect", this.place];
    const child = new Deno.Command(CGI_FCGI!, {
      args,
      env: variables,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    })
      .spawn();
    const writer = child.stdin.getWriter();
    const writing = writer.write(body).then(() => writer.close()).catch(() => {});
    const { stdout } = await child.output();
    await writing;
    return new TextDecoder().decode(stdout);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of this.pids.filter(isAlive)) Deno.kill(pid, "SIGKILL");
    await waitUntil(() => !this.pids.some(isAlive), "the processes end");
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

const TRANSPORTS: Record<string, (folder: string) => string> = {
  TCP: () => `-a 127.0.0.1 -p ${freePort()}`,
  Unix: (folder) => `-s ${folder}/app.sock -M 0600`,
};

for (const [transport, bind] of Object.entries(TRANSPORTS)) {
  Deno.test({
    name: `spawn-fcgi: several processes share a socket, until each is told to end (${transport})`,
    ignore,
    fn: async () => {
      await using spawned = new Spawned(bind);
      await spawned.serves();
      const seen = new Set<number>();
      await waitUntil(async () => {
        // Whoever wakes first takes all that wait, so several ask at once.
        const answers = await Promise.all(Array.from({ length: 4 }, () => spawned.ask(get("/pid"))));
        for (const answer of answers) seen.add(Number(/\d+$/.exec(answer)?.[0]));
        return seen.size === 2;
      }, "both answer");
      assertEquals([...seen].sort(), [...spawned.pids].sort());

      const body = new Uint8Array(5_000_000).map((_, at) => at % 251);
      const digest = createHash("sha256").update(body).digest("hex");
      assertStringIncludes(await spawned.ask(post(body.length, "/digest"), body), digest);

      const [first, second] = spawned.pids;
      Deno.kill(first!, "SIGTERM");
      await waitUntil(() => !isAlive(first!), "the first one ends");
      for (let i = 0; i < 5; i++) {
        assert((await spawned.ask(get("/pid"))).endsWith(`\r\n\r\n${second}`), "The other one goes on");
      }
      Deno.kill(second!, "SIGTERM");
      await waitUntil(() => !isAlive(second!), "the second one ends");
    },
  });
}
