/** RFC 9112 §6: where a request's body ends, and that nobody can make two servers disagree about it. */
import { assert, assertEquals } from "@std/assert";
import { valueOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

/** What would be another request, were the framing before it misread. */
const NEXT = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";

/** Sends it and more; it has to be refused so, the connection closed, and nothing after it read as a request. */
async function refuses(server: Served, request: string, status: number): Promise<void> {
  using client = await server.connect();
  await client.send(request + NEXT);
  assertEquals((await client.response("POST")).status, status, JSON.stringify(request));
  assert(await client.closes(), JSON.stringify(request));
}

const post = (fields: string, body: string) => `POST / HTTP/1.1\r\nhost: x\r\n${fields}\r\n\r\n${body}`;

Deno.test("content-length (RFC9112§6.3): anything but digits is refused", async () => {
  await using server = await Served.start();
  const bad = [
    "+5",
    "-5",
    "-0",
    "5 5",
    "5,",
    ",5",
    "5, 6",
    "5,5",
    "5;5",
    "0x5",
    "0o5",
    "0b1",
    "5e0",
    "5.0",
    "5_0",
  ]
    .concat([
      "5n",
      "abc",
      "5a",
      "a5",
      '"5"',
      "5\xa0",
      "\xb2",
      "\xd9\xa5",
      "5\x0b",
      "5\x0c",
      "Infinity",
      "NaN",
    ])
    .concat(["", " ", "\t"]);
  for (const value of bad) await refuses(server, post(`content-length: ${value}`, "hello"), 400);
});

Deno.test("content-length (RFC9110§8.6): a number too large to count with is refused", async () => {
  await using server = await Served.start();
  const huge = ["9007199254740992", "9223372036854775808", "18446744073709551616", "18446744073709551621"];
  for (const value of [...huge, "9".repeat(400)]) {
    await refuses(server, post(`content-length: ${value}`, "hello"), 400);
  }
});

Deno.test("content-length (RFC9110§8.6): several lines are refused", async () => {
  await using server = await Served.start();
  await refuses(server, post("content-length: 5\r\ncontent-length: 6", "hello!"), 400);
  await refuses(server, post("content-length: 6\r\ncontent-length: 5", "hello!"), 400);
  await refuses(server, post("content-length: 5\r\nCONTENT-LENGTH: 5", "hello"), 400);
  await refuses(server, post("content-length: 0\r\nhost2: x\r\ncontent-length: 0", ""), 400);
});

Deno.test("content-length (RFC9110§8.6): blanks around it and leading zeros do not change it", async () => {
  await using server = await Served.start();
  for (const value of ["5", " 5", "5 ", "\t5\t", "05", "0000000000005"]) {
    using client = await server.connect();
    await client.send(post(`content-length:${value}`, "hello") + NEXT);
    assertEquals(JSON.parse((await client.response()).body).body, "hello", value);
    assertEquals(JSON.parse((await client.response()).body).pathInfo, "/next", value);
  }
});

Deno.test("transfer-encoding (RFC9112§6.1): together with content-length is refused", async () => {
  await using server = await Served.start();
  const chunked = "5\r\nhello\r\n0\r\n\r\n";
  for (
    const fields of [
      "content-length: 5\r\ntransfer-encoding: chunked",
      "transfer-encoding: chunked\r\ncontent-length: 5",
      "transfer-encoding: chunked\r\ncontent-length: 15",
      "transfer-encoding: chunked\r\ncontent-length: 0",
      "transfer-encoding: identity\r\ncontent-length: 5",
      "transfer-encoding:\r\ncontent-length: 5",
      "transfer-encoding: xchunked\r\ncontent-length: 5",
      "TRANSFER-ENCODING: CHUNKED\r\nCONTENT-LENGTH: 5",
    ]
  ) await refuses(server, post(fields, chunked), 400);
});

Deno.test("transfer-encoding (RFC9112§6.3): chunked has to be its last coding, once", async () => {
  await using server = await Served.start();
  const bad = [
    "",
    "identity",
    "gzip",
    "xchunked",
    "chunkedx",
    "x chunked",
    "chunked x",
    "chunked, identity",
    "chunked, gzip",
    "chunked, chunked",
    "chunked,chunked",
    "chunked,",
    ",chunked",
    "chunked;q=1",
    "chunked;",
    '"chunked"',
    "'chunked'",
    "chun ked",
    "chunked\xa0",
    "\xa0chunked",
    "chun\xd0\xbaed",
  ];
  for (const value of bad) await refuses(server, post(`transfer-encoding: ${value}`, "0\r\n\r\n"), 400);
  await refuses(server, post("transfer-encoding: chunked\r\ntransfer-encoding: chunked", "0\r\n\r\n"), 400);
  await refuses(server, post("transfer-encoding: chunked\r\ntransfer-encoding: identity", "0\r\n\r\n"), 400);
  await refuses(server, post("transfer-encoding: chunked\r\ntransfer-encoding:", "0\r\n\r\n"), 400);
});

Deno.test("transfer-encoding (RFC9112§6.1): a coding that is not known gets 501", async () => {
  await using server = await Served.start();
  for (const value of ["gzip, chunked", "identity, chunked", "x,chunked"]) {
    await refuses(server, post(`transfer-encoding: ${value}`, "0\r\n\r\n"), 501);
  }
  await refuses(server, post("transfer-encoding: gzip\r\ntransfer-encoding: chunked", "0\r\n\r\n"), 501);
});

Deno.test("transfer-encoding (RFC9112§6.1): control bytes in it are refused", async () => {
  await using server = await Served.start();
  for (
    const value of ["\x0bchunked", "\x0cchunked", "chunked\x0b", "chunked\0", "\x1fchunked", "chunked\x7f"]
  ) {
    await refuses(server, post(`transfer-encoding: ${value}`, "0\r\n\r\n"), 400);
  }
});

Deno.test("transfer-encoding (RFC9112§7): is found in any case and between any blanks", async () => {
  await using server = await Served.start();
  for (
    const field of [
      "transfer-encoding: chunked",
      "Transfer-Encoding:\t Chunked \t",
      "TRANSFER-ENCODING:CHUNKED",
    ]
  ) {
    using client = await server.connect();
    await client.send(post(field, "5\r\nhello\r\n0\r\n\r\n") + NEXT);
    assertEquals(JSON.parse((await client.response()).body).body, "hello");
    assertEquals(JSON.parse((await client.response()).body).pathInfo, "/next");
  }
});

Deno.test("transfer-encoding (RFC9112§6.1): in HTTP/1.0 is refused", async () => {
  await using server = await Served.start();
  for (const extra of ["", "connection: keep-alive\r\n", "content-length: 5\r\n"]) {
    const request = `POST / HTTP/1.0\r\n${extra}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
    await refuses(server, request, 400);
  }
});

Deno.test("framing: names that only look like the framing fields are none", async () => {
  await using server = await Served.start();
  for (
    const name of [
      "content_length",
      "contentlength",
      "content-lengths",
      "transfer_encoding",
      "x-transfer-encoding",
    ]
  ) {
    using client = await server.connect();
    await client.send(post(`${name}: 5`, "") + NEXT);
    assertEquals(JSON.parse((await client.response()).body).body, "", name);
    assertEquals(JSON.parse((await client.response()).body).pathInfo, "/next", name);
  }
});

Deno.test("body (RFC9112§6.3): is empty where nothing announces one", async () => {
  await using server = await Served.start();
  for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "ANY"]) {
    using client = await server.connect();
    await client.send(`${method} / HTTP/1.1\r\nhost: x\r\n\r\n` + NEXT);
    const seen = JSON.parse((await client.response()).body);
    assertEquals([seen.method, seen.body, seen.contentLength], [method, "", 0]);
    assertEquals(JSON.parse((await client.response()).body).pathInfo, "/next");
  }
});

Deno.test("body (RFC9110§9.3.1): is framed alike for every method", async () => {
  await using server = await Served.start();
  for (const method of ["GET", "HEAD", "POST", "DELETE", "OPTIONS", "ANY"]) {
    for (
      const [fields, body] of [["content-length: 5", "hello"], [
        "transfer-encoding: chunked",
        "5\r\nhello\r\n0\r\n\r\n",
      ]]
    ) {
      using client = await server.connect();
      await client.send(`${method} / HTTP/1.1\r\nhost: x\r\n${fields}\r\n\r\n${body}` + NEXT);
      const response = await client.response(method);
      assertEquals(response.status, 200);
      if (method !== "HEAD") assertEquals(JSON.parse(response.body).body, "hello");
      assertEquals(JSON.parse((await client.response()).body).pathInfo, "/next");
    }
  }
  using client = await server.connect();
  await client.send("OPTIONS * HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello" + NEXT);
  assertEquals((await client.response("OPTIONS")).status, 204);
  assertEquals(JSON.parse((await client.response()).body).pathInfo, "/next");
});

Deno.test("body (RFC9110§9.3.1): one that nobody reads is passed over, never taken for a request", async () => {
  await using server = await Served.start((request) => request.pathInfo);
  for (const method of ["GET", "HEAD", "POST", "DELETE"]) {
    const inner = "GET /inner HTTP/1.1\r\nhost: x\r\n\r\n";
    const chunked = `${inner.length.toString(16)}\r\n${inner}\r\n0\r\n\r\n`;
    for (
      const [fields, body] of [[`content-length: ${inner.length}`, inner], [
        "transfer-encoding: chunked",
        chunked,
      ]]
    ) {
      using client = await server.connect();
      await client.send(`${method} /outer HTTP/1.1\r\nhost: x\r\n${fields}\r\n\r\n${body}` + NEXT);
      assertEquals((await client.response(method)).status, 200);
      assertEquals((await client.response()).body, "/next");
    }
  }
});

Deno.test("body (RFC9112§9.3): one that nobody reads and that is too large to be passed over closes", async () => {
  await using server = await Served.start(() => "", { limits: { drainBytes: 1000 } });
  for (const [size, kept] of [[1000, true], [1001, false]] as const) {
    using client = await server.connect();
    await client.send(post(`content-length: ${size}`, "x".repeat(size)) + NEXT);
    assertEquals(valueOf(await client.response("POST"), "connection"), kept ? undefined : "close");
    if (kept) assertEquals((await client.response()).status, 200);
    else assert(await client.closes());
  }
});

Deno.test("body (RFC9112§9.3): chunks that nobody reads are passed over up to the same size", async () => {
  await using server = await Served.start(() => "", { limits: { drainBytes: 1000 } });
  const chunk = `32\r\n${"x".repeat(50)}\r\n`;
  for (const [count, answers] of [[10, 2], [2000, 1]] as const) {
    using client = await server.connect();
    await client.send(post("transfer-encoding: chunked", chunk.repeat(count) + "0\r\n\r\n") + NEXT);
    for (let i = 0; i < answers; i++) assertEquals((await client.response()).status, 200);
    if (answers === 1) assert(await client.closes());
  }
});

Deno.test("body (RFC9112§8): one that is cut short never looks complete to the app", async () => {
  for (
    const request of [
      post("content-length: 10", "hello"),
      post("transfer-encoding: chunked", "5\r\nhello\r\n"),
      post("transfer-encoding: chunked", "5\r\nhel"),
      post("transfer-encoding: chunked", "5\r\nhello\r\n0\r\n"),
      post("transfer-encoding: chunked", "5\r\nhello\r\n0\r\nname: v"),
    ]
  ) {
    const outcome = Promise.withResolvers<string>();
    await using server = await Served.start((incoming) =>
      incoming.body.bytes().then(() => outcome.resolve("complete"), (error) => outcome.resolve(error.name))
    );
    using client = await server.connect();
    await client.send(request);
    await client.finish();
    assertEquals((await client.response("POST")).status, 400);
    assertEquals(await outcome.promise, "ConnectionLost");
    assert(await client.closes());
  }
});

Deno.test("head (RFC9112§8): one that is cut short is refused", async () => {
  await using server = await Served.start();
  for (const request of ["G", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n"]) {
    using client = await server.connect();
    await client.send(request);
    await client.finish();
    assertEquals((await client.response()).status, 400);
    assert(await client.closes());
  }
});
