import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { HttpCore } from "../../../server/http/mod.ts";
import { DEFAULT_LIMITS } from "../../../server/limits.ts";
import { ProtocolError } from "../../../twig/errors.ts";
import { NEED_DATA, PAUSED, type WireEvent, type WireLimits } from "../../../twig/wire.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";
const HEAD = "HTTP/1.1\r\nhost: a\r\n";

function coreFor(text = "", limits: Partial<WireLimits> = {}): HttpCore {
  const core = new HttpCore({ ...DEFAULT_LIMITS, ...limits });
  core.date = DATE;
  feed(core, text);
  return core;
}

function feed(core: HttpCore, text: string): void {
  core.input.append(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

/** The next event's kind, or what `next` returned for none. */
function kind(core: HttpCore): string {
  const event: WireEvent | number = core.next();
  if (event === NEED_DATA) return "need data";
  if (event === PAUSED) return "paused";
  return (event as WireEvent).kind;
}

function sent(core: HttpCore): string {
  const text = core.output.take().map((piece) => String.fromCharCode(...piece)).join("");
  core.output.recycle();
  return text;
}

/** Answers the exchange with a body that is known whole. */
function answer(core: HttpCore, exchange: number, body = "ok", status = 200): void {
  core.head(exchange, status, "", body.length, false, core.output);
  core.data(exchange, body, core.output);
  core.end(exchange, "", core.output);
}

function refused(core: HttpCore): string {
  const error = assertThrows(() => core.next(), ProtocolError);
  core.refuse(error, core.output);
  return sent(core);
}

Deno.test("HttpCore reports head, end, and then nothing until the answer is complete", () => {
  const core = coreFor(`GET /1 ${HEAD}\r\nGET /2 ${HEAD}\r\n`);
  assertEquals([kind(core), kind(core), kind(core), kind(core)], ["head", "end", "paused", "paused"]);
  core.head(1, 200, "", 2, false, core.output);
  core.data(1, "ok", core.output);
  assertEquals(kind(core), "paused");
  core.end(1, "", core.output);
  const second = core.next() as WireEvent;
  assertEquals([second.kind, second.exchange], ["head", 2]);
});

for (const [status, body] of [[200, "h\u00e9llo"], [200, ""], [204, "x"], [304, "x"]] as const) {
  Deno.test(`HttpCore.whole() says what head, data and end say, and goes on (${status}, "${body}")`, () => {
    const [apart, whole] = [coreFor(`GET / ${HEAD}\r\n`.repeat(2)), coreFor(`GET / ${HEAD}\r\n`.repeat(2))];
    for (const core of [apart, whole]) core.extraFields = "server: x\r\n";
    for (const number of [1, 2]) {
      assertEquals([kind(apart), kind(whole)], ["head", "head"]);
      const size = new TextEncoder().encode(body).length;
      apart.head(number, status, "x: y\r\n", size, false, apart.output);
      const sentApart = apart.data(number, body, apart.output);
      apart.end(number, "", apart.output);
      assertEquals(whole.whole(number, status, "x: y\r\n", size, false, body, whole.output), sentApart);
      const text = sent(whole);
      assertEquals(text, sent(apart));
      assertMatch(text, /^HTTP\/1\.1 \d+ [\w ]+\r\nx: y\r\nserver: x\r\n/);
      assertEquals(whole.whole(number, 200, "", size, false, "late", whole.output), 0);
      assertEquals(sent(whole), "");
    }
  });
}

Deno.test("HttpCore numbers the exchanges of a connection from 1", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`.repeat(3));
  for (const number of [1, 2, 3]) {
    assertEquals((core.next() as WireEvent).exchange, number);
    answer(core, number);
  }
});

Deno.test("HttpCore reports one piece of body a call", () => {
  const core = coreFor(`POST / ${HEAD}transfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n`);
  assertEquals([kind(core), kind(core), kind(core), kind(core), kind(core)], [
    "head",
    "data",
    "data",
    "end",
    "paused",
  ]);
});

Deno.test("HttpCore gives body bytes away: later input does not change them", () => {
  const core = coreFor(`POST / ${HEAD}content-length: 600\r\n\r\n${"x".repeat(300)}`);
  core.next();
  const first = core.next() as WireEvent & { chunk: Uint8Array };
  feed(core, "y".repeat(300));
  core.next();
  core.input.bytes.fill(0);
  assertEquals(first.chunk, new Uint8Array(300).fill(0x78));
});

Deno.test("HttpCore reports an error in a later request only after the answer to the one before", () => {
  const core = coreFor(`GET / ${HEAD}\r\nrubbish\r\n\r\n`);
  assertEquals([kind(core), kind(core), kind(core)], ["head", "end", "paused"]);
  answer(core, 1);
  assertStringIncludes(refused(core), "HTTP/1.1 400 Bad Request\r\n");
});

Deno.test("HttpCore reads no further request after an error", () => {
  const core = coreFor(`rubbish\r\n\r\nGET / ${HEAD}\r\n`);
  refused(core);
  assertEquals([kind(core), core.closing], ["paused", true]);
});

// Answers: status line, framing, Date, Connection (RFC 9112 §4, §6, §9).

Deno.test("head() writes status line, fields, length and date", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  core.head(1, 200, "x: y\r\n", 2, false, core.output);
  core.data(1, "ok", core.output);
  core.end(1, "", core.output);
  assertEquals(sent(core), `HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 2\r\ndate: ${DATE}\r\n\r\nok`);
});

Deno.test("head() writes no Date beside the app's, and none without a clock", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`.repeat(2));
  core.next();
  core.head(1, 200, "date: mine\r\n", 0, true, core.output);
  core.end(1, "", core.output);
  assertEquals(sent(core), "HTTP/1.1 200 OK\r\ndate: mine\r\ncontent-length: 0\r\n\r\n");
  core.date = "";
  core.next();
  answer(core, 2, "");
  assertEquals(sent(core), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
});

Deno.test("head() writes one byte for each code unit of a field", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  core.head(1, 200, "x: \u00e9\u00ff and text that is longer than a short one\r\n", 0, true, core.output);
  assertStringIncludes(sent(core), "x: \u00e9\u00ff and text");
});

Deno.test("head() writes a status without a known phrase", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  answer(core, 1, "", 799);
  assertStringIncludes(sent(core), "HTTP/1.1 799 \r\n");
});

Deno.test("head() chunks what has no known length", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  assertEquals(core.data(1, "", core.output), 0);
  assertEquals(core.data(1, new Uint8Array(0), core.output), 0);
  assertEquals(core.data(1, "0123456789abcdef", core.output), 16);
  assertEquals(core.data(1, Uint8Array.of(0x61), core.output), 1);
  assertEquals(core.data(1, "\u20ac", core.output), 3);
  core.end(1, "", core.output);
  assertEquals(
    sent(core),
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" +
      "10\r\n0123456789abcdef\r\n1\r\na\r\n3\r\n\u00e2\u0082\u00ac\r\n0\r\n\r\n",
  );
});

Deno.test("end() writes trailers behind the last chunk, and only there", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`.repeat(2));
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  core.end(1, "x: y\r\n", core.output);
  assertStringIncludes(sent(core), "\r\n\r\n0\r\nx: y\r\n\r\n");
  core.next();
  core.head(2, 200, "", 1, true, core.output);
  core.data(2, "a", core.output);
  core.end(2, "x: y\r\n", core.output);
  assertEquals(sent(core), "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na");
});

Deno.test("head() answers HEAD like GET, but without a body", () => {
  const core = coreFor(`HEAD / ${HEAD}\r\n`.repeat(2));
  core.next();
  core.head(1, 200, "", 5, true, core.output);
  assertEquals(core.data(1, "hello", core.output), 0);
  core.end(1, "", core.output);
  assertEquals(sent(core), "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n");
  core.next();
  core.head(2, 200, "", undefined, true, core.output);
  core.data(2, "hello", core.output);
  core.end(2, "x: y\r\n", core.output);
  assertEquals(sent(core), "HTTP/1.1 200 OK\r\n\r\n");
});

for (const [status, line] of [[204, ""], [304, ""], [205, "content-length: 0\r\n"]] as const) {
  Deno.test(`head() gives ${status} no body and no length of one`, () => {
    for (const length of [5, undefined]) {
      const core = coreFor(`GET / ${HEAD}\r\n`);
      core.next();
      core.head(1, status, "", length, true, core.output);
      assertEquals(core.data(1, "hello", core.output), 0);
      core.end(1, "", core.output);
      assertEquals(sent(core).replace(/^.*\r\n/, ""), `${line}\r\n`);
      assertEquals(core.closing, false);
    }
  });
}

Deno.test("head() ends an HTTP/1.0 answer of unknown length by closing", () => {
  const core = coreFor("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  core.data(1, "hello", core.output);
  core.end(1, "x: y\r\n", core.output);
  assertEquals(sent(core), "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
  assertEquals(core.closing, true);
});

Deno.test("head() echoes keep-alive to HTTP/1.0 if the length is known", () => {
  const core = coreFor("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  core.next();
  answer(core, 1);
  assertStringIncludes(sent(core), "\r\nconnection: keep-alive\r\n");
  assertEquals(core.closing, false);
});

Deno.test("head() tells HTTP/1.0 without keep-alive that it closes", () => {
  const core = coreFor("GET / HTTP/1.0\r\n\r\n");
  core.next();
  answer(core, 1);
  assertStringIncludes(sent(core), "\r\nconnection: close\r\n");
  assertEquals(core.closing, true);
});

Deno.test("head() says close when the client did", () => {
  const core = coreFor(`GET / ${HEAD}connection: close\r\n\r\n`);
  core.next();
  assertEquals(core.closing, false);
  core.head(1, 200, "", 2, true, core.output);
  assertEquals(core.closing, false, "the answer is not complete");
  core.data(1, "ok", core.output);
  core.end(1, "", core.output);
  assertStringIncludes(sent(core), "\r\nconnection: close\r\n");
  assertEquals([core.closing, core.idle], [true, true]);
});

Deno.test("head() and the rest do nothing for an exchange that is not open", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  answer(core, 0);
  answer(core, 1);
  core.next();
  answer(core, 2);
  core.wantBody(2, core.output);
  core.informational(2, 103, "", core.output);
  core.data(1, "before the head", core.output);
  core.end(1, "", core.output);
  core.cut(2);
  assertEquals([sent(core), core.closing], ["", false]);
  answer(core, 1);
  sent(core);
  answer(core, 1);
  core.cut(1);
  core.informational(1, 103, "", core.output);
  assertEquals([sent(core), core.closing], ["", false]);
});

Deno.test("head() is taken once", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  core.head(1, 200, "", 0, true, core.output);
  core.head(1, 500, "", 0, true, core.output);
  core.informational(1, 103, "", core.output);
  assertEquals(sent(core), "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
});

Deno.test("informational() writes an interim head, but not to HTTP/1.0", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  core.informational(1, 103, "link: </a>\r\n", core.output);
  assertEquals(sent(core), "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n");
  const old = coreFor("GET / HTTP/1.0\r\n\r\n");
  old.next();
  old.informational(1, 103, "link: </a>\r\n", old.output);
  assertEquals(sent(old), "");
});

// Expect (RFC 9110 §10.1.1).

const EXPECTING = `POST / ${HEAD}expect: 100-continue\r\ncontent-length: 2\r\n\r\n`;

Deno.test("wantBody() sends 100 Continue once", () => {
  const core = coreFor(EXPECTING);
  core.next();
  assertEquals(kind(core), "need data");
  assertEquals(sent(core), "");
  core.wantBody(1, core.output);
  core.wantBody(1, core.output);
  assertEquals(sent(core), "HTTP/1.1 100 Continue\r\n\r\n");
  feed(core, "hi");
  assertEquals([kind(core), kind(core)], ["data", "end"]);
  answer(core, 1);
  assertEquals(sent(core).includes("connection:"), false);
  assertEquals(core.closing, false);
});

Deno.test("wantBody() sends no 100 Continue when body bytes are here", () => {
  const core = coreFor(EXPECTING + "h");
  core.next();
  core.wantBody(1, core.output);
  assertEquals(sent(core), "");
});

Deno.test("wantBody() sends no 100 Continue after body bytes were reported", () => {
  const core = coreFor(EXPECTING + "h");
  core.next();
  core.next();
  core.wantBody(1, core.output);
  assertEquals(sent(core), "");
});

Deno.test("wantBody() sends no 100 Continue after the final head", () => {
  const core = coreFor(EXPECTING);
  core.next();
  core.head(1, 200, "", 0, true, core.output);
  sent(core);
  core.wantBody(1, core.output);
  assertEquals(sent(core), "");
});

Deno.test("wantBody() sends nothing to clients that do not wait, or cannot", () => {
  for (
    const request of [
      `POST / ${HEAD}content-length: 2\r\n\r\n`,
      "POST / HTTP/1.0\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n",
      `GET / ${HEAD}expect: 100-continue\r\n\r\n`,
    ]
  ) {
    const core = coreFor(request);
    core.next();
    core.wantBody(1, core.output);
    assertEquals(sent(core), "");
  }
});

Deno.test("a final answer without 100 Continue closes, so that no body is taken for a request", () => {
  const core = coreFor(EXPECTING);
  core.next();
  answer(core, 1, "no", 403);
  assertStringIncludes(sent(core), "\r\nconnection: close\r\n");
  feed(core, `GET /smuggled ${HEAD}\r\n`);
  assertEquals([core.closing, core.idle, kind(core)], [true, false, "paused"]);
});

Deno.test("a final answer without 100 Continue goes on if the body came anyway", () => {
  const core = coreFor(EXPECTING + `hiGET /2 ${HEAD}\r\n`);
  core.next();
  answer(core, 1, "no", 403);
  assertEquals(sent(core).includes("connection:"), false);
  assertEquals([kind(core), kind(core)], ["end", "head"]);
});

// Bodies that nobody reads (RFC 9112 §9.3).

Deno.test("an unread body is dropped, and the next request found behind it", () => {
  const core = coreFor(`POST / ${HEAD}content-length: 30\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n`);
  core.next();
  answer(core, 1);
  assertEquals([kind(core), core.closing, core.idle], ["need data", false, false]);
  feed(core, `1234GET /2 ${HEAD}\r\n`);
  assertEquals(kind(core), "end");
  const head = core.next() as WireEvent & { target: string };
  assertEquals([head.exchange, head.target], [2, "/2"]);
});

Deno.test("a body read in part is dropped for the rest", () => {
  const core = coreFor(`POST / ${HEAD}transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n`);
  assertEquals([kind(core), kind(core)], ["head", "data"]);
  answer(core, 1);
  feed(core, `3\r\nho!\r\n0\r\nx: y\r\n\r\nGET /2 ${HEAD}\r\n`);
  assertEquals([kind(core), (core.next() as WireEvent).exchange], ["end", 2]);
});

Deno.test("a body whose end was not reported yet needs no dropping", () => {
  const core = coreFor(`POST / ${HEAD}content-length: 2\r\n\r\nhi`);
  assertEquals([kind(core), kind(core)], ["head", "data"]);
  answer(core, 1);
  assertEquals([kind(core), core.closing, core.idle], ["need data", false, true]);
});

Deno.test("an unread body of exactly drainBytes keeps the connection, one byte more closes it", () => {
  for (const [length, closing] of [[10, false], [11, true]] as const) {
    const core = coreFor(`POST / ${HEAD}content-length: ${length}\r\n\r\n`, { drainBytes: 10 });
    core.next();
    answer(core, 1);
    assertEquals(sent(core).includes("connection: close"), closing);
    assertEquals(core.closing, closing);
  }
});

Deno.test("an unread chunked body is dropped up to drainBytes", () => {
  // A chunk is 10 bytes with its framing, which counts.
  for (const chunks of [1, 2, 3]) {
    const core = coreFor(`POST / ${HEAD}transfer-encoding: chunked\r\n\r\n`, { drainBytes: 20 });
    core.next();
    answer(core, 1);
    sent(core);
    feed(core, "5\r\nhello\r\n".repeat(chunks));
    assertEquals([kind(core), core.closing], chunks < 3 ? ["need data", false] : ["paused", true]);
    assertEquals(core.idle, false, "what is still to come would be lost");
  }
});

Deno.test("an answer begun before the body was read closes if too much of it is still to come", () => {
  const core = coreFor(`POST / ${HEAD}content-length: 30\r\n\r\n`, { drainBytes: 20 });
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  assertStringIncludes(sent(core), "\r\nconnection: close\r\n");
  feed(core, "x".repeat(30));
  assertEquals([kind(core), kind(core), kind(core)], ["data", "end", "paused"]);
  core.end(1, "", core.output);
  assertEquals(core.closing, true);
});

Deno.test("a malformed body behind a complete answer closes without a second answer", () => {
  const core = coreFor(`POST / ${HEAD}transfer-encoding: chunked\r\n\r\n`);
  core.next();
  answer(core, 1);
  sent(core);
  feed(core, `x\r\n\r\nGET /smuggled ${HEAD}\r\n`);
  const refused = core.next() as WireEvent;
  assert(refused.kind === "refused");
  assertEquals([refused.error.code, refused.error.status], ["bad-chunk", 0]);
  assertEquals([kind(core), core.closing, sent(core)], ["paused", true, ""]);
});

Deno.test("a client that goes while its unread body is dropped ends the connection", () => {
  const core = coreFor(`POST / ${HEAD}content-length: 5\r\n\r\nhe`);
  core.next();
  answer(core, 1);
  sent(core);
  core.endOfInput();
  assertEquals([kind(core), core.closing, sent(core)], ["paused", true, ""]);
});

Deno.test("head() refuses a request whose unread body is malformed as far as it is here", () => {
  const core = coreFor(
    `POST / ${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0x5\r\nhello\r\n0\r\n\r\n`,
  );
  core.next();
  answer(core, 1);
  const text = sent(core);
  assertStringIncludes(text, "HTTP/1.1 400 Bad Request\r\n");
  assertEquals(text.includes("200"), false);
  assertEquals([core.closing, kind(core)], [true, "paused"]);
});

Deno.test("head() looks ahead without taking anything: the app can still read", () => {
  const core = coreFor(
    `POST / ${HEAD}transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n5;a="b"\r\nworld\r\n0\r\nx: y\r\n\r\n`,
  );
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  assertStringIncludes(sent(core), "200 OK");
  assertEquals([kind(core), kind(core), kind(core), kind(core)], ["data", "data", "end", "paused"]);
});

// Refusals.

Deno.test("refuse() writes a complete answer that says close", () => {
  const core = coreFor("GET / HTTP/1.1\nhost: a\r\n\r\n");
  const body = "400 Bad Request: bare-lf\n";
  assertEquals(
    refused(core),
    "HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\nconnection: close\r\n" +
      `content-length: ${body.length}\r\ndate: ${DATE}\r\n\r\n${body}`,
  );
  assertEquals(core.closing, true);
});

Deno.test("refuse() writes no body to HEAD, but its length", () => {
  const text = refused(coreFor("HEAD / HTTP/1.1\r\n\r\n"));
  assertStringIncludes(text, "HTTP/1.1 400 Bad Request\r\n");
  assertStringIncludes(text, "\r\ncontent-length: 25\r\n");
  assertEquals(text.endsWith("\r\n\r\n"), true);
});

Deno.test("refuse() gives the method of the request at hand, not of the one before", () => {
  const core = coreFor(`HEAD / ${HEAD}\r\nGET / HTTP/1.1\r\n\r\n`);
  core.next();
  core.next();
  answer(core, 1);
  sent(core);
  assertEquals(refused(core).endsWith(": no-host\n"), true);
});

Deno.test("refuse() names the allowed methods with 405", () => {
  assertStringIncludes(
    refused(coreFor(`TRACE / ${HEAD}\r\n`)),
    "\r\nallow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n",
  );
});

Deno.test("refuse() answers an open exchange whose body is malformed", () => {
  const core = coreFor(`POST / ${HEAD}transfer-encoding: chunked\r\n\r\nx`);
  core.next();
  assertStringIncludes(refused(core), "HTTP/1.1 400 Bad Request\r\n");
  answer(core, 1);
  assertEquals(sent(core), "");
});

Deno.test("refuse() adds nothing to an answer that has begun", () => {
  const core = coreFor(`POST / ${HEAD}transfer-encoding: chunked\r\n\r\n`);
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  core.data(1, "half", core.output);
  sent(core);
  feed(core, "x");
  assertEquals(refused(core), "");
  core.data(1, "more", core.output);
  core.end(1, "", core.output);
  assertEquals([sent(core), core.closing], ["", true]);
});

Deno.test("refuse() answers once", () => {
  const core = coreFor("rubbish\r\n");
  refused(core);
  core.refuse(new ProtocolError(408, "timeout", "Too late"), core.output);
  assertEquals(sent(core), "");
});

Deno.test("refuse() with status 0 closes without a word", () => {
  const core = coreFor("GET");
  core.refuse(new ProtocolError(0, "gone", "Gone"), core.output);
  assertEquals([sent(core), core.closing], ["", true]);
});

Deno.test("refuse() answers a request that does not come to its end, as for a deadline", () => {
  const core = coreFor("GET / HTTP/1.1\r\nhost:");
  assertEquals(kind(core), "need data");
  core.refuse(new ProtocolError(408, "header-timeout", "Too slow"), core.output);
  assertStringIncludes(sent(core), "HTTP/1.1 408 Request Timeout\r\n");
});

// Cuts, aborts and the end of the input.

Deno.test("cut() adds nothing and closes", () => {
  const core = coreFor(`GET / ${HEAD}\r\nGET / ${HEAD}\r\n`);
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  core.data(1, "half", core.output);
  sent(core);
  core.cut(1);
  core.data(1, "more", core.output);
  core.end(1, "", core.output);
  assertEquals([sent(core), core.closing, kind(core)], ["", true, "paused"]);
});

Deno.test("a request cut short is aborted and refused, never answered 200", () => {
  const core = coreFor(`POST / ${HEAD}content-length: 5\r\n\r\nhe`);
  assertEquals([kind(core), kind(core), kind(core)], ["head", "data", "need data"]);
  core.endOfInput();
  assertEquals(kind(core), "abort");
  answer(core, 1);
  const text = sent(core);
  assertStringIncludes(text, "HTTP/1.1 400 Bad Request\r\n");
  assertEquals([text.includes(" 200 "), core.closing, kind(core)], [false, true, "paused"]);
});

Deno.test("a request that is known to be cut short is refused though its app did not read it", () => {
  for (
    const [body, status] of [
      ["content-length: 5\r\n\r\nhe", 400],
      ["content-length: 5\r\n\r\nhello", 200],
      ["transfer-encoding: chunked\r\n\r\n5\r\nhe", 400],
      ["transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", 400],
      ["transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 200],
    ] as const
  ) {
    const core = coreFor(`POST / ${HEAD}${body}`);
    core.next();
    core.endOfInput();
    answer(core, 1);
    assertMatch(sent(core), new RegExp(`^HTTP/1.1 ${status} `), body);
    assertEquals(core.refusal?.code, status === 400 ? "cut-short" : undefined, body);
  }
});

Deno.test("a request cut short while its answer is sent gets no second answer", () => {
  const core = coreFor(`POST / ${HEAD}content-length: 5\r\n\r\nhe`);
  core.next();
  core.next();
  core.head(1, 200, "", undefined, true, core.output);
  sent(core);
  core.endOfInput();
  assertEquals([kind(core), sent(core), core.closing], ["abort", "", true]);
});

Deno.test("a client that closed its sending side still gets its answers", () => {
  const core = coreFor(`GET /1 ${HEAD}\r\nGET /2 ${HEAD}\r\n`);
  core.endOfInput();
  assertEquals([kind(core), kind(core), kind(core)], ["head", "end", "paused"]);
  answer(core, 1);
  assertEquals(sent(core).includes("connection: close"), false);
  assertEquals([kind(core), core.closing], ["head", false]);
  answer(core, 2);
  assertStringIncludes(sent(core), "\r\nconnection: close\r\n");
  assertEquals([core.closing, core.idle], [true, true]);
});

Deno.test("a client that leaves between requests leaves nothing behind", () => {
  const core = coreFor();
  assertEquals([core.idle, core.closing], [true, false]);
  core.endOfInput();
  assertEquals([core.closing, kind(core), sent(core)], [true, "paused", ""]);
});

// stop(): the last request.

Deno.test("stop() closes a connection at rest", () => {
  const core = coreFor();
  assertEquals(kind(core), "need data");
  core.stop();
  assertEquals([core.closing, core.idle], [true, true]);
});

Deno.test("stop() lets the answer at hand say close", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  core.stop();
  assertEquals(core.closing, false);
  answer(core, 1);
  assertStringIncludes(sent(core), "\r\nconnection: close\r\n");
  assertEquals(core.closing, true);
});

Deno.test("stop() lets a request that has begun come to its answer", () => {
  const core = coreFor("GET / HTT");
  core.next();
  core.stop();
  assertEquals([core.closing, core.idle], [false, false]);
  feed(core, "P/1.1\r\nhost: a\r\n\r\n");
  assertEquals(kind(core), "head");
  answer(core, 1);
  assertStringIncludes(sent(core), "\r\nconnection: close\r\n");
  assertEquals(core.closing, true);
});

Deno.test("stop() after a head that promised to go on closes behind that answer", () => {
  const core = coreFor(`GET / ${HEAD}\r\n`);
  core.next();
  core.head(1, 200, "", 0, true, core.output);
  core.stop();
  assertEquals(core.closing, false);
  core.end(1, "", core.output);
  assertEquals(core.closing, true);
});

Deno.test("idle means that closing loses nothing", () => {
  const core = coreFor();
  assertEquals(core.idle, true);
  feed(core, "\r\n");
  assertEquals([kind(core), core.idle], ["need data", true]);
  feed(core, "G");
  assertEquals(core.idle, false);
  assertEquals([kind(core), core.idle], ["need data", false]);
  feed(core, `ET / ${HEAD}\r\n`);
  core.next();
  assertEquals(core.idle, false);
  core.next();
  assertEquals(core.idle, false);
  answer(core, 1);
  assertEquals(core.idle, true);
});

// The body that nobody read.

Deno.test("HttpCore drops so much of each unread body, not of all of them together", () => {
  const core = coreFor("", { drainBytes: 10 });
  for (const exchange of [1, 2, 3, 4]) {
    feed(core, `POST / ${HEAD}content-length: 6\r\n\r\n`);
    assertEquals(kind(core), "head");
    answer(core, exchange);
    feed(core, "123456");
    assertEquals([kind(core), core.idle], ["end", true]);
  }
});

Deno.test("HttpCore closes at once when more of the body is known to come than it drops", () => {
  for (const [size, closing] of [["a", false], ["b", true]] as const) {
    const core = coreFor(`POST / ${HEAD}transfer-encoding: chunked\r\n\r\n`, { drainBytes: 10 });
    assertEquals(kind(core), "head");
    core.head(1, 200, "", 2, false, core.output);
    feed(core, `${size}\r\n`);
    assertEquals(kind(core), "need data");
    core.data(1, "ok", core.output);
    core.end(1, "", core.output);
    assertEquals([kind(core), core.closing], [closing ? "paused" : "need data", closing]);
  }
});
