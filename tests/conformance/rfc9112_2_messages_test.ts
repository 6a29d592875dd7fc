/** RFC 9112 §2: messages are octets, and read alike however they are cut. */
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { Random } from "../support/random.ts";
import { type RawClient, type RawResponse, valueOf } from "../support/raw_client.ts";
import { type Seen, Served } from "../support/served.ts";

/** One of each kind that the framing knows, the last of which closes. */
const PIPELINE = "GET /a?b=%20 HTTP/1.1\r\nHost: x\r\nX-Empty:\r\nX-Text: \t caf\xe9 \t\r\n\r\n" +
  "\r\n" +
  "POST /b HTTP/1.1\r\nhost: x:80\r\ncontent-length: 5\r\n\r\nhello" +
  "PUT http://other/c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n" +
  '5;name="value"\r\nworld\r\n1\r\n!\r\n0\r\nx-sum: 42\r\n\r\n' +
  "GET /d HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

async function readPipeline(client: RawClient): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (let i = 0; i < 4; i++) {
    const response = await client.response();
    assertEquals(response.status, 200, response.body);
    seen.push(JSON.parse(response.body));
  }
  assert(await client.closes());
  return seen;
}

Deno.test("messages (RFC9112§2.2): one packet, single bytes and random cuts are the same requests", async () => {
  await using server = await Served.start();
  using whole = await server.connect();
  await whole.send(PIPELINE);
  const expected = await readPipeline(whole);
  assertEquals(expected.map(({ method, body }) => [method, body]), [
    ["GET", ""],
    ["POST", "hello"],
    ["PUT", "world!"],
    ["GET", ""],
  ]);
  assertEquals(expected[0]!.headers, [["host", "x"], ["x-empty", ""], ["x-text", "caf\xe9"]]);
  assertEquals(expected[2]!.trailers, [["x-sum", "42"]]);

  using dripped = await server.connect();
  await dripped.drip(PIPELINE);
  assertEquals(await readPipeline(dripped), expected);

  const random = new Random(9112);
  for (let round = 0; round < 20; round++) {
    using client = await server.connect();
    for (let at = 0; at < PIPELINE.length;) {
      const size = 1 + random.below(40);
      await client.send(PIPELINE.slice(at, at + size));
      await delay(0);
      at += size;
    }
    assertEquals(await readPipeline(client), expected);
  }
});

Deno.test("messages (RFC9112§2.2): every cut of a request into two packets is the same request", async () => {
  await using server = await Served.start();
  const request =
    "POST /b HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nt: u\r\n\r\n";
  using client = await server.connect();
  for (let cut = 1; cut < request.length; cut++) {
    await client.send(request.slice(0, cut));
    await delay(1);
    await client.send(request.slice(cut));
    const response = await client.response();
    assertEquals(response.status, 200, `cut at ${cut}`);
    assertEquals(JSON.parse(response.body).body, "hi", `cut at ${cut}`);
  }
});

Deno.test("messages (RFC9112§2.2): after an error nothing more of the connection is read as a request", async () => {
  let calls = 0;
  await using server = await Served.start(() => {
    calls++;
    return "";
  });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\nBAD\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n");
  assertEquals((await client.response()).status, 200);
  assertEquals((await client.response()).status, 400);
  assert(await client.closes());
  assertEquals(calls, 1);
});

Deno.test("messages (RFC9112§9.3.2): an error comes after the answers of the requests before it", async () => {
  await using server = await Served.start(async () => {
    await delay(200);
    return "first";
  });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\nBAD\r\n\r\n");
  assertEquals((await client.response()).body, "first");
  assertEquals((await client.response()).status, 400);
});

Deno.test("messages (RFC9112§2.2): empty lines before a request are passed over, a flood of them is not", async () => {
  await using server = await Served.start();
  const request = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
  assertEquals((await server.answer("\r\n" + request, "GET")).status, 200);
  assertEquals((await server.answer("\r\n\r\n" + request, "GET")).status, 200);
  assertEquals((await server.answer("\r\n".repeat(1000) + request, "GET")).status, 400);
  assertEquals((await server.answer("\n" + request, "GET")).status, 400);
  assertEquals((await server.answer("\r" + request, "GET")).status, 400);
});

Deno.test("messages (RFC9112§2.2): bytes that are no HTTP are refused at once, not waited for", async () => {
  await using server = await Served.start();
  const others: [string, string][] = [
    ["TLS ClientHello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ["NUL bytes", "\0\0\0\0"],
    ["SSH", "SSH-2.0-OpenSSH_9.0\r\n"],
    ["SMTP", "EHLO example.org\r\n"],
    ["SOCKS5", "\x05\x01\x00"],
    ["a blank line of spaces", "   \r\n\r\n"],
    ["noise", new Random(1).bytes(200).reduce((text, byte) => text + String.fromCharCode(byte), "")],
  ];
  for (const [what, bytes] of others) {
    using client = await server.connect();
    await client.send(bytes);
    const response = await client.response();
    assert([400, 505].includes(response.status), `${what}: ${response.status}`);
    assertEquals(valueOf(response, "connection"), "close", what);
    assert(await client.closes(), what);
  }
});

Deno.test("messages (RFC9112§2.2): CR, LF and NUL where they do not belong are refused at every place", async () => {
  await using server = await Served.start();
  const request = "GET /path?query HTTP/1.1\r\nhost: x\r\nname: some value\r\n\r\n";
  const responses: Promise<[string, RawResponse]>[] = [];
  for (const inserted of ["\r", "\n", "\0"]) {
    for (let at = 0; at < request.length; at++) {
      const broken = request.slice(0, at) + inserted + request.slice(at);
      // These make other lines of the same request, or other requests, and are checked elsewhere.
      if (inserted === "\r" && request[at] === "\r") continue;
      if (inserted === "\n" && request.slice(at - 1, at + 1) === "\r\n") continue;
      responses.push(server.answer(broken, "GET").then((response) => [JSON.stringify(broken), response]));
    }
  }
  for (const [broken, { status }] of await Promise.all(responses)) {
    assertEquals(status, 400, broken);
  }
});

Deno.test("messages: a request that was refused can be repeated right on another connection", async () => {
  await using server = await Served.start();
  for (let i = 0; i < 50; i++) {
    assertEquals((await server.answer("GET / HTTP/1.1\r\n\r\n")).status, 400);
    assertEquals((await server.answer("GET / HTTP/1.1\r\nhost: x\r\n\r\n")).status, 200);
  }
});
