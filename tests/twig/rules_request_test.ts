/** Sections 5 and 8 of docs/twig.md: the request and its body. */
import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  type App,
  ConnectionLost,
  ContractError,
  HeaderFields,
  HttpError,
  type RequestHead,
  type TwigRequest,
  type TwigResponse,
} from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";
import { record, type RecordOptions, settled } from "../support/recording_carrier.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** What `app` returns for a POST, through JSON. */
async function posted(
  app: (request: TwigRequest) => unknown,
  body: string | AsyncIterable<string>,
  type = "",
) {
  const client = new TestClient(async (request) => JSON.stringify(await app(request)) ?? "undefined");
  const answer = await client.post("/", body, { headers: { "content-type": type } });
  const text = await answer.text();
  return answer.status === 200 ? JSON.parse(text) : answer.status;
}

/** The request that an app sees for this head. */
function seen(head: Partial<RequestHead>, options: RecordOptions = {}): TwigRequest {
  let request: TwigRequest | undefined;
  record((received) => {
    request = received;
  }, { ...options, head });
  assert(request !== undefined);
  return request;
}

// 5. The request's body

Deno.test("TWIG 5.1: the body is an async iterable of bytes", async () => {
  async function* slowly() {
    yield "ab";
    yield "";
    await settled();
    yield "cé";
  }
  const pieces = await posted(async (request) => {
    const list: number[][] = [];
    for await (const piece of request.body) list.push([...piece]);
    return list;
  }, slowly());
  assertEquals(pieces, [[97, 98], [99, 0xc3, 0xa9]]);
  assertEquals(await posted(async (request) => (await request.body.bytes()).length, ""), 0);
});

Deno.test("TWIG 5.2: the body is read as the app asks", async () => {
  const head = { method: "POST", bodyLength: 4 };
  const idle = record(() => "done", { head });
  await idle.carrier.over;
  assertEquals(idle.carrier.notes.includes("want body"), false);
  assertEquals(idle.exchange.bodyAsked, false);

  const { carrier, exchange } = record(async (request) => {
    await settled();
    assertEquals(carrier.notes, []);
    const pieces = request.body[Symbol.asyncIterator]();
    assertEquals(carrier.notes, []);
    const first = pieces.next();
    assertEquals(carrier.notes[0], "want body");
    exchange.body.push(bytes("ab"));
    assertEquals((await first).value, bytes("ab"));
    const asked = carrier.notes.length;
    await settled();
    assertEquals(carrier.notes.length, asked);
    exchange.body.push(bytes("cd"));
    exchange.body.finish(undefined);
    assertEquals(exchange.body.buffered, 2);
    assertEquals((await pieces.next()).value, bytes("cd"));
    assertEquals(exchange.body.buffered, 0);
    assertEquals((await pieces.next()).done, true);
  }, { head });
  await carrier.over;
  assertEquals(carrier.errors, []);
});

Deno.test("TWIG 5.3: the body may be read whole", async () => {
  assertEquals(await posted(async ({ body }) => [...await body.bytes()], "hé"), [104, 0xc3, 0xa9]);
  assertEquals(await posted(({ body }) => body.text(), "\ufeffhé"), "hé");
  assertEquals(await posted(({ body }) => body.json(), '{"a":[1]}'), { a: [1] });
  const form: App = async ({ body }) => JSON.stringify([...await body.formData()]);
  const client = new TestClient(form);
  const type = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  assertEquals(await (await client.post("/", "a=1&b=%C3%A9", { headers: type })).json(), [["a", "1"], [
    "b",
    "é",
  ]]);
  const multipart = '--x\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n';
  const headers = { "content-type": "Multipart/Form-Data; boundary=x" };
  assertEquals(await (await client.post("/", multipart, { headers })).json(), [["a", "1"]]);
});

Deno.test("TWIG 5.4: the body is read once", async () => {
  const again: ((request: TwigRequest) => Promise<unknown>)[] = [
    ({ body }) => body.bytes(),
    ({ body }) => body.text(),
    ({ body }) => body.json(),
    ({ body }) => body[Symbol.asyncIterator]().next(),
  ];
  for (const read of again) {
    const code = await posted(async (request) => {
      await request.body.text();
      return (await assertRejects(() => read(request), ContractError)).code;
    }, "{}");
    assertEquals(code, "body-read-twice");
  }
});

Deno.test("TWIG 5.5: a body declared too large is refused", async () => {
  let called = 0;
  const app: App = () => {
    called++;
  };
  const { carrier } = record(app, { head: { method: "POST", bodyLength: 11 }, bodyLimit: 10 });
  await carrier.over;
  assertEquals([carrier.notes[0], called], ["head 413 30", 0]);
  await record(app, { head: { method: "POST", bodyLength: 10 }, bodyLimit: 10 }).carrier.over;
  assertEquals(called, 1);
});

Deno.test("TWIG 5.6: a body that grows too large throws", async () => {
  const caught: unknown[] = [];
  const client = new TestClient(async (request) => {
    const text = await request.body.text().catch((error) => {
      caught.push(error);
      throw error;
    });
    return text;
  });
  const fits = await client.post("/", ["12345", "67890"], { bodyLimit: 10 });
  assertEquals([fits.status, await fits.text()], [200, "1234567890"]);
  const tooLarge = await client.post("/", ["12345", "678901"], { bodyLimit: 10 });
  assertEquals([tooLarge.status, tooLarge.errors.length], [413, 0]);
  assert(caught[0] instanceof HttpError);
});

Deno.test("TWIG 5.7: a malformed body is the client's error", async () => {
  assertEquals(await posted(({ body }) => body.json(), "{"), 400);
  assertEquals(await posted(({ body }) => body.json(), ""), 400);
  assertEquals(await posted(({ body }) => body.formData(), "a=1", "text/plain"), 415);
  assertEquals(await posted(({ body }) => body.formData(), "a=1"), 415);
  assertEquals(
    await posted(({ body }) => body.formData(), "nonsense", "multipart/form-data; boundary=x"),
    400,
  );
  assertEquals(await posted(({ body }) => body.formData(), "nonsense", "multipart/form-data"), 400);
});

Deno.test("TWIG 5.8: trailers of the request stay apart", async () => {
  const { carrier, exchange } = record(async (request) => {
    assertEquals(request.body.trailers, undefined);
    await request.body.bytes();
    assertEquals(request.body.trailers?.get("x-checksum"), "1");
    assertEquals(request.has("x-checksum"), false);
  }, { head: { method: "POST", bodyLength: undefined } });
  exchange.body.push(bytes("x"));
  exchange.body.finish(new HeaderFields(["x-checksum"], ["1"]));
  await carrier.over;
  assertEquals(carrier.errors, []);
});

Deno.test("TWIG 5.9: the body may stay unread", async () => {
  const { carrier, exchange } = record(() => "x", { head: { method: "POST", bodyLength: 3 } });
  await carrier.over;
  exchange.body.push(bytes("abc"));
  exchange.body.finish(undefined);
  assertEquals(carrier.notes, ["head 200 1", "data x", "end"]);
  assertEquals(carrier.errors, []);
});

Deno.test("TWIG 5.9: a read that is pending when the answer ends throws and says so", async () => {
  let read: Promise<Uint8Array> | undefined;
  const { carrier } = record(({ body }) => {
    read = body.bytes();
    read.catch(() => {});
    return "x";
  }, { head: { bodyLength: 4 } });
  await carrier.over;
  await assertRejects(() => read!, ConnectionLost, "ended before the request body was read");
});

Deno.test("TWIG 5.9: a body that is first read after the answer says that it is too late", async () => {
  for (const app of [() => "x", () => ["x"], (_: TwigRequest, response: TwigResponse) => response.abort()]) {
    let asked: TwigRequest | undefined;
    const { carrier } = record((request, response) => (asked = request, app(request, response)), {
      head: { bodyLength: 4 },
    });
    await carrier.over;
    await assertRejects(() => asked!.body.bytes(), ConnectionLost, "ended before the request body was read");
  }
});

// 8. The request

Deno.test("TWIG 8.1: method and target are as sent", () => {
  const request = seen({ method: "pUrGe", target: "http://example.org/a?b", path: "/a", query: "b" });
  assertEquals([request.method, request.target], ["pUrGe", "http://example.org/a?b"]);
});

Deno.test("TWIG 8.2: scriptName and pathInfo are the path", () => {
  const cases: [path: string, prefixLength: number, scriptName: string, pathInfo: string][] = [
    ["/", 0, "", "/"],
    ["/a%20b//../c", 0, "", "/a%20b//../c"],
    ["/static/%2e%2e/x", 7, "/static", "/%2e%2e/x"],
    ["/static", 7, "/static", ""],
    ["/%73tatic/", 9, "/%73tatic", "/"],
    ["*", 0, "", "*"],
  ];
  for (const [path, prefixLength, scriptName, pathInfo] of cases) {
    const request = seen({ path }, { prefixLength });
    assertEquals([request.scriptName, request.pathInfo], [scriptName, pathInfo]);
    assertEquals(request.scriptName + request.pathInfo, path);
  }
});

Deno.test("TWIG 8.2: the test client sends a path as it is given", async () => {
  const client = new TestClient((request) => request.pathInfo);
  for (const path of ["/a/../b", "//evil.example/x", "/%2e%2e/x", "/a b", "/é", "*"]) {
    assertEquals(await (await client.request("OPTIONS", path)).text(), path);
  }
});

Deno.test("TWIG 8.3: the query is as sent", async () => {
  const request = seen({ query: "a=%31&a=2&b=?&c" });
  assertEquals(request.query, "a=%31&a=2&b=?&c");
  assertEquals(request.queryParams.getAll("a"), ["1", "2"]);
  assertEquals(request.queryParams.get("b"), "?");
  assertEquals(seen({}).query, "");
  const client = new TestClient((received) => `${received.pathInfo} ${received.query}`);
  assertEquals(await (await client.get("/x?a=b?c")).text(), "/x a=b?c");
});

Deno.test("TWIG 8.4: headers are ordered and repeated", () => {
  const headers = new HeaderFields(
    ["accept", "cookie", "accept", "cookie", "x-empty"],
    ["a/b", "k=1", "c/d", "l=2", ""],
  );
  const request = seen({ headers });
  assertEquals([...request.headers].map(([name]) => name), [
    "accept",
    "cookie",
    "accept",
    "cookie",
    "x-empty",
  ]);
  assertEquals(request.get("Accept"), "a/b, c/d");
  assertEquals(request.get("COOKIE"), "k=1; l=2");
  assertEquals(request.headers.getAll("accept"), ["a/b", "c/d"]);
  assertEquals([request.get("x-empty"), request.has("X-Empty")], ["", true]);
  for (const name of ["x-none", "__proto__", "constructor"]) {
    assertEquals([request.get(name), request.has(name)], [undefined, false]);
  }
});

Deno.test("TWIG 8.4: headers of a request cannot be changed, those of a clone can", async () => {
  const client = new TestClient((request) => {
    const error = assertThrows(() => request.headers.set("x-a", "2"), ContractError);
    const headers = request.headers.clone();
    headers.set("x-a", "3");
    return `${error.code} ${request.get("x-a")} ${request.clone({ headers }).get("x-a")}`;
  });
  const answer = await client.get("/", { headers: { "x-a": "1" } });
  assertEquals(await answer.text(), "request-read-only 1 3");
});

Deno.test("TWIG 8.5: type and length of the body", () => {
  const headers = new HeaderFields(["content-type"], ["text/css"]);
  assertEquals(seen({ headers, bodyLength: 3 }).contentType, "text/css");
  assertEquals(seen({ bodyLength: 3 }).contentLength, 3);
  assertEquals([seen({}).contentType, seen({}).contentLength], ["", 0]);
  assertEquals(seen({ bodyLength: undefined }).contentLength, undefined);
});

Deno.test("TWIG 8.6: host, secure and url", () => {
  const head = { path: "/s/a%20b", query: "q=1", authority: "Example.org:8443" };
  const request = seen({ ...head, secure: true }, { prefixLength: 2 });
  assertEquals([request.host, request.secure], ["Example.org:8443", true]);
  assertEquals(request.url, "https://Example.org:8443/s/a%20b?q=1");
  assertEquals(seen(head).url, "http://Example.org:8443/s/a%20b?q=1");
  assertEquals(seen({ authority: "" }).url, "http://localhost/");
  assertEquals(seen({ path: "*" }).url, "http://localhost/");
  assertEquals(seen({ path: "//evil.example/x" }).url, "http://localhost//evil.example/x");
});

Deno.test("TWIG 8.7: both ends are known", () => {
  const { remote, server } = seen({});
  assertEquals(remote, { address: "192.0.2.1", host: "192.0.2.1", port: 4711, user: "" });
  assertEquals([server.name, server.address, server.port], ["localhost", "127.0.0.1", 8000]);
  assertEquals([server.protocol, server.software], ["HTTP/1.1", "archangel"]);
});

Deno.test("TWIG 8.8: the environment of a front end", () => {
  const plain = seen({});
  assertEquals([plain.env, plain.authType, plain.pathTranslated, plain.tls], [
    Object.create(null),
    "",
    undefined,
    undefined,
  ]);
  assertEquals(plain.authenticated, false);
  const env = { AUTH_TYPE: "Basic", PATH_TRANSLATED: "/srv/x", SSL_PROTOCOL: "TLSv1.3", SSL_CIPHER: "AES" };
  const fronted = seen({ env, secure: true });
  assertEquals([fronted.authType, fronted.pathTranslated], ["Basic", "/srv/x"]);
  assertEquals(fronted.tls, { protocol: "TLSv1.3", cipher: "AES" });
  assertEquals(seen({ env, secure: false }).tls, undefined);
  const user = fronted.clone({ remote: { ...fronted.remote, user: "ada" } });
  assertEquals([user.authenticated, fronted.authenticated], [true, false]);
});

Deno.test("TWIG 8.9: the gateway is TWIG 1.0", () => {
  assertEquals(seen({}).gateway, ["TWIG", [1, 0]]);
  assert(Object.isFrozen(seen({}).gateway));
});

Deno.test("TWIG 8.10: a request can be cloned with changes", () => {
  const head = { path: "/a/b", query: "q", authority: "one.test", headers: new HeaderFields(["x"], ["1"]) };
  const request = seen(head, { prefixLength: 2 });
  const inner = request.clone({ method: "PUT", scriptName: "/a/b", pathInfo: "", query: "" });
  assertEquals([inner.method, inner.scriptName, inner.pathInfo, inner.query], ["PUT", "/a/b", "", ""]);
  assertEquals([request.method, request.scriptName, request.pathInfo, request.query], [
    "GET",
    "/a",
    "/b",
    "q",
  ]);
  const again = inner.clone({ host: "two.test", secure: true, headers: new HeaderFields(["x"], ["2"]) });
  assertEquals([again.method, again.host, again.secure, again.get("x")], ["PUT", "two.test", true, "2"]);
  assertEquals([request.host, request.secure, request.get("x")], ["one.test", false, "1"]);
  assertStrictEquals(again.body, request.body);
  assertStrictEquals(again.signal, request.signal);
});
