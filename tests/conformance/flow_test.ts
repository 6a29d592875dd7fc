/** Flow control and deadlines on real sockets: who waits for whom, for how long, and what that may cost. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { delay } from "../support/delay.ts";
import { valueOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const MiB = 1024 * 1024;

Deno.test("flow: pipelined requests are all answered, however large the answers are together", async () => {
  await using server = await Served.start(() => "x".repeat(10_000));
  using client = await server.connect();
  await client.send(GET.repeat(200));
  for (let i = 0; i < 200; i++) assertEquals((await client.response()).body.length, 10_000);
});

Deno.test("flow: pipelined requests to an app that waits are all answered", async () => {
  await using server = await Served.start(async () => {
    await delay(0);
    return "x".repeat(300_000);
  });
  using client = await server.connect();
  await client.send(GET.repeat(20));
  for (let i = 0; i < 20; i++) assertEquals((await client.response()).body.length, 300_000);
});

Deno.test("flow: pipelined requests that wait for room are answered after the client's FIN too", async () => {
  await using server = await Served.start(() => new Uint8Array(300_000));
  using client = await server.connect();
  await client.send(GET.repeat(20));
  await client.finish();
  await delay(100);
  for (let i = 0; i < 20; i++) assertEquals((await client.response()).body.length, 300_000);
  assert(await client.closes());
});

Deno.test("deadlines: a client that is slow to take its answer is not idle", async () => {
  // More than the kernel takes in for a client that does not read. What the client does then is not in a hurry:
  // that its next request has the idle time anew is told where time can be stopped, of `Connection`.
  const size = 48 * MiB;
  await using server = await Served.start(() => new Uint8Array(size), { timeouts: { idle: 500 } });
  using client = await server.connect();
  await client.send(GET);
  await delay(2500);
  assertEquals((await client.response()).body.length, size);
});

Deno.test("deadlines: an app that takes its time over a piece of the body is not cut", async () => {
  await using server = await Served.start(async (request) => {
    let size = 0;
    for await (const piece of request.body) {
      size += piece.length;
      await delay(1500);
    }
    return String(size);
  }, { timeouts: { body: 500 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n");
  await delay(200);
  await client.send("12345");
  await delay(200);
  await client.send("67890");
  const response = await client.response();
  assertEquals([response.status, response.body], [200, "10"]);
});

Deno.test("deadlines: the body's begins when the app begins to read", async () => {
  await using server = await Served.start(async (request) => {
    await delay(1500);
    return request.body.text();
  }, { timeouts: { body: 1000 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\n");
  await delay(1900);
  await client.send("12345");
  const response = await client.response();
  assertEquals([response.status, response.body], [200, "12345"]);
});

Deno.test("Date (RFC9110§6.6.1): is that of the answer, not of the request", async () => {
  await using server = await Served.start(async () => {
    await delay(2500);
    return "";
  });
  const response = await server.answer(GET);
  const age = Date.now() - Date.parse(valueOf(response, "date")!);
  // Two seconds is what rounding down leaves to a date of the answer; one of the request is older.
  assert(age < 2000, `${age} ms old`);
});

Deno.test("deadlines (RFC9110§15.5.9): a head that does not come in time is answered with 408", async () => {
  await using server = await Served.start(undefined, { timeouts: { header: 500 } });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: ");
  const response = await client.response();
  assertEquals(response.status, 408);
  assertEquals(valueOf(response, "connection"), "close");
  assert(await client.closes());
});

Deno.test("deadlines: a head that drips in is not given more time with every byte", async () => {
  await using server = await Served.start(undefined, { timeouts: { header: 1000 } });
  using client = await server.connect();
  const begun = Date.now();
  const dripping = client.drip(GET.replace("x", "x".repeat(200)), 50).catch(() => {});
  assertEquals((await client.response()).status, 408);
  assert(Date.now() - begun < 5000);
  client.close();
  await dripping;
});

Deno.test("deadlines: a head has its own time, however long the unread body before it took", async () => {
  await using server = await Served.start(() => "unread", { timeouts: { header: 600 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 500\r\n\r\n");
  assertEquals((await client.response("POST")).status, 200);
  await delay(400);
  await client.send("x".repeat(500) + "GET / HTTP/1.1\r\n");
  await delay(400);
  await client.send("host: x\r\n\r\n");
  assertEquals((await client.response()).status, 200);
});

Deno.test("deadlines: a client that sends nothing is dropped without an answer", async () => {
  await using server = await Served.start(undefined, { timeouts: { header: 500 } });
  using client = await server.connect();
  assertEquals(await client.rest(), "");
  assertEquals(server.log, []);
});

Deno.test("deadlines: a kept connection without a request is closed without an answer", async () => {
  await using server = await Served.start(undefined, { timeouts: { idle: 500 } });
  using client = await server.connect();
  await client.send(GET);
  await client.response();
  assertEquals(await client.rest(), "");
  assertEquals(server.log, []);
});

Deno.test("deadlines: a kept connection has the idle time anew after every request", async () => {
  await using server = await Served.start(undefined, { timeouts: { idle: 1500 } });
  using client = await server.connect();
  for (let i = 0; i < 3; i++) {
    await client.send(GET);
    assertEquals((await client.response()).status, 200);
    await delay(900);
  }
});

Deno.test("deadlines: a body that stalls is answered with 408, and the app is told", async () => {
  let told: unknown;
  await using server = await Served.start(async (request) => {
    await request.body.bytes().catch((error) => told = error);
    return "";
  }, { timeouts: { body: 500 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345");
  const response = await client.response("POST");
  assertEquals(response.status, 408);
  assert(await client.closes());
  assertStringIncludes(String(told), "ConnectionLost");
  assertEquals(server.log.length, 1);
});

Deno.test("deadlines: a body that drips in is read for as long as it does", async () => {
  await using server = await Served.start((request) => request.body.text(), { timeouts: { body: 700 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 20\r\n\r\n");
  await client.drip("12345678901234567890", 100);
  assertEquals((await client.response()).body, "12345678901234567890");
});

Deno.test("deadlines: an app may take as long as it likes", async () => {
  await using server = await Served.start(async () => {
    await delay(2000);
    return "late";
  }, { timeouts: { header: 300, body: 300, idle: 300, write: 300 } });
  assertEquals((await server.answer(GET)).body, "late");
});

Deno.test("deadlines: an app may take as long as it likes between two chunks", async () => {
  await using server = await Served.start(async function* () {
    for (let i = 0; i < 3; i++) {
      yield String(i);
      await delay(1200);
    }
  }, { timeouts: { header: 300, body: 300, idle: 300, write: 300 } });
  assertEquals((await server.answer(GET)).body, "012");
});

Deno.test("deadlines: a client that takes nothing of its answer is dropped, and the app is told", async () => {
  const over = Promise.withResolvers<string>();
  await using server = await Served.start(async function* (request) {
    request.signal.addEventListener("abort", () => over.resolve(String(request.signal.reason)));
    for (;;) yield new Uint8Array(MiB);
  }, { timeouts: { write: 500 } });
  using client = await server.connect();
  await client.send(GET);
  assertStringIncludes(await over.promise, "ConnectionLost");
});

Deno.test("flow: an app's next chunk is pulled when the client has taken the ones before", async () => {
  let pulled = 0;
  await using server = await Served.start(async function* () {
    for (; pulled < 60; pulled++) yield new Uint8Array(MiB);
  });
  using client = await server.connect();
  await client.send(GET);
  await delay(500);
  const before = pulled;
  assert(before < 30, `${before} MiB were pulled that nobody took`);
  assertEquals((await client.response()).body.length, 60 * MiB);
});

Deno.test("flow: a body is read from the socket only as the app asks for it", async () => {
  const go = Promise.withResolvers<void>();
  await using server = await Served.start(async (request) => {
    await go.promise;
    let size = 0;
    for await (const piece of request.body) size += piece.length;
    return String(size);
  }, { limits: { bodyBytes: 100 * MiB } });
  using client = await server.connect();
  await client.send(`POST / HTTP/1.1\r\nhost: x\r\ncontent-length: ${64 * MiB}\r\n\r\n`);
  let sent = 0;
  const sending = (async () => {
    for (; sent < 64; sent++) await client.send(new Uint8Array(MiB));
  })();
  await delay(500);
  assert(sent < 32, `${sent} MiB were taken for an app that does not read`);
  go.resolve();
  assertEquals((await client.response("POST")).body, String(64 * MiB));
  await sending;
});
