/** What clients that do not do their part cost: memory, measured in a process of its own. */
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { MeasuredServer, type Memory } from "../support/measured_server.ts";
import { RawClient } from "../support/raw_client.ts";

const MiB = 1024 * 1024;
const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

/** Sends the same again and again, for as long as the server takes it, and counts. */
function flood(
  client: RawClient,
  piece: string | Uint8Array,
  limit = Infinity,
): { sent: number; over: Promise<void> } {
  const state = { sent: 0, over: Promise.resolve() };
  state.over = (async () => {
    for (; state.sent < limit; state.sent += piece.length) await client.send(piece);
  })().catch(() => {});
  return state;
}

/**
 * What is held is exact. What the process uses also counts what V8 has not given back yet, which depends
 * on the moment: it is there to notice what is not counted as held, and far below what a leak would be.
 */
function assertGrowth(before: Memory, after: Memory, heldMiB: number, rssMiB: number): void {
  const held = (after.held - before.held) / MiB;
  const rss = (after.rss - before.rss) / MiB;
  assert(held < heldMiB, `${held.toFixed(1)} MiB more are held`);
  assert(rss < rssMiB, `${rss.toFixed(1)} MiB more are used`);
}

/** The server has compiled what it needs, and its heap has the size that it will have. */
async function warmedUp(path: string): Promise<MeasuredServer> {
  const server = await MeasuredServer.start("./http_sink.ts");
  using client = await RawClient.connect(server.port);
  for (let i = 0; i < 20; i++) {
    await client.send(get("/small"));
    await client.response();
  }
  await client.send(get(path));
  await client.response();
  return server;
}

for (const path of ["/small", "/later"]) {
  Deno.test(`memory: a client that sends requests to ${path} and reads no answer is not served for ever`, async () => {
    await using server = await warmedUp(path);
    const before = await server.memory();
    using client = await RawClient.connect(server.port);
    const requests = flood(client, get(path).repeat(100));
    await delay(2000);
    const sent = requests.sent;
    await delay(1000);
    assertEquals(requests.sent, sent, "It still takes requests");
    assertGrowth(before, await server.memory(), 4, 128);
    client.close();
    await requests.over;
  });
}

Deno.test("memory: a 64 MiB upload to an app that does not read stays in the socket", async () => {
  await using server = await warmedUp("/small");
  const before = await server.memory();
  using client = await RawClient.connect(server.port);
  await client.send(`POST /ignore HTTP/1.1\r\nhost: x\r\ncontent-length: ${64 * MiB}\r\n\r\n`);
  const body = flood(client, new Uint8Array(64 * 1024), 64 * MiB);
  await delay(1500);
  assert(body.sent < 24 * MiB, `${body.sent} bytes were taken`);
  assertGrowth(before, await server.memory(), 2, 128);
  client.close();
  await body.over;
});

for (const path of ["/download", "/download-at-once"]) {
  Deno.test(`memory: fifty clients that do not read an answer of 50 MB (${path}) cost a few MiB`, async () => {
    await using server = await warmedUp(path);
    const before = await server.memory();
    const clients: RawClient[] = [];
    for (let i = 0; i < 50; i++) {
      const client = await RawClient.connect(server.port);
      clients.push(client);
      await client.send(get(path));
    }
    await delay(2000);
    // 50 times what is held back for one (64 KiB) and what is on its way to the socket (64 KiB and a chunk).
    assertGrowth(before, await server.memory(), 10, 256);
    // One that reads after all gets everything.
    assertEquals(
      (await clients[7]!.response()).body.length,
      path === "/download" ? 782 * 64_000 : 50_000_000,
    );
    for (const client of clients) client.close();
  });
}

Deno.test("memory: a thousand idle connections cost a few MiB", async () => {
  await using server = await warmedUp("/small");
  const before = await server.memory();
  const clients: RawClient[] = [];
  for (let i = 0; i < 1000; i++) {
    const client = await RawClient.connect(server.port);
    clients.push(client);
    await client.send(get("/small"));
    await client.response();
  }
  assertGrowth(before, await server.memory(), 8, 96);
  for (const client of clients) client.close();
});
