/** Every limit of HTTP: what is just within passes, one more is refused with the status that says which. */
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { valueOf } from "../support/raw_client.ts";
import { type Differences, Served } from "../support/served.ts";
import type { App, HttpError } from "../../twig/mod.ts";

const NEXT = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";

const sizeOfBody: App = async (request) => {
  let size = 0;
  for await (const piece of request.body) size += piece.length;
  return String(size);
};

/** Sends both, each followed by another request: the first is served and so is that; the second is refused. */
async function edge(differences: Differences, within: string, above: string, status: number): Promise<void> {
  await using server = await Served.start(sizeOfBody, differences);
  using good = await server.connect();
  await good.send(within + NEXT);
  assertEquals((await good.response()).status, 200);
  assertEquals((await good.response()).status, 200);
  using bad = await server.connect();
  await bad.send(above + NEXT);
  const response = await bad.response();
  assertEquals([response.status, valueOf(response, "connection")], [status, "close"]);
  assert(await bad.closes());
}

Deno.test("limits (RFC9112§3): the target's is exact, whatever its form", async () => {
  const limits = { targetBytes: 100 };
  const get = (target: string) => `GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`;
  await edge({ limits }, get("/" + "a".repeat(99)), get("/" + "a".repeat(100)), 414);
  await edge({ limits }, get("/?" + "a".repeat(98)), get("/?" + "a".repeat(99)), 414);
  const absolute = "http://x/".padEnd(100, "a");
  await edge({ limits }, get(absolute), get(absolute + "a"), 414);
});

Deno.test("limits (RFC9112§3): at least 8000 bytes of request line are taken by default", async () => {
  const line = (size: number) =>
    `GET /${"a".repeat(size - "GET / HTTP/1.1\r\n".length)} HTTP/1.1\r\nhost: x\r\n\r\n`;
  await edge({}, line(8000), line(9000), 414);
});

Deno.test("limits (RFC9110§15.5.15): a target without an end is refused before it ends", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  await client.send("GET /" + "a".repeat(20_000));
  assertEquals((await client.response()).status, 414);
  assert(await client.closes());
});

Deno.test("limits (RFC6585§5): the head's is exact, whatever makes it long", async () => {
  const limits = { headerBytes: 300 };
  const start = "GET / HTTP/1.1\r\nhost: x\r\n";
  const long = (size: number) => start + `a: ${"v".repeat(size - start.length - 7)}\r\n\r\n`;
  assertEquals(long(300).length, 300);
  await edge({ limits }, long(300), long(301), 431);
  const name = (size: number) => start + `${"n".repeat(size - start.length - 6)}: \r\n\r\n`;
  await edge({ limits }, name(300), name(301), 431);
  const target = (size: number) => `GET /${"a".repeat(size - start.length - 2)} HTTP/1.1\r\nhost: x\r\n\r\n`;
  await edge({ limits: { headerBytes: 300, targetBytes: 299 } }, target(300), target(301), 431);
});

Deno.test("limits (RFC6585§5): a head without an end is refused before it ends", async () => {
  await using server = await Served.start();
  for (
    const endless of [
      "a: " + "v".repeat(40_000),
      "n".repeat(40_000),
      "a: b\r\n".repeat(90) + "c:" + " ".repeat(40_000),
    ]
  ) {
    using client = await server.connect();
    await client.send("GET / HTTP/1.1\r\nhost: x\r\n" + endless);
    assertEquals((await client.response()).status, 431);
    assert(await client.closes());
  }
});

Deno.test("limits (RFC6585§5): the number of fields is exact", async () => {
  const fields = (count: number) => "GET / HTTP/1.1\r\nhost: x\r\n" + "a: b\r\n".repeat(count - 1) + "\r\n";
  await edge({ limits: { headerFields: 10 } }, fields(10), fields(11), 431);
  await edge({}, fields(100), fields(101), 431);
});

Deno.test("limits (RFC6585§5): the number of trailer fields is exact", async () => {
  const trailers = (count: number) =>
    "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n" + "a: b\r\n".repeat(count) +
    "\r\n";
  await edge({ limits: { headerFields: 10 } }, trailers(10), trailers(11), 431);
});

Deno.test("limits (RFC9110§15.5.14): the body's is exact, announced or in chunks", async () => {
  const body = "x".repeat(1001);
  const announced = (size: number) =>
    `POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${size}\r\n\r\n${body.slice(0, size)}`;
  const chunked = (...sizes: number[]) =>
    "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" +
    sizes.map((size) => `${size.toString(16)}\r\n${body.slice(0, size)}\r\n`).join("") + "0\r\n\r\n";
  const limits = { bodyBytes: 1000 };
  await edge({ limits }, announced(1000), announced(1001), 413);
  await edge({ limits }, chunked(1000), chunked(1001), 413);
  await edge({ limits }, chunked(500, 500), chunked(500, 501), 413);
  await edge({ limits }, chunked(999, 1), chunked(999, 1, 1), 413);

  // What is over an app's own limit can still be passed over, so the connection lives.
  await using server = await Served.start(sizeOfBody, { bodyBytes: 1000 });
  using client = await server.connect();
  for (const form of [announced, chunked]) {
    await client.send(form(1000) + form(1001) + NEXT);
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await client.response("POST")).status);
    assertEquals(statuses, [200, 413, 200]);
  }
});

Deno.test("limits (RFC9110§15.5.14): an announced body over the limit is refused before any of it is sent", async () => {
  let calls = 0;
  for (
    const differences of [{ limits: { bodyBytes: 1000 } }, { bodyBytes: 1000, limits: { drainBytes: 1000 } }]
  ) {
    await using server = await Served.start(() => String(++calls), differences);
    using client = await server.connect();
    await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n");
    const response = await client.response("POST");
    assertEquals([response.status, valueOf(response, "connection")], [413, "close"]);
    assert(await client.closes());
  }
  assertEquals(calls, 0);
});

Deno.test("limits (RFC9110§15.5.14): an app that has begun to answer hears of the limit as an error", async () => {
  const told = Promise.withResolvers<Error>();
  await using server = await Served.start(async function* (request) {
    yield "begun";
    await delay(20);
    await request.body.bytes().catch((error) => told.resolve(error));
    yield " and ended";
  }, { bodyBytes: 1000 });
  using client = await server.connect();
  await client.send(
    "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3e9\r\n" + "x".repeat(1001),
  );
  assertEquals((await client.response("POST")).body, "begun and ended");
  assertEquals([(await told.promise).name, (await told.promise).message], [
    "HttpError",
    "The request body is too large",
  ]);
});

Deno.test("limits.body: an app that reads too large a body is told, and may answer for itself (TWIG 5.6)", async () => {
  let seen: unknown[] = [];
  await using server = await Served.start(async (request, response) => {
    try {
      return await request.body.text();
    } catch (error) {
      const { name, status } = error as HttpError;
      seen = [name, status, request.signal.aborted];
      response.start(413);
      return "a page of my own";
    }
  }, { limits: { bodyBytes: 20 } });
  for (const chunks of [[21], [8, 8, 8], [20, 1], [1_000_000]]) {
    const body = chunks.map((size) => `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`).join("");
    using client = await server.connect();
    await client.send(
      `POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n${body}0\r\n\r\n` + NEXT,
    );
    const response = await client.response("POST");
    assertEquals([response.status, response.body], [413, "a page of my own"], `${chunks}`);
    assertEquals(valueOf(response, "connection"), "close");
    assertEquals(await client.rest(), "", "what stands behind it is not looked at");
    assertEquals(seen, ["HttpError", 413, false], `${chunks}`);
  }
});
