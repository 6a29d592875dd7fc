/** RFC 9110 §10.1.1: who waits for `100 Continue`, and what becomes of a body that was never sent. */
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { valueOf } from "../support/raw_client.ts";
import { inspect, Served } from "../support/served.ts";

const EXPECT = "POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n";
const NEXT = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";

Deno.test("expect (RFC9110§10.1.1): 100 comes when the app begins to read, and once", async () => {
  const go = Promise.withResolvers<void>();
  await using server = await Served.start(async (request, response) => {
    await go.promise;
    return await inspect(request, response) as string;
  });
  using client = await server.connect();
  await client.send(EXPECT + "content-length: 10\r\n\r\n");
  assertEquals(await client.closes(200), false);
  assertEquals(client.received, "");
  go.resolve();
  const interim = await client.response();
  assertEquals(interim.status, 100);
  assertEquals(interim.fields, []);
  await client.send("hello");
  await delay(50);
  await client.send("world");
  const response = await client.response();
  assertEquals([response.status, JSON.parse(response.body).body], [200, "helloworld"]);
});

Deno.test("expect (RFC9110§10.1.1): a chunked body is waited for alike", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  await client.send(EXPECT + "transfer-encoding: chunked\r\n\r\n");
  assertEquals((await client.response()).status, 100);
  await client.send("5\r\nhello\r\n0\r\n\r\n" + NEXT);
  assertEquals(JSON.parse((await client.response()).body).body, "hello");
  assertEquals((await client.response()).status, 200);
});

Deno.test("expect (RFC9110§10.1.1): no 100 if body bytes have come already", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  await client.send(EXPECT + "content-length: 5\r\n\r\nhello" + NEXT);
  assertEquals((await client.response()).status, 200);
  assertEquals((await client.response()).status, 200);
});

Deno.test("expect (RFC9110§10.1.1): no 100 if there is no body", async () => {
  await using server = await Served.start();
  for (const fields of ["", "content-length: 0\r\n"]) {
    using client = await server.connect();
    await client.send(EXPECT + fields + "\r\n");
    assertEquals((await client.response()).status, 200);
  }
});

Deno.test("expect (RFC9110§10.1.1): no 100 to HTTP/1.0", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  await client.send("POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n");
  assertEquals(await client.closes(200), false);
  assertEquals(client.received, "");
  await client.send("hello");
  const response = await client.response();
  assertEquals([response.status, JSON.parse(response.body).body], [200, "hello"]);
});

Deno.test("expect (RFC9110§10.1.1): is found in any case, and in a list", async () => {
  await using server = await Served.start();
  for (
    const value of [
      "100-Continue",
      "100-CONTINUE",
      " 100-continue\t",
      "100-continue, 100-continue",
      ",100-continue",
    ]
  ) {
    using client = await server.connect();
    await client.send(`POST / HTTP/1.1\r\nhost: x\r\nexpect: ${value}\r\ncontent-length: 1\r\n\r\n`);
    assertEquals((await client.response()).status, 100, value);
  }
});

Deno.test("expect (RFC9110§15.5.18): others cannot be met", async () => {
  await using server = await Served.start();
  for (const value of ["200-ok", "100-continue, other", "100", "100-continue;q=1", "x=y"]) {
    using client = await server.connect();
    await client.send(`POST / HTTP/1.1\r\nhost: x\r\nexpect: ${value}\r\ncontent-length: 1\r\n\r\nx` + NEXT);
    assertEquals((await client.response("POST")).status, 417, value);
    assert(await client.closes());
  }
});

Deno.test("expect (RFC9110§10.1.1): what is wrong with the request is said instead of 100", async () => {
  await using server = await Served.start(undefined, { limits: { bodyBytes: 100 } });
  for (
    const [fields, status] of [
      ["content-length: 101\r\n", 413],
      ["content-length: x\r\n", 400],
      ["content-length: 1\r\ntransfer-encoding: chunked\r\n", 400],
      ["transfer-encoding: gzip, chunked\r\n", 501],
    ] as const
  ) {
    using client = await server.connect();
    await client.send(EXPECT + fields + "\r\n");
    assertEquals((await client.response("POST")).status, status);
    assert(await client.closes());
  }
});

Deno.test("expect (RFC9110§10.1.1): a body over the app's own limit is refused instead of 100", async () => {
  await using server = await Served.start(undefined, { bodyBytes: 100 });
  using client = await server.connect();
  await client.send(EXPECT + "content-length: 101\r\n\r\n");
  const response = await client.response("POST");
  assertEquals([response.status, valueOf(response, "connection")], [413, "close"]);
  assert(await client.closes());
});

Deno.test("expect (RFC9110§10.1.1): after an answer without 100 the next bytes are never a request", async () => {
  let calls = 0;
  await using server = await Served.start(() => {
    calls++;
    return "no need";
  });
  for (const fields of ["content-length: 37\r\n", "transfer-encoding: chunked\r\n"]) {
    calls = 0;
    using client = await server.connect();
    await client.send(EXPECT + fields + "\r\n");
    const response = await client.response("POST");
    assertEquals([response.status, valueOf(response, "connection")], [200, "close"]);
    await client.send(NEXT).catch(() => {});
    assertEquals(await client.rest(), "");
    assertEquals(calls, 1);
  }
});

Deno.test("expect (RFC9110§15.2): no 100 after the final head", async () => {
  const read = Promise.withResolvers<void>();
  await using server = await Served.start(async function* (request) {
    yield "early";
    await delay(50);
    request.body.bytes().then(() => read.resolve(), () => read.resolve());
    await delay(50);
    yield " and late";
  });
  using client = await server.connect();
  await client.send(EXPECT + "content-length: 5\r\n\r\n");
  const response = await client.response("POST");
  assertEquals([response.status, response.body], [200, "early and late"]);
  client.close();
  await read.promise;
});
