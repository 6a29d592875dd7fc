import { assertEquals } from "@std/assert";
import { AnswerReader } from "../../server/answer_reader.ts";

/** Reads an answer that arrives in pieces of some size. */
function read(text: string, size: number, method = "GET") {
  let status = 0;
  let body = "";
  const reader = new AnswerReader({
    head: (code) => status = code,
    body: (bytes) => body += new TextDecoder("latin1").decode(bytes),
  }, method);
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return { status, body, complete: reader.complete };
}

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\na\r\n\r\n2;x=y\r\nbc\r\n";

for (const size of [1, 2, 7, 1000]) {
  Deno.test(`AnswerReader undoes the framing of pieces of ${size} bytes`, () => {
    const counted = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 3\r\n\r\nabc";
    assertEquals(read(counted, size), { status: 404, body: "abc", complete: true });
    assertEquals(read(`${CHUNKED}0\r\nx: y\r\n\r\n`, size), { status: 200, body: "a\r\nbc", complete: true });
    assertEquals(read("HTTP/1.1 200 OK\r\n\r\nab", size), { status: 200, body: "ab", complete: true });
  });
}

Deno.test("AnswerReader knows a cut answer", () => {
  assertEquals(read(CHUNKED, 5).complete, false);
  assertEquals(read("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", 5).complete, false);
  assertEquals(read("HTTP/1.1 200", 5), { status: 0, body: "", complete: false });
});

Deno.test("AnswerReader expects no body for HEAD, 204 and 304", () => {
  const head = (status: number) => `HTTP/1.1 ${status} X\r\ncontent-length: 3\r\n\r\n`;
  assertEquals(read(head(200), 9, "HEAD"), { status: 200, body: "", complete: true });
  assertEquals(read(head(304), 9), { status: 304, body: "", complete: true });
  assertEquals(read(head(204), 9), { status: 204, body: "", complete: true });
});
