/** A socket that Archangel is started with, as file descriptor 0: everything that holds of its own listeners holds there. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { delay } from "../support/delay.ts";
import { abort, begin, type FcgiClient, get, params, post, request, stdin } from "../support/fcgi_client.ts";
import { InheritedServer, overInherited, serveInherited, SPAWN_FCGI } from "../support/inherited_server.ts";
import { waitUntil } from "../support/processes.ts";
import { Program } from "../support/program.ts";
import { RawClient } from "../support/raw_client.ts";

const MiB = 1024 * 1024;
const ignore = SPAWN_FCGI === undefined;

overInherited("requests share a connection, and connections a listener", async (server) => {
  const peer = server.place.transport === "tcp" ? "127.0.0.1" : "";
  using client = await server.connect();
  for (let i = 0; i < 5; i++) {
    assertEquals((await client.ask(get("/hello"))).body, `hello ${peer}`);
    assertEquals(await server.text("/hello"), `hello ${peer}`);
  }
  await client.send(request(get("/slow"), { id: 1 }), request(get("/hello"), { id: 2 }));
  assertEquals((await client.answer(2)).body, `hello ${peer}`);
  assertEquals((await client.answer(1)).body, "at last");
});

overInherited("a burst of connections is served to the last", async (server) => {
  const clients = await Promise.all(Array.from({ length: 300 }, () => server.connect()));
  await Promise.all(clients.map((client) => client.send(request(get("/hello")))));
  for (const client of clients) assertMatch((await client.answer()).body, /^hello/);
  for (const client of clients) client.close();
});

overInherited("an upload and an answer arrive whole, whatever the sizes of their pieces", async (server) => {
  const body = new Uint8Array(20_000_000);
  for (let at = 0; at < body.length; at++) body[at] = at % 251;
  using client = await server.connect();
  const answer = await client.ask(post(body.length, "/digest"), { body });
  assertEquals(answer.body, createHash("sha256").update(body).digest("hex"));
  using dripping = await server.connect();
  await dripping.drip(request(post(30, "/digest"), { body: "x".repeat(30) }), 7);
  assertEquals((await dripping.answer()).body, createHash("sha256").update("x".repeat(30)).digest("hex"));
  using reader = await server.connect();
  assertEquals((await reader.ask(get("/download"))).body.length, 782 * 64_000);
});

overInherited("a 64 MiB upload to an app that does not read stays in the socket", async (server) => {
  await server.memory();
  using client = await server.connect();
  await client.send(begin(), params(post(64 * MiB, "/ignore")));
  const before = await server.memory();
  const piece = stdin(new Uint8Array(65528));
  let sent = 0;
  const sending = (async () => {
    for (; sent < 64 * MiB; sent += 65528) await client.send(piece);
  })().catch(() => {});
  await delay(1500);
  const after = await server.memory();
  assert(sent < 24 * MiB, `${sent} bytes were taken`);
  assert(after.held - before.held < 8 * MiB, `${after.held - before.held} bytes are held`);
  client.close();
  await sending;
});

overInherited("fifty readers that stall in answers of 50 MB cost a few MiB", async (server) => {
  using first = await server.connect();
  await first.ask(get("/download"));
  const before = await server.memory();
  const clients: FcgiClient[] = [];
  for (let i = 0; i < 50; i++) {
    const client = await server.connect();
    await client.send(request(get("/download")));
    clients.push(client);
  }
  for (const client of clients) assert(await client.next() !== undefined);
  await delay(500);
  const after = await server.memory();
  assert(after.held - before.held < 16 * MiB, `${after.held - before.held} bytes are held`);
  for (const client of clients) client.close();
  const over = async () => (await server.text("/noticed")).split("download over").length - 1;
  await waitUntil(async () => await over() === 51, "the apps hear of it");
});

overInherited("a reader that makes no progress is given up after timeouts.write", async (server) => {
  using client = await server.connect();
  await client.send(request(get("/download")));
  await waitUntil(async () => await server.text("/noticed") === "download over", "the app hears of it");
}, { config: { timeouts: { write: "1s" } } });

overInherited("an app hears of an abort, and of a front end that closes", async (server) => {
  const notices = (text: string) => waitUntil(async () => await server.text("/noticed") === text, text);
  using client = await server.connect();
  await client.send(request(get("/ignore")));
  await notices("begun");
  await client.send(abort());
  await notices("begun,aborted");
  const leaving = await server.connect();
  await leaving.send(request(get("/ignore")));
  await notices("begun,aborted,begun");
  leaving.close();
  await notices("begun,aborted,begun,aborted");
});

overInherited("a front end that has closed its half gets its answer", async (server) => {
  using client = await server.connect();
  await client.send(request(get("/slow"), { keep: false }));
  await client.finish();
  assertEquals((await client.answer()).body, "at last");
  await client.closes();
});

overInherited("TERM finishes what is in flight, closes what is idle, and ends with 0", async (server) => {
  using idle = await server.connect();
  await idle.ask(get("/hello"));
  using busy = await server.connect();
  await busy.send(request(get("/slow")));
  await waitUntil(async () => await server.text("/noticed") === "slow", "the app to be called");
  server.program.signal("SIGTERM");
  assertEquals((await busy.answer()).body, "at last");
  await idle.closes();
  assertEquals(await server.program.ended, { code: 0, signal: null });
});

overInherited("HUP says what a reload takes, and changes nothing", async (server) => {
  assertStringIncludes(server.program.said, "listen   fcgi+fd:0\n  workers  0\n");
  server.program.signal("SIGHUP");
  await server.program.says("archangel: a reload takes a new process: end this one with TERM");
  assertMatch(await server.text("/hello"), /^hello/);
});

overInherited("more connections than there is room for wait, and far more are closed", async (server) => {
  const first = [await server.connect(), await server.connect()];
  for (const client of first) await client.ask(get("/hello"));
  const more: FcgiClient[] = [];
  for (let i = 0; i < 60; i++) more.push(await server.connect());
  await Promise.all(more.map((client) => client.send(request(get("/pid"), { keep: false })).catch(() => {})));
  await delay(200);
  for (const client of first) client.close();
  const answers = await Promise.allSettled(
    more.map((client) => client.answer().finally(() => client.close())),
  );
  const served = answers.filter(({ status }) => status === "fulfilled").length;
  assertEquals(served, 32);
}, { config: { limits: { connections: 2 } } });

overInherited("a peer that is not in FCGI_WEB_SERVER_ADDRS is closed", async (server) => {
  using client = await server.connect();
  await client.closes();
  await server.program.says("not in FCGI_WEB_SERVER_ADDRS (closed)");
}, { env: { FCGI_WEB_SERVER_ADDRS: "192.0.2.1" } });

Deno.test({
  name: "inherited socket: a peer in FCGI_WEB_SERVER_ADDRS is served",
  ignore,
  fn: async () => {
    const env = { FCGI_WEB_SERVER_ADDRS: "192.0.2.1,127.0.0.1" };
    await using server = await InheritedServer.serving("TCP", { env });
    assertEquals(await server.text("/hello"), "hello 127.0.0.1");
  },
});

Deno.test({
  name: "inherited socket: HTTP is spoken there as well",
  ignore,
  fn: async () => {
    await using server = await InheritedServer.serving("TCP", { listen: "http+fd:0" });
    assert(server.place.transport === "tcp");
    using client = await RawClient.connect(server.place.port);
    for (let i = 0; i < 3; i++) {
      await client.send("GET /hello HTTP/1.1\r\nhost: x\r\n\r\n");
      assertEquals((await client.response()).body, "hello 127.0.0.1");
    }
  },
});

Deno.test("inherited socket: a stdin that is none is refused in one sentence", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "archangel_test_" });
  const [executable, ...args] = serveInherited(folder);
  // The stdin of a Program is /dev/null.
  await using program = new Program(executable!, { args });
  assertEquals((await program.ended).code, 3);
  assertStringIncludes(
    program.said,
    "archangel: Cannot listen on fcgi+fd:0: file descriptor 0, which is stdin, is no listening socket (E",
  );
  assertEquals(program.said.trimEnd().split("\n").length, 1);
  Deno.removeSync(folder, { recursive: true });
});
