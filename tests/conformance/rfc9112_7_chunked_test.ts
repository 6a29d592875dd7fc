/** RFC 9112 §7.1: the chunked coding, in requests byte by byte and in answers. */
import { assert, assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { valueOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

const HEAD = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
const NEXT = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";

/** The body as the app saw it, of a request that another one follows. */
async function bodyOf(server: Served, chunks: string): Promise<string> {
  using client = await server.connect();
  await client.send(HEAD + chunks + NEXT);
  const response = await client.response();
  assertEquals(response.status, 200, JSON.stringify(chunks) + response.body);
  assertEquals(JSON.parse((await client.response()).body).pathInfo, "/next");
  return JSON.parse(response.body).body;
}

async function refusesAll(bodies: string[], status = 400): Promise<void> {
  await using server = await Served.start();
  for (const body of bodies) {
    using client = await server.connect();
    await client.send(HEAD + body + NEXT);
    assertEquals((await client.response("POST")).status, status, JSON.stringify(body.slice(0, 100)));
    assert(await client.closes());
  }
}

Deno.test("chunked requests (RFC9112§7.1): are decoded", async () => {
  await using server = await Served.start();
  assertEquals(await bodyOf(server, "0\r\n\r\n"), "");
  assertEquals(await bodyOf(server, "5\r\nhello\r\n0\r\n\r\n"), "hello");
  assertEquals(await bodyOf(server, "5\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\n\r\n"), "hello world");
  assertEquals(
    await bodyOf(server, "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n"),
    "01234567890123456789",
  );
  assertEquals(await bodyOf(server, "0005\r\nhello\r\n000\r\n\r\n"), "hello");
  assertEquals(await bodyOf(server, "2\r\n\r\n\r\n5\r\n0\r\n\r\n\r\n0\r\n\r\n"), "\r\n0\r\n\r\n");
  const large = "x".repeat(70_000);
  assertEquals(await bodyOf(server, `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`), large);
});

Deno.test("chunk size (RFC9112§7.1): anything but hexadecimal digits is refused", async () => {
  const sizes = [
    "",
    " ",
    "g",
    "-5",
    "+5",
    "0x5",
    "0X5",
    "x5",
    "5 ",
    " 5",
    "5\t",
    "\t5",
    "5h",
    "5_0",
    "5.0",
    "5e",
    "5,5",
    "#5",
  ];
  await refusesAll(
    ["", "5;", "5;;", "5 ;a", "\xb2", "5\xa0", "\0", "5\0", "5\r", "\r5"].concat(sizes)
      .filter((size) => !/^[0-9a-f]+$/i.test(size))
      .map((size) => `${size}\r\nhello\r\n0\r\n\r\n`),
  );
});

Deno.test("chunk size (RFC9112§7.1): one too large to count with is refused", async () => {
  await refusesAll(
    ["20000000000000", "FFFFFFFFFFFFFFFF", "10000000000000005", "100000000000000000000005"].map((size) =>
      `${size}\r\nhello\r\n0\r\n\r\n`
    ),
  );
  await refusesAll([`${"0".repeat(100)}5\r\nhello\r\n0\r\n\r\n`]);
});

Deno.test("chunk lines (RFC9112§7.1, erratum 7633): end with CR LF and nothing else", async () => {
  await refusesAll([
    "5\nhello\r\n0\r\n\r\n",
    "5\rhello\r\n0\r\n\r\n",
    "5\r\rhello\r\n0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\r0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhelloXX0\r\n\r\n",
    "5\r\nhello!\r\n0\r\n\r\n",
    "5\r\nhell\r\n0\r\n\r\n",
    "5\r\nhello\r\n0\n\r\n",
    "5\r\nhello\r\n0\r\n\n",
    "5\r\nhello\r\n0\r\n\rX",
    "5\r\nhello\r\n\r\n0\r\n\r\n",
    "5;a\nhello\r\n0\r\n\r\n",
    "5;a\rX\r\nhello\r\n0\r\n\r\n",
  ]);
});

Deno.test("chunk extensions (RFC9112§7.1.1): those of the grammar are ignored", async () => {
  await using server = await Served.start();
  const extensions = [
    ";a",
    ";a=b",
    ";a;b=c",
    "; a",
    ";a = b",
    ";a\t=\tb",
    ';a="b c"',
    ';a="\\"\\\\;\xe9"',
    ';a=""',
    "; a ; b",
  ];
  for (const extension of extensions) {
    assertEquals(await bodyOf(server, `5${extension}\r\nhello\r\n0${extension}\r\n\r\n`), "hello", extension);
  }
});

Deno.test("chunk extensions (RFC9112§7.1.1): those outside of the grammar are refused", async () => {
  const bad = [
    ";",
    ";;a",
    ";=b",
    ";a=",
    ";a=b c",
    ';a="b',
    ';a="b"c',
    ";a=(b)",
    ";a@",
    ";a=b,",
    "a=b",
    ";a\0",
    ';a="\0"',
  ]
    .concat([';a="\n"', ';a="b\rc"', ";a=b\x7f", ';a="\x01"', ";caf\xe9"]);
  await refusesAll(bad.map((extension) => `5${extension}\r\nhello\r\n0\r\n\r\n`));
});

Deno.test("chunk extensions (RFC9112§7.1.1): are limited, one by one and together", async () => {
  await refusesAll([
    `5;a=${"b".repeat(2000)}\r\nhello\r\n0\r\n\r\n`,
    `5;${"a".repeat(64 * 1024)}\r\nhello\r\n0\r\n\r\n`,
  ]);
  await refusesAll([`1;${"a".repeat(900)}\r\nx\r\n`.repeat(100) + "0\r\n\r\n"]);
});

Deno.test("chunked requests: many of one byte are read in time that grows with their number only", async () => {
  await using server = await Served.start((request) =>
    request.body.bytes().then((body) => String(body.length))
  );
  using client = await server.connect();
  const count = 300_000;
  await client.send(HEAD);
  await client.send("1\r\nx\r\n".repeat(count));
  await client.send("0\r\n\r\n");
  assertEquals((await client.response()).body, String(count));
});

Deno.test("trailers (RFC9110§6.5): reach the app apart from the header fields", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  await client.send(HEAD + "0\r\nX-Sum: 1\r\nx-empty:\r\nX-Sum: 2\r\n\r\n" + NEXT);
  const seen = JSON.parse((await client.response()).body);
  assertEquals(seen.trailers, [["x-sum", "1"], ["x-empty", ""], ["x-sum", "2"]]);
  assertEquals(seen.headers.map(([name]: [string]) => name), ["host", "transfer-encoding"]);
  assertEquals((await client.response()).status, 200);
});

Deno.test("trailers (RFC9110§6.5.1): of framing, routing and credentials have no effect", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  const names = [
    "content-length: 5",
    "transfer-encoding: chunked",
    "host: y",
    "connection: close",
    "authorization: a",
    "cookie: b",
  ]
    .concat(["content-type: c", "expect: 100-continue"]);
  await client.send(HEAD + `0\r\n${names.join("\r\n")}\r\nx-kept: 1\r\n\r\n` + NEXT);
  const response = await client.response();
  const seen = JSON.parse(response.body);
  assertEquals(valueOf(response, "connection"), undefined);
  assertEquals(seen.authority, "x");
  assertEquals(seen.trailers, [["x-kept", "1"]]);
  assertEquals((await client.response()).status, 200);
});

Deno.test("trailers (RFC9112§7.1.2): have the grammar of field lines", async () => {
  await refusesAll(
    [
      "name : v",
      "name",
      ": v",
      " name: v",
      "na me: v",
      "name: v\r\n more",
      "name: \0",
      "name: v\rw",
      "name: v\nother: w",
    ].map(
      (line) => `5\r\nhello\r\n0\r\n${line}\r\n\r\n`,
    ),
  );
});

Deno.test("trailers (RFC6585§5): are limited in size and number", async () => {
  await refusesAll(
    [`0\r\nname: ${"v".repeat(40_000)}\r\n\r\n`, "0\r\n" + "a: b\r\n".repeat(200) + "\r\n"],
    431,
  );
});

Deno.test("chunked answers (RFC9112§7.1): carry what an iterator yields, empty chunks left out", async () => {
  await using server = await Served.start(async function* () {
    yield "";
    yield "hel";
    await delay(10);
    yield new Uint8Array(0);
    yield "";
    await delay(10);
    yield new TextEncoder().encode("lo ");
    await delay(10);
    yield "wörld";
  });
  using client = await server.connect();
  await client.send(NEXT + NEXT);
  for (let i = 0; i < 2; i++) {
    const response = await client.response();
    assertEquals([response.framing, response.body], ["chunked", "hello w\xc3\xb6rld"]);
    assertEquals(response.chunks, [3, 3, 6]);
    assertEquals(valueOf(response, "content-length"), undefined);
  }
});

Deno.test("chunked answers (RFC9112§7.1.2): end with the app's trailers", async () => {
  await using server = await Served.start(async function* (_request, response) {
    yield "a";
    await delay(10);
    yield "b";
    response.trailers.set("x-sum", "2");
  });
  const response = await server.answer(NEXT);
  assertEquals([response.body, response.trailers], ["ab", [["x-sum", "2"]]]);
});
