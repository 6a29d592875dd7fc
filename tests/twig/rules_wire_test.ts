/** Rules of docs/twig.md that only a wire can show, over the real cores and the real connection loop. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type App, toFetch } from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";
import { settled } from "../support/recording_carrier.ts";
import { fcgiAnswer, fcgiRequest, overFcgi, overHttp } from "../support/wires.ts";

const get = (version = "1.1") => `GET / HTTP/${version}\r\nHost: localhost\r\nConnection: close\r\n\r\n`;

async function overWire(app: App, request = get()): Promise<string> {
  const wire = overHttp(app);
  wire.send(request);
  return await wire.closed();
}

const halves: App = async function* () {
  yield "half";
  await settled();
  yield "half";
};

Deno.test("TWIG 1.5: bytes whose memory is gone are a 500 on every wire", async () => {
  const app: App = () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
    const bytes = new Uint8Array(memory.buffer, 0, 100);
    memory.grow(1);
    return bytes;
  };
  assertMatch(await overWire(app), /^HTTP\/1\.1 500 [^]*\r\n\r\nInternal Server Error\n$/);
  const front = overFcgi(app);
  front.send(fcgiRequest({ REQUEST_METHOD: "GET", REQUEST_URI: "/" }));
  await front.closed();
  const { stdout, ended } = fcgiAnswer(front.received);
  assertMatch(stdout, /^Status: 500 [^]*\r\n\r\nInternal Server Error\n$/);
  assertEquals([ended, front.errors.length], [true, 1]);
});

Deno.test("TWIG 3.2: an answer of unknown length is framed by its wire", async () => {
  assertMatch(
    await overWire(halves),
    /\r\ntransfer-encoding: chunked\r\n[^]*\r\n\r\n4\r\nhalf\r\n4\r\nhalf\r\n0\r\n\r\n$/i,
  );
  const old = await overWire(halves, get("1.0"));
  assertMatch(old, /\r\n\r\nhalfhalf$/);
  assert(!/transfer-encoding|content-length/i.test(old));
  const front = overFcgi(halves);
  front.send(fcgiRequest({ REQUEST_METHOD: "GET", REQUEST_URI: "/" }));
  await front.closed();
  const { stdout, ended } = fcgiAnswer(front.received);
  assertMatch(stdout, /\r\n\r\nhalfhalf$/);
  assert(ended);
});

Deno.test("TWIG 3.7: no answer without a body has one on the wire", async () => {
  for (const status of [204, 205, 304]) {
    const answer = await overWire((_, response) => (response.start(status), "dropped"));
    assertMatch(answer, new RegExp(`^HTTP/1.1 ${status} [^]*\\r\\n\\r\\n$`));
    const length = /content-length: (\d+)/i.exec(answer)?.[1];
    assertEquals(length, status === 205 ? "0" : undefined, String(status));
  }
  const head = await overWire(() => "dropped", get().replace("GET", "HEAD"));
  assertMatch(head, /\r\ncontent-length: 7\r\n[^]*\r\n\r\n$/i);
});

Deno.test("TWIG 3.9: trailers follow a chunked body and are dropped elsewhere", async () => {
  const app: App = (_, response) => (response.trailers.set("x-sum", "1"), "body");
  assertMatch(await overWire(app), /\r\n4\r\nbody\r\n0\r\nx-sum: 1\r\n\r\n$/i);
  assertMatch(await overWire(app, get("1.0")), /\r\n\r\nbody$/);
});

Deno.test("TWIG 4.2: chunks that are ready leave in one write", async () => {
  const wire = overHttp(async function* () {
    for (let i = 0; i < 200; i++) yield `part ${i} `;
  });
  wire.send(get());
  assertMatch(await wire.closed(), /part 199 $/);
  assertEquals(wire.writes, 1);
});

Deno.test("TWIG 5.2: the first read of the body sends 100 Continue", async () => {
  const head =
    "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n";
  const { promise, resolve } = Promise.withResolvers<void>();
  const wire = overHttp(async (request) => {
    await promise;
    return await request.body.text();
  });
  wire.send(head);
  await settled();
  assertEquals(wire.text, "");
  resolve();
  await settled();
  assertEquals(wire.text, "HTTP/1.1 100 Continue\r\n\r\n");
  wire.send("body");
  assertMatch(await wire.closed(), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nbody$/);
  const refused = overHttp(() => "no, thanks");
  refused.send(head);
  await settled();
  assertMatch(refused.text, /^HTTP\/1\.1 200 OK\r\n/);
  await refused.end();
});

Deno.test("TWIG 5.9: what is left of a body is not taken for a request", async () => {
  const seen: string[] = [];
  const wire = overHttp((request) => {
    seen.push(request.pathInfo);
  });
  const inner = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  wire.send(`POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`);
  await settled();
  wire.send("GET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  await wire.closed();
  assertEquals(seen, ["/a", "/b"]);
});

Deno.test("TWIG 7.4: a client can tell that an answer was cut", async () => {
  const broken: App = async function* () {
    yield "half";
    await settled();
    throw new Error("late");
  };
  const wire = overHttp(broken);
  wire.send(get());
  while (!wire.finished) await settled();
  await wire.end();
  assertMatch(wire.text, /\r\n\r\n4\r\nhalf\r\n$/);
  const front = overFcgi(broken);
  front.send(fcgiRequest({ REQUEST_METHOD: "GET", REQUEST_URI: "/" }));
  while (!front.finished) await settled();
  await front.end();
  const { stdout, ended } = fcgiAnswer(front.received);
  assertMatch(stdout, /half$/);
  assertEquals(ended, false);
  assertEquals(front.errors.length, 1);
});

Deno.test("TWIG 9.1: interim answers reach clients that can take one", async () => {
  const app: App = (_, response) => (response.informational(103, { link: "</a>" }), "x");
  assertMatch(await overWire(app), /^HTTP\/1\.1 103 Early Hints\r\nlink: <\/a>\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
  assertMatch(await overWire(app, get("1.0")), /^HTTP\/1\.1 200 OK\r\n/);
});

Deno.test("TWIG 9.2: close() closes the connection after the answer", async () => {
  const wire = overHttp((_, response) => (response.close(), "x"));
  wire.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertMatch(await wire.closed(), /\r\nconnection: close\r\n/i);
});

Deno.test("TWIG 10.1: an app answers alike behind every carrier", async () => {
  const app: App = async function* (request, response) {
    response.start(207, { "set-cookie": ["a=1", "b=2"], "content-type": "text/css" });
    yield `${request.method} ${request.scriptName}${request.pathInfo}?${request.query} `;
    yield `${request.get("x-Asked")} ${request.contentType} ${request.contentLength} ${request.host} `;
    yield await request.body.text();
  };
  const expected = "POST /a%20b?q=1 yes text/plain 4 example.org b\xc3\xa9d".replace("\xc3\xa9", "é");
  const cookies = ["a=1", "b=2"];
  const headers = {
    host: "example.org",
    "x-asked": "yes",
    "content-type": "text/plain",
    "content-length": "4",
  };

  const tested = await new TestClient(app).post("http://example.org/a%20b?q=1", "béd", { headers });
  assertEquals([tested.status, await tested.text(), tested.headers.getAll("set-cookie")], [
    207,
    expected,
    cookies,
  ]);

  const request = new Request("http://example.org/a%20b?q=1", { method: "POST", headers, body: "béd" });
  const fetched = await toFetch(app)(request);
  assertEquals([fetched.status, await fetched.text(), fetched.headers.getSetCookie()], [
    207,
    expected,
    cookies,
  ]);

  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) =>
    `${name}: ${value}\r\n`
  );
  const raw = await overWire(app, `POST /a%20b?q=1 HTTP/1.1\r\n${lines.join("")}\r\nb\xc3\xa9d`);
  assertMatch(
    raw,
    /^HTTP\/1\.1 207 Multi.Status\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-type: text\/css\r\n/,
  );
  assertEquals(raw.slice(raw.indexOf("\r\n\r\n") + 4).replace("\xc3\xa9", "é"), expected);

  const front = overFcgi(app);
  front.send(fcgiRequest({
    REQUEST_METHOD: "POST",
    REQUEST_URI: "/a%20b?q=1",
    QUERY_STRING: "q=1",
    CONTENT_TYPE: "text/plain",
    CONTENT_LENGTH: "4",
    HTTP_HOST: "example.org",
    HTTP_X_ASKED: "yes",
    SERVER_PROTOCOL: "HTTP/1.1",
  }, "b\xc3\xa9d"));
  await front.closed();
  const { stdout } = fcgiAnswer(front.received);
  assertMatch(
    stdout,
    /^status: 207 Multi.Status\r\n[^]*set-cookie: a=1\r\nset-cookie: b=2\r\ncontent-type: text\/css\r\n/i,
  );
  assertEquals(stdout.slice(stdout.indexOf("\r\n\r\n") + 4).replace("\xc3\xa9", "é"), expected);
});
