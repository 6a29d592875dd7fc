/** RFC 9112 §5: what a field line is, and RFC 9110 §5: what reaches the app of it. */
import { assert, assertEquals } from "@std/assert";
import { valueOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

/** Sends a GET with these bytes between the Host line and the empty line. */
async function status(server: Served, lines: string): Promise<number> {
  return (await server.answer(`GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n`)).status;
}

async function refusesAll(lines: string[]): Promise<void> {
  await using server = await Served.start();
  for (const line of lines) assertEquals(await status(server, line), 400, JSON.stringify(line));
}

Deno.test("field lines (RFC9112§5.1): a space before the colon is refused", async () => {
  await refusesAll([
    "name : value\r\n",
    "name\t: value\r\n",
    "transfer-encoding : chunked\r\n",
    "content-length : 0\r\n",
  ]);
});

Deno.test("field lines (RFC9112§5): a line without a colon or without a name is refused", async () => {
  await refusesAll(["name\r\n", "name value\r\n", ": value\r\n", ":\r\n", " : value\r\n"]);
});

Deno.test("field names (RFC9110§5.1): anything but a token is refused", async () => {
  const bad = [...'()<>@,;\\"/[]?={} \t\x01\x0b\x0c\x1f\x7f\x80\xe9\xff'].map((byte) =>
    `na${byte}me: value\r\n`
  );
  await refusesAll([...bad, "\xefname: value\r\n", "[name]: value\r\n"]);
});

Deno.test("field names (RFC9110§5.1): every token is a name, in lower case for the app", async () => {
  await using server = await Served.start();
  const name = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  const seen = await server.seen(`GET / HTTP/1.1\r\nHOST: x\r\n${name}: v\r\n\r\n`);
  assertEquals(seen.headers, [["host", "x"], [name.toLowerCase(), "v"]]);
});

Deno.test("field names: those of JavaScript's own properties are names as any other", async () => {
  await using server = await Served.start();
  const names = ["__proto__", "constructor", "tostring", "hasownproperty", "valueof"];
  const lines = names.map((name) => `${name}: v\r\n`).join("");
  const seen = await server.seen(`GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n`);
  assertEquals(seen.headers.slice(1), names.map((name) => [name, "v"]));
});

Deno.test("field lines (RFC9112§2.2): a blank before the first field is refused", async () => {
  await using server = await Served.start();
  for (const blank of [" ", "\t", "  \t"]) {
    const request = `GET / HTTP/1.1\r\n${blank}host: x\r\n\r\n`;
    assertEquals((await server.answer(request)).status, 400);
  }
  assertEquals((await server.answer("GET / HTTP/1.1\r\n \r\nhost: x\r\n\r\n")).status, 400);
});

Deno.test("line folding (RFC9112§5.2): is refused", async () => {
  await refusesAll([
    "name: value\r\n more\r\n",
    "name: value\r\n\tmore\r\n",
    "name:\r\n value\r\n",
    "name: value\r\n \r\n",
    "transfer-encoding:\r\n chunked\r\n",
    "transfer-encoding: chunked,\r\n chunked\r\n",
    "content-length: 1\r\n 0\r\n",
  ]);
});

Deno.test("field values (RFC9110§5.5): blanks around them are none of their own", async () => {
  await using server = await Served.start();
  const lines = "a:v\r\nb: v\r\nc:\tv\r\nd: \t v \t \r\ne:v w\tx\r\nf:\r\ng: \t \r\nh: :\r\n";
  const seen = await server.seen(`GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n`);
  assertEquals(Object.fromEntries(seen.headers), {
    host: "x",
    a: "v",
    b: "v",
    c: "v",
    d: "v",
    e: "v w\tx",
    f: "",
    g: "",
    h: ":",
  });
});

Deno.test("field values (RFC9110§5.5): bytes above ASCII come to the app as they are", async () => {
  await using server = await Served.start();
  let bytes = "";
  for (let byte = 0x80; byte <= 0xff; byte++) bytes += String.fromCharCode(byte);
  const seen = await server.seen(`GET / HTTP/1.1\r\nhost: x\r\nname: ${bytes}\r\nnext: v\r\n\r\n`);
  // U+00A0 at an end is no blank: blanks are SP and HTAB.
  assertEquals(seen.headers.slice(1), [["name", bytes], ["next", "v"]]);
  const spaced = await server.seen("GET / HTTP/1.1\r\nhost: x\r\nname: \xa0v\xa0 \r\n\r\n");
  assertEquals(spaced.headers[1], ["name", "\xa0v\xa0"]);
});

Deno.test("field values (RFC9110§5.5): control bytes are refused", async () => {
  const controls = [];
  for (let byte = 0; byte < 0x20; byte++) if (byte !== 9) controls.push(byte);
  controls.push(0x7f);
  const values = controls.map((byte) => `name: a${String.fromCharCode(byte)}b\r\n`);
  await refusesAll(values);
});

Deno.test("field order (RFC9110§5.3): lines of one name keep their order", async () => {
  await using server = await Served.start();
  const seen = await server.seen(
    "GET / HTTP/1.1\r\nhost: x\r\na: 1\r\nb: 2\r\nA: 3\r\ncookie: c=1\r\ncookie: d=2\r\n\r\n",
  );
  assertEquals(seen.headers.slice(1), [["a", "1"], ["b", "2"], ["a", "3"], ["cookie", "c=1"], [
    "cookie",
    "d=2",
  ]]);
});

Deno.test("field order (RFC9110§5.3): several lines are one list, but cookies are joined by semicolons", async () => {
  await using server = await Served.start((request) => `${request.get("a")}|${request.get("cookie")}`);
  const request = "GET / HTTP/1.1\r\nhost: x\r\na: 1\r\ncookie: c=1\r\na: 2\r\ncookie: d=2\r\n\r\n";
  assertEquals((await server.answer(request)).body, "1, 2|c=1; d=2");
});

Deno.test("header section (RFC9112§2.2): ends with an empty line of CR and LF only", async () => {
  await using server = await Served.start();
  for (const end of ["\n\r\n", "\r\r\n", "\r\n\n", "\n\n", "\r\n\rX", "\r\n\r\r\n"]) {
    assertEquals((await server.answer(`GET / HTTP/1.1\r\nhost: x${end}`)).status, 400, JSON.stringify(end));
  }
});

Deno.test("refusals (RFC9110§6.6.1): have a date, a length, close the connection and quote nothing", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  await client.send("GET /<script> HTTP/1.1\r\nhost: x\r\nna<script>me: v\r\n\r\n");
  const response = await client.response();
  assertEquals(response.status, 400);
  assert(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(valueOf(response, "date")!));
  assertEquals(response.framing, "length");
  assertEquals(valueOf(response, "connection"), "close");
  assert(!response.body.includes("script"));
  assert(await client.closes());
});
