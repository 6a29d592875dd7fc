/** RFC 9112 §3: method, target and version, and the Host field that goes with the target. */
import { assert, assertEquals } from "@std/assert";
import { valueOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

/** The statuses that these request lines get, `Host: x` following. */
async function statuses(server: Served, lines: string[]): Promise<[string, number][]> {
  const all: [string, number][] = [];
  for (const line of lines) {
    all.push([line, (await server.answer(`${line}\r\nhost: x\r\n\r\n`, "GET")).status]);
  }
  return all;
}

const all = (lines: string[], status: number) => lines.map((line) => [line, status]);

Deno.test("request line (RFC9112§3): three parts, single spaces, nothing else", async () => {
  await using server = await Served.start();
  const lines = [
    "GET  / HTTP/1.1",
    "GET /  HTTP/1.1",
    "GET / HTTP/1.1 ",
    "GET / HTTP/1.1\t",
    "GET / HTTP/1.1 x",
    " GET / HTTP/1.1",
    "\tGET / HTTP/1.1",
    "GET\t/ HTTP/1.1",
    "GET /\tHTTP/1.1",
    "GET / ",
    "GET /",
    "GET",
    "GET HTTP/1.1",
    "GET  HTTP/1.1",
    "/ HTTP/1.1",
    "GET / a HTTP/1.1",
    "GET /a b HTTP/1.1",
    "GET\x0b/ HTTP/1.1",
    "GET\x0c/ HTTP/1.1",
    "GET\xa0/ HTTP/1.1",
  ];
  assertEquals(await statuses(server, lines), all(lines, 400));
});

Deno.test("method (RFC9110§9.1): is a token, and case-sensitive", async () => {
  await using server = await Served.start();
  for (const method of ["get", "Get", "PURGE", "M-SEARCH", "a!#$%&'*+-.^_`|~9"]) {
    assertEquals((await server.seen(`${method} / HTTP/1.1\r\nhost: x\r\n\r\n`)).method, method);
  }
  const bad = ["G\xcbT", "G(T", "G/T", "G@T", "G{T", 'G"T', "G,T", "G:T", "G\x7fT"].map((each) =>
    `${each} / HTTP/1.1`
  );
  assertEquals(await statuses(server, bad), all(bad, 400));
});

Deno.test("method (RFC9110§15.6.2): one that is too long to be known gets 501", async () => {
  await using server = await Served.start();
  assertEquals((await server.answer(`${"A".repeat(200)} / HTTP/1.1\r\nhost: x\r\n\r\n`)).status, 501);
});

Deno.test("version (RFC9112§2.3): HTTP/1.1 and later 1.x are 1.1", async () => {
  await using server = await Served.start();
  for (const version of ["1.1", "1.2", "1.9"]) {
    const response = await server.answer(`GET / HTTP/${version}\r\nhost: x\r\n\r\n`);
    assertEquals(response.status, 200);
    assertEquals(JSON.parse(response.body).protocol, "HTTP/1.1");
    assertEquals(valueOf(response, "connection"), undefined);
  }
});

Deno.test("version (RFC9110§15.6.6): other major versions are answered with 505", async () => {
  await using server = await Served.start();
  const lines = ["GET / HTTP/2.0", "GET / HTTP/3.0", "GET / HTTP/0.9", "GET / HTTP/9.1"];
  assertEquals(await statuses(server, lines), all(lines, 505));
});

Deno.test("version (RFC9112§2.3): anything but HTTP, a slash, a digit, a dot, a digit is refused", async () => {
  await using server = await Served.start();
  const lines = [
    "http/1.1",
    "Http/1.1",
    "HTTP/1.10",
    "HTTP/11.1",
    "HTTP/01.1",
    "HTTP/1.01",
    "HTTP/1",
    "HTTP/1.",
    "HTTP/.1",
    "HTTP/",
    "HTTP",
    "HTTP /1.1",
    "HTTP/ 1.1",
    "HTTP/1 .1",
    "HTTP/1. 1",
    "HTTP/1,1",
    "HTTP/+1.1",
    "HTTP/-1.1",
    "HTTP/1.x",
    "HTTP/x.1",
    "HTTP/1.1.1",
    "HTTP\\1.1",
    "HTTPS/1.1",
    "RTSP/1.0",
    "ICY/1.0",
    "HTP/1.1",
    "HTTP/1.\xb2",
    "HTTP/1.1\x00",
  ].map((version) => `GET / ${version}`);
  assertEquals(await statuses(server, lines), all(lines, 400));
});

Deno.test("version (RFC9112§2.3): HTTP/0.9 is refused", async () => {
  await using server = await Served.start();
  for (const request of ["GET /\r\n", "GET /\r\n\r\n", "GET / \r\n\r\n"]) {
    assertEquals((await server.answer(request)).status, 400, request);
  }
});

Deno.test("origin-form (RFC9112§3.2.1): path and query reach the app byte by byte", async () => {
  await using server = await Served.start();
  const targets: [string, string, string][] = [
    ["/", "/", ""],
    ["/?", "/", ""],
    ["/?a=b&c=%20d?e/f", "/", "a=b&c=%20d?e/f"],
    ["//host/path", "//host/path", ""],
    ["/\\host/path", "/\\host/path", ""],
    ["/a/../b/./c//d", "/a/../b/./c//d", ""],
    ["/%2e%2e/%2F", "/%2e%2e/%2F", ""],
    ["/%zz%", "/%zz%", ""],
    ["/%00%ff%c0%af", "/%00%ff%c0%af", ""],
    ["/%0d%0aX:y", "/%0d%0aX:y", ""],
    ["/a;b=c,d:e@f!$&'()*+=~-_.", "/a;b=c,d:e@f!$&'()*+=~-_.", ""],
    ['/<>"{}|^`[]', '/<>"{}|^`[]', ""],
    ["/http://other/x", "/http://other/x", ""],
  ];
  for (const [target, path, query] of targets) {
    const seen = await server.seen(`GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`);
    assertEquals([seen.target, seen.pathInfo, seen.query], [target, path, query]);
  }
});

Deno.test("targets (RFC9112§3.2): those that are none of the four forms are refused", async () => {
  await using server = await Served.start();
  const lines = [
    "?query",
    "name",
    "name/path",
    "x:80",
    "127.0.0.1",
    "*",
    "**",
    "*/",
    "/#fragment",
    "/a?b#c",
    "#",
    "/\x01",
    "/\x7f",
    "/caf\xe9",
    "/?caf\xe9",
    "/\xc0\xaf",
    "file:///etc/passwd",
    "ftp://x/",
    "http:",
    "http:/x",
    "http:x",
    "http//x",
    "javascript:1",
    "\\",
    "%2f",
  ].map((target) => `GET ${target} HTTP/1.1`);
  assertEquals(await statuses(server, lines), all(lines, 400));
});

Deno.test("absolute-form (RFC9112§3.2.2): its authority takes the place of Host", async () => {
  await using server = await Served.start();
  const targets: [string, string, string, string][] = [
    ["http://other/a?b", "other", "/a", "b"],
    ["http://other:8080/", "other:8080", "/", ""],
    ["http://other", "other", "/", ""],
    ["http://other?b", "other", "/", "b"],
    ["HTTP://Other/", "Other", "/", ""],
    ["https://other/", "other", "/", ""],
    ["http://[::1]:80/", "[::1]:80", "/", ""],
    ["http://other//a", "other", "//a", ""],
  ];
  for (const [target, authority, path, query] of targets) {
    const seen = await server.seen(`GET ${target} HTTP/1.1\r\nhost: x\r\n\r\n`);
    assertEquals([seen.authority, seen.pathInfo, seen.query], [authority, path, query], target);
  }
});

Deno.test("absolute-form (RFC9110§4.2): user information, no host and a bad port are refused", async () => {
  await using server = await Served.start();
  const lines = [
    "http://",
    "http:///",
    "http://user@x/",
    "http://u:p@x/",
    "http://:80/",
    "http://x:y/",
    "http://x:99999/",
  ]
    .map((target) => `GET ${target} HTTP/1.1`);
  assertEquals(await statuses(server, lines), all(lines, 400));
});

Deno.test("absolute-form (RFC9112§3.2): needs a valid Host all the same", async () => {
  await using server = await Served.start();
  assertEquals((await server.answer("GET http://x/ HTTP/1.1\r\n\r\n")).status, 400);
  assertEquals((await server.answer("GET http://x/ HTTP/1.1\r\nhost: a b\r\n\r\n")).status, 400);
  assertEquals((await server.answer("GET http://x/ HTTP/1.1\r\nhost: y\r\n\r\n")).status, 200);
});

Deno.test("authority-form (RFC9112§3.2.3): CONNECT is not served, and the connection closes", async () => {
  await using server = await Served.start();
  for (
    const [target, status] of [["x:443", 501], ["[::1]:443", 501], ["/", 400], ["http://x/", 400]]
  ) {
    using client = await server.connect();
    await client.send(`CONNECT ${target} HTTP/1.1\r\nhost: x:443\r\n\r\nGET / HTTP/1.1\r\nhost: x\r\n\r\n`);
    assertEquals((await client.response("CONNECT")).status, status);
    assert(await client.closes());
  }
});

Deno.test("asterisk-form (RFC9112§3.2.4): is for OPTIONS alone, and about the whole server", async () => {
  await using server = await Served.start();
  const response = await server.answer("OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n");
  assertEquals(response.status, 204);
  assert(valueOf(response, "allow")!.includes("GET"));
  const lines = ["GET", "HEAD", "POST", "options"].map((method) => `${method} * HTTP/1.1`);
  for (const line of lines) {
    assertEquals((await server.answer(`${line}\r\nhost: x\r\n\r\n`)).status, 400, line);
  }
});

Deno.test("Host (RFC9112§3.2): HTTP/1.1 needs exactly one, HTTP/1.0 none", async () => {
  await using server = await Served.start();
  assertEquals((await server.answer("GET / HTTP/1.1\r\n\r\n")).status, 400);
  assertEquals((await server.answer("GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n")).status, 400);
  assertEquals((await server.answer("GET / HTTP/1.1\r\nhost: x\r\nHOST: x\r\n\r\n")).status, 400);
  assertEquals((await server.answer("GET / HTTP/1.0\r\n\r\n")).status, 200);
  assertEquals((await server.answer("GET / HTTP/1.0\r\nhost: x\r\nhost: x\r\n\r\n")).status, 400);
});

Deno.test("Host (RFC9110§7.2): a valid value is a host with or without a port", async () => {
  await using server = await Served.start();
  const good = [
    "x",
    "x:",
    "x:80",
    "x.",
    "a-b.c_d~e",
    "127.0.0.1:8000",
    "[::1]",
    "[2001:db8::1]:443",
    "%41",
    "a!$&'()*+;=",
  ];
  for (const host of good) {
    assertEquals((await server.seen(`GET / HTTP/1.1\r\nhost:\t ${host} \t\r\n\r\n`)).authority, host);
  }
  const bad = [
    "",
    "a b",
    "a/b",
    "a?b",
    "a#b",
    "u@a",
    "u:p@a",
    "a\\b",
    "<a>",
    "a,b",
    "a, a",
    "a:1:2",
    "a:b",
    "a:-1",
    "a:65536",
    ":80",
    "[::1",
    "::1",
    "[::1]x",
    "[::g]",
    "[]",
    "%4",
    "caf\xe9",
    "http://a",
    '"a"',
    "a;b c",
  ];
  for (const host of bad) {
    assertEquals((await server.answer(`GET / HTTP/1.1\r\nhost: ${host}\r\n\r\n`)).status, 400, host);
  }
});

Deno.test("misdirected requests (RFC9110§15.5.20): hosts without a route are 404, or 421 if so set", async () => {
  for (const [strictHosts, status] of [[false, 404], [true, 421]] as const) {
    await using server = await Served.start(undefined, { host: "a.example", strictHosts });
    assertEquals((await server.answer("GET / HTTP/1.1\r\nhost: A.example.:8000\r\n\r\n")).status, 200);
    assertEquals((await server.answer("GET / HTTP/1.1\r\nhost: b.example\r\n\r\n")).status, status);
    assertEquals(
      (await server.answer("GET http://a.example/ HTTP/1.1\r\nhost: b.example\r\n\r\n")).status,
      200,
    );
    assertEquals(
      (await server.answer("GET http://b.example/ HTTP/1.1\r\nhost: a.example\r\n\r\n")).status,
      status,
    );
  }
});

Deno.test("TRACE (RFC9110§9.3.8): is refused, with what is allowed, and reflects nothing", async () => {
  await using server = await Served.start();
  const response = await server.answer("TRACE / HTTP/1.1\r\nhost: x\r\ncookie: secret\r\n\r\n");
  assertEquals(response.status, 405);
  assert(valueOf(response, "allow")!.includes("GET"));
  assert(!valueOf(response, "allow")!.includes("TRACE"));
  assert(!response.body.includes("secret"));
});
