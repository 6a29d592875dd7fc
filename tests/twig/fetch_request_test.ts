import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ConnectionLost, type FetchHandler, fromFetch } from "../../twig/mod.ts";
import { TestClient, type TestRequestInit } from "../../twig/testing.ts";
import { record } from "../support/recording_carrier.ts";

/** Sends one request; what the handler throws is thrown. */
async function ask(handler: FetchHandler, method = "GET", target = "/", init: TestRequestInit = {}) {
  const answer = await new TestClient(fromFetch(handler)).request(method, target, init);
  await answer.ended;
  if (answer.errors.length > 0) throw answer.errors[0];
  return answer;
}

const empty = () => new Response();

Deno.test("a handler gets a Request", async () => {
  await ask(
    (request) => {
      assertInstanceOf(request, Request);
      assertStrictEquals(request.constructor, Request);
      assertEquals(Object.prototype.toString.call(request), "[object Request]");
      assertEquals([request.method, request.url], ["GET", "http://localhost/a?b=c"]);
      assertEquals([request.headers.get("x-a"), request.headers.get("none")], ["1, 2", null]);
      assertStrictEquals(request.headers, request.headers);
      assertEquals([request.body, request.bodyUsed, request.signal.aborted], [null, false, false]);
      assertEquals([request.redirect, request.cache, request.keepalive], ["follow", "default", false]);
      return empty();
    },
    "GET",
    "/a?b=c",
    { headers: { "x-a": ["1", "2"] } },
  );
});

Deno.test("a Request has the lines of Cookie joined as cookies are", async () => {
  await ask(
    (request) => {
      assertEquals(request.headers.get("cookie"), "a=1; b=2; c=3");
      return empty();
    },
    "GET",
    "/",
    { headers: { cookie: ["a=1", "b=2", "c=3"] } },
  );
});

Deno.test("a Request of a handler can be copied, with its body and its changed fields", async () => {
  const copies: ((request: Request) => Request)[] = [
    (request) => request,
    (request) => request.clone(),
    (request) => new Request(request),
    (request) => new Request(request, { headers: request.headers }),
    (request) => new Request("http://localhost/p?q", request),
    (request) =>
      new Proxy(request, {
        get: (target, name) => {
          const value = Reflect.get(target, name);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
  ];
  for (const copy of copies) {
    await ask(
      async (request) => {
        request.headers.set("x-a", "changed");
        const copied = copy(request);
        assertEquals([copied.method, copied.url], ["POST", "http://localhost/p?q"]);
        assertEquals(copied.headers.get("x-a"), "changed");
        assertEquals(await copied.text(), "body", String(copy));
        assert(copied.bodyUsed);
        return empty();
      },
      "POST",
      "/p?q",
      { body: "body", headers: { "x-a": "1" } },
    );
  }
});

Deno.test("a Request of a handler is fetched like any other", async () => {
  await using origin = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    return new Response(`${request.method} ${request.headers.get("x-a")} ${await request.text()}`);
  });
  const answer = await ask(
    (request) => fetch(`http://127.0.0.1:${origin.addr.port}/`, request),
    "POST",
    "/",
    { body: "body", headers: { "x-a": "1" } },
  );
  assertEquals(await answer.text(), "POST 1 body");
});

Deno.test("the body of a handler's Request is read in every way, once", async () => {
  const text = `{"a":"ü"}`;
  const bytes = new TextEncoder().encode(text);
  const ways: ((request: Request) => Promise<unknown>)[] = [
    async (request) => assertEquals(await request.text(), text),
    async (request) => assertEquals(await request.json(), { a: "ü" }),
    async (request) => assertEquals(await request.bytes(), bytes),
    async (request) => assertEquals(new Uint8Array(await request.arrayBuffer()), bytes),
    async (request) => assertEquals(await (await request.blob()).text(), text),
    async (request) => assertEquals(await new Response(request.body).text(), text),
    async (request) => assertEquals((await Array.fromAsync(request.body!))[0], bytes),
  ];
  for (const [n, way] of ways.entries()) {
    // A stream that has ended may be iterated over: there is nothing more in it.
    for (const [m, again] of ways.slice(0, -1).entries()) {
      await ask(
        async (request) => {
          assertEquals(request.bodyUsed, false);
          await way(request);
          assertEquals(request.bodyUsed, true);
          await assertRejects(() => again(request), TypeError, undefined, `${n} then ${m}`);
          assertThrows(() => request.clone(), TypeError);
          assertThrows(() => new Request(request), TypeError);
          return empty();
        },
        "POST",
        "/",
        { body: text },
      );
    }
  }
});

Deno.test("a handler's Request may be read while its copy is", async () => {
  await ask(
    async (request) => {
      const copy = request.clone();
      assertEquals(await Promise.all([request.text(), copy.text()]), ["body", "body"]);
      return empty();
    },
    "POST",
    "/",
    { body: "body" },
  );
});

Deno.test("a malformed body is the SyntaxError that a handler expects", async () => {
  await ask(
    async (request) => {
      await assertRejects(() => request.json(), SyntaxError);
      return empty();
    },
    "POST",
    "/",
    { body: "{" },
  );
});

Deno.test("a Request without a body reads as empty", async () => {
  for (const method of ["GET", "HEAD", "POST"]) {
    await ask(
      async (request) => {
        assertEquals([await request.text(), request.bodyUsed], ["", false], method);
        assertEquals((await request.bytes()).length, 0);
        return empty();
      },
      method,
      "/",
    );
  }
});

Deno.test("a form is read", async () => {
  await ask(
    async (request) => {
      assertEquals([...await request.formData()], [["a", "1"], ["b", "2"]]);
      return empty();
    },
    "POST",
    "/",
    { body: "a=1&b=2", headers: { "content-type": "application/x-www-form-urlencoded" } },
  );
});

Deno.test("methods are as in a Request", async () => {
  for (const [sent, seen] of [["get", "GET"], ["PATCH", "PATCH"], ["patch", "patch"], ["QUERY", "QUERY"]]) {
    await ask((request) => {
      assertEquals(request.method, seen);
      return empty();
    }, sent!);
  }
  for (const method of ["TRACE", "CONNECT", "TRACK"]) {
    const answer = await new TestClient(fromFetch(empty)).request(method, "/");
    assertEquals(answer.status, 501);
  }
});

Deno.test("the signals of a Request and of its copy abort when the client goes away", () => {
  const signals: AbortSignal[] = [];
  const app = fromFetch((request) => {
    signals.push(request.signal, request.clone().signal);
    return new Promise<Response>(() => {});
  });
  const { exchange } = record(app);
  assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
  exchange.abort("gone");
  assertEquals(signals.map(({ reason }) => reason instanceof ConnectionLost), [true, true]);
});
