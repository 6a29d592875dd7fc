import { assertEquals, assertThrows } from "@std/assert";
import { UsageError } from "../../server/command_line.ts";
import { readRequestUrl } from "../../server/request_url.ts";
import type { ListenAddress } from "../../server/settings.ts";

const LISTEN: ListenAddress[] = [
  { protocol: "fcgi", transport: "unix", path: "/run/a.sock", mode: 0o660, group: undefined },
  { protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 8000 },
];

/** The target of a path, alone and at the end of a URL, which have to be the same. */
function targetOf(path: string): string {
  const { target } = readRequestUrl(path, LISTEN);
  assertEquals(readRequestUrl(`https://a.example${path}`, LISTEN).target, target);
  return target;
}

Deno.test("readRequestUrl() puts the first TCP listener in front of a path", () => {
  assertEquals(readRequestUrl("/a?b", LISTEN), {
    authority: "localhost:8000",
    target: "/a?b",
    path: "/a",
    query: "b",
    hostname: "localhost",
    port: 8000,
    isPath: true,
  });
});

Deno.test("readRequestUrl() takes a URL apart, whose path is / if it has none", () => {
  assertEquals(readRequestUrl("HTTPS://me@[::1]?a=?#b", LISTEN), {
    authority: "[::1]",
    target: "/?a=?",
    path: "/",
    query: "a=?",
    hostname: "::1",
    port: 443,
    isPath: false,
  });
  assertEquals(readRequestUrl("http://B\u00fccher.example:81", LISTEN).authority, "xn--bcher-kva.example:81");
});

Deno.test("readRequestUrl() resolves neither dot segments nor doubled slashes nor backslashes", () => {
  for (
    const target of [
      "/a/../b",
      "/..",
      "/./a/.",
      "/%2e%2E/a",
      "//a.example//b",
      "/a\\..\\b",
      "/a?b/../c",
      "/?",
    ]
  ) {
    assertEquals(targetOf(target), target);
  }
});

Deno.test("readRequestUrl() drops a fragment, whatever is in it", () => {
  assertEquals(targetOf("/a#b?c"), "/a");
  assertEquals(targetOf("/a?b#c#d"), "/a?b");
});

Deno.test("readRequestUrl() escapes what a URL cannot hold as URL does, but removes no character", () => {
  // URL removes the first three wherever they stand and makes a slash of the backslash.
  const OWN: Record<string, string> = {
    "\t": "%09",
    "\n": "%0A",
    "\r": "%0D",
    "\\": "\\",
    "#": "",
    "?": "?",
  };
  for (let code = 0; code <= 0x100; code++) {
    const char = String.fromCharCode(code);
    const expected = OWN[char] ?? new URL(`http://a/${char}-`).pathname.slice(1, -1);
    assertEquals(targetOf(`/${char}`), `/${expected}`, `U+${code.toString(16)}`);
  }
  assertEquals(targetOf("/ \u20ac\u{1f600}\ud800 "), "/%20%E2%82%AC%F0%9F%98%80%EF%BF%BD%20");
});

Deno.test("readRequestUrl() leaves more of a query as it is than of a path", () => {
  assertEquals(targetOf("/`{'}?`{'} \"<\u00e9>\t"), "/%60%7B'%7D?`{'}%20%22%3C%C3%A9%3E%09");
});

Deno.test("readRequestUrl() refuses what is neither an http URL nor a path", () => {
  for (
    const text of [
      "",
      "a",
      "a.example/b",
      "ftp://a/",
      "http:a",
      "http://",
      "http:///a",
      "http://a:99999/",
      "http://a\\b",
      "http://a b/",
    ]
  ) {
    assertThrows(() => readRequestUrl(text, LISTEN), UsageError, JSON.stringify(text));
  }
});
