/** RFC 9112 §9: which connections live on, in which order answers come, and how a connection ends. */
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { waitUntil } from "../support/processes.ts";
import { valueOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

Deno.test("persistence (RFC9112§9.3): HTTP/1.1 goes on unless somebody says close", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  for (let i = 0; i < 5; i++) {
    await client.send(GET);
    const response = await client.response();
    assertEquals([response.status, valueOf(response, "connection")], [200, undefined]);
  }
});

Deno.test("persistence (RFC9112§9.6): close in any case, at any place of the list, in any line, closes", async () => {
  await using server = await Served.start();
  for (
    const lines of [
      "connection: close",
      "Connection: CLOSE",
      "connection: keep-alive, close",
      "connection: close, keep-alive",
      "connection: x,\tClose\t,y",
      "connection: ,close,",
      "connection: x\r\nconnection: close",
      "connection: keep-alive\r\nconnection: close",
      "connection: close\r\nconnection: keep-alive",
    ]
  ) {
    using client = await server.connect();
    await client.send(`GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n\r\n` + GET);
    assertEquals(valueOf(await client.response(), "connection"), "close", lines);
    assert(await client.closes(), lines);
  }
});

Deno.test("persistence (RFC9112§9.3): options that only contain the word do not close", async () => {
  await using server = await Served.start();
  for (const value of ["closed", "no-close", "x-close", "close x", '"close"', "keep-alive", ""]) {
    using client = await server.connect();
    await client.send(`GET / HTTP/1.1\r\nhost: x\r\nconnection: ${value}\r\n\r\n` + GET);
    assertEquals(valueOf(await client.response(), "connection"), undefined, value);
    assertEquals((await client.response()).status, 200);
  }
});

Deno.test("persistence (RFC9112§9.3): HTTP/1.0 closes unless it asks for keep-alive", async () => {
  await using server = await Served.start();
  using closing = await server.connect();
  await closing.send("GET / HTTP/1.0\r\n\r\n" + GET);
  assertEquals(valueOf(await closing.response(), "connection"), "close");
  assert(await closing.closes());

  using kept = await server.connect();
  await kept.send("GET / HTTP/1.0\r\nconnection: Keep-Alive\r\n\r\n" + GET);
  assertEquals(valueOf(await kept.response(), "connection"), "keep-alive");
  assertEquals((await kept.response()).status, 200);

  using both = await server.connect();
  await both.send("GET / HTTP/1.0\r\nconnection: keep-alive, close\r\n\r\n" + GET);
  assertEquals(valueOf(await both.response(), "connection"), "close");
  assert(await both.closes());
});

Deno.test("persistence (RFC9112§6.3): an answer of unknown length to HTTP/1.0 ends with the connection", async () => {
  await using server = await Served.start(async function* () {
    yield "a";
    await delay(20);
    yield "b";
  });
  for (const extra of ["", "connection: keep-alive\r\n"]) {
    const response = await server.answer(`GET / HTTP/1.0\r\n${extra}\r\n`);
    assertEquals([response.framing, response.body], ["close", "ab"]);
    assertEquals(valueOf(response, "connection"), "close");
  }
});

Deno.test("persistence: an app can close after its answer", async () => {
  await using server = await Served.start((_request, response) => {
    response.close();
    return "last";
  });
  using client = await server.connect();
  await client.send(GET + GET);
  const response = await client.response();
  assertEquals([response.body, valueOf(response, "connection")], ["last", "close"]);
  assert(await client.closes());
});

Deno.test("persistence: the last request that a connection may send is told so", async () => {
  await using server = await Served.start(undefined, { limits: { requestsPerConnection: 3 } });
  using client = await server.connect();
  await client.send(GET.repeat(5));
  const closes = [];
  for (let i = 0; i < 3; i++) closes.push(valueOf(await client.response(), "connection"));
  assertEquals(closes, [undefined, undefined, "close"]);
  assert(await client.closes());
});

Deno.test("pipelining (RFC9112§9.3.2): answers come in the order of the requests", async () => {
  let running = 0;
  await using server = await Served.start(async (request) => {
    assertEquals(++running, 1);
    await delay(Number(request.query));
    running--;
    return request.pathInfo;
  });
  using client = await server.connect();
  const delays = [60, 0, 30, 5, 0, 20];
  await client.send(delays.map((ms, i) => `GET /${i}?${ms} HTTP/1.1\r\nhost: x\r\n\r\n`).join(""));
  for (let i = 0; i < delays.length; i++) assertEquals((await client.response()).body, `/${i}`);
});

Deno.test("pipelining (RFC9112§9.3.2): empty lines between requests are passed over", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi\r\n" + GET + "\r\n\r\n" + GET);
  for (let i = 0; i < 3; i++) assertEquals((await client.response()).status, 200);
});

Deno.test("pipelining (RFC9112§9.6): nothing is read as a request after one that closes", async () => {
  let calls = 0;
  await using server = await Served.start(() => String(++calls));
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n" + GET.repeat(10));
  assertEquals((await client.response()).body, "1");
  assert(await client.closes());
  assertEquals(calls, 1);
});

Deno.test("lingering close (RFC9112§9.6): a refusal can be read by a client that is still sending", async () => {
  await using server = await Served.start(undefined, { limits: { bodyBytes: 1000 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n");
  for (let i = 0; i < 10; i++) await client.send(new Uint8Array(1_000_000));
  assertEquals((await client.response("POST")).status, 413);
  assert(await client.closes());
});

Deno.test("lingering close (RFC9112§9.6): an early answer can be read by a client that is still sending", async () => {
  await using server = await Served.start(() => "early", { limits: { bodyBytes: 20_000_000 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n");
  for (let i = 0; i < 10; i++) await client.send(new Uint8Array(1_000_000));
  const response = await client.response("POST");
  assertEquals([response.body, valueOf(response, "connection")], ["early", "close"]);
  assert(await client.closes());
});

Deno.test("lingering close: lasts no longer than it may", async () => {
  await using server = await Served.start(undefined, {
    limits: { bodyBytes: 1000 },
    timeouts: { linger: 500 },
  });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10000000\r\n\r\n");
  assertEquals((await client.response("POST")).status, 413);
  const begun = Date.now();
  const error = await client.drip("x".repeat(1000), 20).catch((error) => error);
  assert(error instanceof Error, "The server never closed");
  assert(Date.now() - begun < 8000);
});

Deno.test("half-close: a client that has sent its FIN gets the answers to all that it sent before", async () => {
  await using server = await Served.start(async (request) => {
    await delay(100);
    return await request.body.text() + request.pathInfo;
  });
  using client = await server.connect();
  await client.send("POST /1 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi" + GET + GET);
  await client.finish();
  for (const body of ["hi/1", "/", "/"]) assertEquals((await client.response()).body, body);
  assert(await client.closes());
});

Deno.test("half-close: the last answer says that it is the last", async () => {
  await using server = await Served.start(async () => {
    await delay(50);
    return "";
  });
  using client = await server.connect();
  await client.send(GET);
  await client.finish();
  assertEquals(valueOf(await client.response(), "connection"), "close");
});

Deno.test("half-close: an answer that streams goes on for as long as the client takes it", async () => {
  await using server = await Served.start(async function* () {
    for (let i = 0; i < 8; i++) {
      yield String(i);
      await delay(400);
    }
  });
  using client = await server.connect();
  await client.send(GET);
  await client.finish();
  assertEquals((await client.response()).body, "01234567");
  assert(await client.closes());
});

Deno.test("half-close: a client that is slow to take a large answer gets all of it", async () => {
  await using server = await Served.start(() => new Uint8Array(20_000_000));
  using client = await server.connect();
  await client.send(GET);
  await client.finish();
  await delay(3000);
  assertEquals((await client.response()).body.length, 20_000_000);
});

Deno.test("half-close: a connection without a request is closed", async () => {
  await using server = await Served.start();
  using fresh = await server.connect();
  await fresh.finish();
  assertEquals(await fresh.rest(), "");

  using kept = await server.connect();
  await kept.send(GET);
  await kept.response();
  await kept.finish();
  assertEquals(await kept.rest(), "");
});

Deno.test("client gone: an app that waits is told, and its generator's finally runs", async () => {
  const told = Promise.withResolvers<unknown>();
  const finished = Promise.withResolvers<void>();
  await using server = await Served.start(async function* (request) {
    try {
      request.signal.addEventListener("abort", () => told.resolve(request.signal.reason));
      await told.promise;
      yield "never sent";
    } finally {
      finished.resolve();
    }
  });
  using client = await server.connect();
  await client.send(GET);
  await delay(50);
  client.close();
  assertEquals((await told.promise as Error).name, "ConnectionLost");
  await finished.promise;
  assertEquals(server.log, []);
});

Deno.test("client gone: an app that streams is ended, and its generator's finally runs", async () => {
  const finished = Promise.withResolvers<void>();
  await using server = await Served.start(async function* () {
    try {
      for (;;) {
        yield "tick\n";
        await delay(20);
      }
    } finally {
      finished.resolve();
    }
  });
  using client = await server.connect();
  await client.send(GET);
  await client.receives("tick");
  client.close();
  await finished.promise;
  assertEquals(server.log, []);
});

Deno.test("client gone: a plain generator is ended as well", async () => {
  const finished = Promise.withResolvers<void>();
  await using server = await Served.start(function* () {
    try {
      for (;;) yield new Uint8Array(100_000);
    } finally {
      finished.resolve();
    }
  });
  using client = await server.connect();
  await client.send(GET);
  await delay(50);
  client.close();
  await finished.promise;
  assertEquals(server.log, []);
});

Deno.test("client gone: a pending read of the body throws", async () => {
  const told = Promise.withResolvers<Error>();
  await using server = await Served.start((request) =>
    request.body.bytes().then(() => "", (error) => told.resolve(error))
  );
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhello");
  await delay(50);
  client.close();
  assertEquals((await told.promise).name, "ConnectionLost");
});

Deno.test("client gone: it is noticed whatever size its request has, and whatever it sent behind it", async () => {
  const told: string[] = [];
  await using server = await Served.start(async (request) => {
    if (request.pathInfo === "/") return "";
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    told.push(request.pathInfo);
    return "";
  });
  const head = (size: number, path: string): string => {
    const lines = `GET ${path} HTTP/1.1\r\nhost: x\r\na: `;
    return lines + "b".repeat(size - lines.length - 4) + "\r\n\r\n";
  };
  const requests = [
    // Reads that come back full are the ones that could leave no room: the memory has these sizes.
    ...[255, 256, 257, 2303, 2304, 2305, 4096].map((size) => head(size, `/of-${size}`)),
    ...[100, 300, 5000, 60_000].map((size) =>
      `POST /body-${size} HTTP/1.1\r\nhost: x\r\ncontent-length: ${size}\r\n\r\n` + "x".repeat(size)
    ),
    "GET /pipelined HTTP/1.1\r\nhost: x\r\n\r\n" + GET.repeat(100),
  ];
  for (const request of requests) {
    using client = await server.connect();
    await client.send(request);
    await delay(20);
  }
  const paths = requests.map((request) => request.split(" ")[1]);
  await waitUntil(() => told.length === paths.length, `${paths.length} signals; there are ${told}`);
  assertEquals(told.toSorted(), paths.toSorted());
  for (const size of [256, 4096]) {
    using client = await server.connect();
    await client.send(GET);
    await client.response();
    await client.send(head(size, "/kept"));
    await delay(20);
  }
  await waitUntil(() => told.length === paths.length + 2, "two more signals");
});

Deno.test("client gone: a reset is as good as a FIN", async () => {
  const told = Promise.withResolvers<void>();
  await using server = await Served.start(async function* (request) {
    request.signal.addEventListener("abort", () => told.resolve());
    for (;;) {
      yield new Uint8Array(10_000);
      await delay(5);
    }
  });
  using client = await server.connect();
  await client.send(GET);
  // Closing with unread bytes resets the connection.
  await delay(100);
  client.close();
  await told.promise;
  assertEquals((await server.answer("GET / HTTP/1.1\r\n\r\n")).status, 400);
});

Deno.test("connections: those above the limit wait until another one is closed", async () => {
  await using server = await Served.start(undefined, { limits: { connections: 2 } });
  using first = await server.connect();
  using second = await server.connect();
  for (const client of [first, second]) {
    await client.send(GET);
    assertEquals((await client.response()).status, 200);
  }
  using third = await server.connect();
  await third.send(GET);
  assertEquals(await third.closes(300), false);
  assertEquals(third.received, "");
  first.close();
  assertEquals((await third.response()).status, 200);
});

Deno.test("drain: takes nothing new, finishes what is in flight, and says that it closes", async () => {
  const go = Promise.withResolvers<void>();
  await using server = await Served.start(async (request) => {
    if (request.pathInfo === "/slow") await go.promise;
    return request.pathInfo;
  }, { timeouts: { linger: 300 } });
  using idle = await server.connect();
  await idle.send(GET);
  await idle.response();
  using busy = await server.connect();
  await busy.send("GET /slow HTTP/1.1\r\nhost: x\r\n\r\n");
  await delay(50);
  const drained = server.service.drain();
  assertEquals(await idle.rest(), "");
  go.resolve();
  const response = await busy.response();
  assertEquals([response.body, valueOf(response, "connection")], ["/slow", "close"]);
  assert(await busy.closes());
  await drained;
  const refused = await server.connect().catch((error) => error);
  assert(refused instanceof Deno.errors.ConnectionRefused);
});

Deno.test("drain: does not wait longer than it may", async () => {
  const aborted = Promise.withResolvers<void>();
  await using server = await Served.start((request) => {
    request.signal.addEventListener("abort", () => aborted.resolve());
    return new Promise<string>(() => {});
  }, { timeouts: { drain: 300 } });
  using client = await server.connect();
  await client.send(GET);
  await delay(50);
  await server.service.drain();
  await aborted.promise;
  assertEquals(await client.rest(), "");
});
