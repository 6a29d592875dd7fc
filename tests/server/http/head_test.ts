import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { HeadParser } from "../../../server/http/head.ts";
import type { HttpHead } from "../../../server/http/request_head.ts";
import { DEFAULT_LIMITS } from "../../../server/limits.ts";
import { InputBuffer } from "../../../twig/input_buffer.ts";
import { ProtocolError } from "../../../twig/errors.ts";

function inputOf(text: string): InputBuffer {
  const input = new InputBuffer();
  input.append(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  return input;
}

function parseHead(text: string): HttpHead {
  const input = inputOf(text);
  const parser = new HeadParser(DEFAULT_LIMITS);
  if (!parser.parse(input)) throw new Error("The head is not complete");
  return parser.take(input, 7);
}

Deno.test("HeadParser gives a head that does not depend on the buffer any more", () => {
  const input = inputOf("GET /path?query HTTP/1.1\r\nHost: example.org\r\nX: y\r\n\r\nrest");
  const parser = new HeadParser(DEFAULT_LIMITS);
  parser.parse(input);
  const head = parser.take(input, 1);
  assertEquals(input.length, 4);
  input.bytes.fill(0x21);
  assertEquals([head.path, head.query, head.authority], ["/path", "query", "example.org"]);
  assertEquals([...head.headers], [["host", "example.org"], ["x", "y"]]);
});

Deno.test("HeadParser numbers the head, which never came encrypted and has no variables", () => {
  const head = parseHead("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals([head.exchange, head.secure, head.env], [7, false, undefined]);
});

Deno.test("HttpHead decodes its fields once", () => {
  const head = parseHead("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertStrictEquals(head.headers, head.headers);
});

Deno.test("HttpHead gives a request without fields an empty list", () => {
  assertEquals(parseHead("GET / HTTP/1.0\r\n\r\n").headers.size, 0);
});

Deno.test("HeadParser starts afresh after reset()", () => {
  const input = inputOf(
    "GET http://b/?q HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n" +
      "POST / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" +
      "GET / HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n",
  );
  const parser = new HeadParser(DEFAULT_LIMITS);
  const seen: unknown[] = [];
  while (parser.parse(input)) {
    const { persistent, expectsContinue, modern, bodyLength } = parser;
    const { authority, query, target } = parser.take(input, 1);
    seen.push([authority, query, target, persistent, expectsContinue, modern, bodyLength]);
    parser.reset();
    assertEquals([parser.untouched, parser.method], [true, ""]);
  }
  assertEquals(seen, [
    ["b", "q", "http://b/?q", false, true, true, 3],
    ["", "", "/", true, false, false, 0],
    ["c", "", "/", true, false, true, -1],
  ]);
});

Deno.test("HeadParser knows the method of a head that it refuses", () => {
  const parser = new HeadParser(DEFAULT_LIMITS);
  assertThrows(() => parser.parse(inputOf("HEAD /#a HTTP/1.1\r\n")), ProtocolError);
  assertEquals(parser.method, "HEAD");
});

Deno.test("HeadParser goes on where it stopped though the buffer has moved", () => {
  const text = "GET /a?b HTTP/1.1\r\nX: y\r\nHost: example.org\r\n\r\n";
  for (let cut = 1; cut < text.length; cut++) {
    const input = inputOf("......" + text.slice(0, cut));
    input.start = 6;
    const parser = new HeadParser(DEFAULT_LIMITS);
    assertEquals(parser.parse(input), false);
    input.reserve(100);
    input.append(new TextEncoder().encode(text.slice(cut)));
    assertEquals(parser.parse(input), true);
    const head = parser.take(input, 1);
    assertEquals([head.path, head.query, head.authority, head.headers.get("x")], [
      "/a",
      "b",
      "example.org",
      "y",
    ]);
  }
});

Deno.test("HeadParser says in its errors what was wrong", () => {
  for (
    const [text, message] of [
      ["GET / HTTP/1.1\r\nX : y\r\n", "Cannot parse header field: 0x20 in the name"],
      ["GET / HTTP/1.1\r\nX: a\0\r\n", "Cannot parse header field: 0x00 in the value"],
      ["GET /\u00e9 HTTP/1.1\r\n", "Cannot parse request line: 0xe9 in the target"],
      ["\x16\x03\x01", "Cannot parse request line: this looks like TLS on a port without it"],
    ] as const
  ) {
    assertThrows(() => parseHead(text), ProtocolError, message);
  }
});
