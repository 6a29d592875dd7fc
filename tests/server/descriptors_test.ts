import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { connectionsWithin, descriptorLimit, filesWithin } from "../../server/descriptors.ts";
import { delay } from "../support/delay.ts";
import { choosePackages } from "../support/packages.ts";

Deno.test("connectionsWithin() leaves an eighth of the descriptors, and at least 64", () => {
  assertEquals(
    [20_000, 1024, 512, 120, 65, 10].map(connectionsWithin),
    [17_500, 896, 448, 56, 1, 1],
  );
  assertEquals(connectionsWithin(Infinity), Infinity);
});

Deno.test("filesWithin() takes of that eighth all but what a worker has open itself, two for each", () => {
  assertEquals([20_000, 1024, 256, 10].map(filesWithin), [1230, 44, 12, 12]);
  assertEquals(filesWithin(Infinity), Infinity);
});

Deno.test("descriptorLimit() is what Linux says, and no limit where nothing is said", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      file,
      "Max processes   1000  2000  processes\nMax open files   120   4096   files\n",
    );
    assertEquals(descriptorLimit(file), 120);
    await Deno.writeTextFile(file, "Max open files   unlimited   unlimited   files\n");
    assertEquals(descriptorLimit(file), Infinity);
  } finally {
    await Deno.remove(file);
  }
  assertEquals(descriptorLimit("/nowhere"), Infinity);
});

/** A server of its own with few descriptors. */
class Poor {
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #output: ReadableStreamDefaultReader<Uint8Array>;
  readonly #connections: Deno.Conn[] = [];
  #port = 0;

  private constructor(folder: string, flags: string, descriptors: number) {
    this.#folder = folder;
    this.#child = new Deno.Command("sh", {
      args: ["-c", `ulimit -n ${descriptors} && exec ${Deno.execPath()} run -A ${flags} ${folder}/server.ts`],
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#output = this.#child.stdout.getReader();
  }

  static async start(apps: string, descriptors: number): Promise<Poor> {
    const folder = await Deno.makeTempDir();
    await Deno.writeFile(`${folder}/long`, new Uint8Array(8 * 1024 * 1024));
    await Deno.writeTextFile(`${folder}/short`, "short");
    await Deno.writeTextFile(
      `${folder}/server.ts`,
      `import { serve } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
      const folder = ${JSON.stringify(folder)};
      const server = await serve({ listen: "http://127.0.0.1:0", apps: ${apps} });
      console.log(server.addresses[0].port);
      await server.finished;`,
    );
    const { config } = await choosePackages();
    const poor = new Poor(folder, `-c ${config}`, descriptors);
    const { value } = await poor.#output.read();
    poor.#port = Number(new TextDecoder().decode(value));
    return poor;
  }

  async connect(): Promise<Deno.Conn> {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
    this.#connections.push(connection);
    return connection;
  }

  /** Asks, and reads no more than the beginning of the answer. */
  async ask(connection: Deno.Conn, path: string): Promise<string> {
    await connection.write(new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`));
    const answer = new Uint8Array(512);
    const size = await connection.read(answer);
    return new TextDecoder().decode(answer.subarray(0, size ?? 0));
  }

  closeAll(): void {
    for (const connection of this.#connections.splice(0)) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.closeAll();
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#output.cancel();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

Deno.test("a server with few descriptors lets further connections wait instead of failing", async () => {
  await using poor = await Poor.start(`{ a: () => { throw new Error("no"); } }`, 120);
  const first = await poor.connect();
  for (let i = 0; i < 149; i++) await poor.connect();
  assertEquals((await poor.ask(first, "/")).slice(0, 12), "HTTP/1.1 500");
});

Deno.test("a server with few descriptors sends so many long files at a time, and short ones besides", async () => {
  await using poor = await Poor.start(
    "{ a: (request, response) => response.file(folder + request.pathInfo) }",
    256,
  );
  const statuses: string[] = [];
  // Nobody reads on, so that every file stays open.
  for (let i = 0; i < 150; i++) statuses.push((await poor.ask(await poor.connect(), "/long")).slice(9, 12));
  assertEquals(statuses, [...new Array(12).fill("200"), ...new Array(138).fill("503")]);
  assertStringIncludes(await poor.ask(await poor.connect(), "/short"), "short");
  poor.closeAll();
  for (let tries = 0; !(await poor.ask(await poor.connect(), "/long")).startsWith("HTTP/1.1 200"); tries++) {
    assert(tries < 100, "files of clients that left are closed");
    await delay(50);
  }
});
