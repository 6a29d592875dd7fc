import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  type App,
  ConnectionLost,
  type Exchange,
  type FetchApp,
  type FetchHandler,
  type FetchInfo,
  fromFetch,
  HttpError,
} from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";
import { record, type RecordOptions, settled } from "../support/recording_carrier.ts";

const get = (handler: FetchApp) => new TestClient(fromFetch(handler)).get("/");

Deno.test("fromFetch() takes a function, or a module with a fetch method", async () => {
  const module = {
    text: "from a method",
    fetch(): Response {
      return new Response(this.text);
    },
  };
  assertEquals(await (await get(module)).text(), "from a method");
  assertEquals(await (await get(async () => (await settled(), new Response("late")))).text(), "late");
  for (const wrong of [undefined, null, "x", {}]) {
    assertThrows(() => fromFetch(wrong as unknown as FetchApp), TypeError, "Cannot make an app");
  }
});

Deno.test("fromFetch() sends status, fields and body of a Response", async () => {
  const headers = new Headers({ "x-a": "1" });
  headers.append("set-cookie", "a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT");
  headers.append("set-cookie", "b=2");
  const answer = await get(() => new Response("text", { status: 201, headers }));
  assertEquals([answer.status, await answer.text()], [201, "text"]);
  assertEquals(answer.headers.get("x-a"), "1");
  assertEquals(answer.headers.get("content-length"), "4");
  assertEquals(answer.headers.getAll("set-cookie"), ["a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT", "b=2"]);
  const json = await get(() => Response.json({ a: 1 }));
  assertEquals([json.headers.get("content-type"), await json.json()], ["application/json", { a: 1 }]);
  const none = await get(() => new Response(null, { status: 204 }));
  assertEquals([none.status, await none.text()], [204, ""]);
});

Deno.test("fromFetch() sends the head of an answer whose stream waits", async () => {
  const more = Promise.withResolvers<void>();
  const { carrier } = record(fromFetch(() =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await more.promise;
          controller.enqueue(new TextEncoder().encode("late"));
          controller.close();
        },
      }, { highWaterMark: 0 }),
    )
  ));
  await settled();
  assertEquals(carrier.notes, ["head 200 unknown length", "flush"]);
  more.resolve();
  await carrier.over;
  assertEquals(carrier.sent, "late");
});

Deno.test("fromFetch() pulls a stream as the client takes it, and cancels it when the client goes away", async () => {
  let pulled = 0;
  const cancelled = Promise.withResolvers<void>();
  const { carrier, exchange } = record(
    fromFetch(() =>
      new Response(
        new ReadableStream({
          pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(100_000))),
          cancel: () => cancelled.resolve(),
        }),
      )
    ),
    { full: true },
  );
  await settled();
  await settled();
  const before = pulled;
  assertEquals(before <= 3, true, `${before} pulls`);
  exchange.abort("gone");
  carrier.makeRoom();
  await cancelled.promise;
});

Deno.test("fromFetch() cuts an answer whose stream fails", async () => {
  const answer = await get(() =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          controller.enqueue(new TextEncoder().encode("half"));
          await settled();
          controller.error(new Error("source failed"));
        },
      }),
    )
  );
  await answer.ended;
  await settled();
  assertEquals(answer.wasCut, true);
  assertEquals(answer.errors.map(String), ["Error: source failed"]);
});

Deno.test("fromFetch() answers 500 to what is no Response, or one that cannot be sent", async () => {
  const used = new Response("x");
  await used.text();
  const wrong = [undefined, "text", Response.error(), used];
  for (const result of wrong) {
    const answer = await get(() => result as Response);
    assertEquals([answer.status, answer.errors.length], [500, 1]);
  }
  const thrown = await get(() => {
    throw new Error("boom");
  });
  assertMatch(String(thrown.errors[0]), /boom/);
});

Deno.test("fromFetch() answers 400 to a path that its Request would show as another, also below a mount", async () => {
  const app = fromFetch((request) => new Response(new URL(request.url).pathname));
  for (const mount of ["", "/f"]) {
    const mounted: App = (request, response) =>
      app(request.clone({ scriptName: mount, pathInfo: request.pathInfo.slice(mount.length) }), response);
    for (const target of ["/f/%2e%2e/no", "/f/../no", "/f/%2E/no", "/f\\..\\no", "/f/..", "/f/..?a=b"]) {
      const answer = await new TestClient(mounted).get(target);
      assertEquals([answer.status, answer.errors], [400, []], target);
      assertMatch(await answer.text(), /dot segments or a backslash/);
    }
    const answer = await new TestClient(mounted).get("/f/.../.a?b=/../");
    assertEquals([answer.status, await answer.text()], [200, "/f/.../.a"]);
  }
});

Deno.test("fromFetch() tells the handler who the client is, and when the answer is complete", async () => {
  const seen = Promise.withResolvers<FetchInfo>();
  const answer = await get((_, info) => {
    seen.resolve(info);
    return new Response("x");
  });
  const info = await seen.promise;
  assertEquals(info.remoteAddr.transport, "tcp");
  assertEquals(info.remoteAddr.hostname, info.remote.address);
  await answer.ended;

  const lost = Promise.withResolvers<void>();
  let done: Promise<void> | undefined;
  const { exchange } = record(fromFetch((_, { completed }) => {
    done = completed;
    lost.resolve();
    return new Promise<Response>(() => {});
  }));
  await lost.promise;
  exchange.abort("gone");
  await assertRejects(() => done!, Error);

  for (const body of ["x", null]) {
    let completed: Promise<void> | undefined;
    await get((_, info) => {
      completed = info.completed;
      return new Response(body);
    });
    await completed;
  }
});

/** What becomes of `completed`, for a handler that asks for it at once and for one that asks at the end. */
async function outcomes(
  handler: FetchHandler,
  options: RecordOptions = {},
  meanwhile: (exchange: Exchange) => unknown = () => {},
): Promise<string[]> {
  const told: string[] = [];
  for (const early of [true, false]) {
    let asked: FetchInfo | undefined;
    const { exchange } = record(
      fromFetch((request, info) => {
        asked = info;
        if (early) void info.completed;
        return handler(request, info);
      }),
      options,
    );
    await settled();
    await meanwhile(exchange);
    await settled();
    const outcome = asked!.completed.then(() => "sent", (error) => String(error));
    told.push(await Promise.race([outcome, settled().then(() => "pending")]));
  }
  return told;
}

const twice = (outcome: string) => [outcome, outcome];

/** A stream that goes on for ever. */
const endless = () => ReadableStream.from(repeat("more"));

async function* repeat(text: string): AsyncGenerator<Uint8Array> {
  for (;; await settled()) yield new TextEncoder().encode(text);
}

Deno.test("fromFetch() tells a handler that its answer was sent, also if it asks late", async () => {
  assertEquals(await outcomes(() => new Response("x")), twice("sent"));
  assertEquals(await outcomes(() => new Response(null)), twice("sent"));
  const head = { head: { method: "HEAD" } };
  assertEquals(await outcomes(() => new Response("x"), head), twice("sent"));
  assertEquals(await outcomes(() => new Response(endless()), head), twice("sent"));
});

Deno.test("fromFetch() tells a handler that its answer was not sent, also if it asks late", async () => {
  const fails = () =>
    new Response(
      new ReadableStream({
        async pull(controller) {
          await settled();
          controller.error(new Error("source failed"));
        },
      }),
    );
  assertEquals(await outcomes(fails), twice("Error: source failed"));

  const gone = (exchange: Exchange) => exchange.abort("gone");
  for (const outcome of await outcomes(() => new Response(endless()), {}, gone)) {
    assertMatch(outcome, /^ConnectionLost: /);
  }
  const declared = { headers: { "content-length": "1" } };
  for (const outcome of await outcomes(() => new Response(endless(), declared))) {
    assertEquals(outcome, "Error: The answer ended before its stream did");
  }
  const cut = (exchange: Exchange) => exchange.cutShort();
  for (const outcome of await outcomes(() => new Response(endless()), {}, cut)) {
    assertMatch(outcome, /^(ConnectionLost|Error): /);
  }
});

Deno.test("fromFetch() tells a handler that its answer to HEAD was cut before the head", async () => {
  let completed: Promise<void> | undefined;
  const app = fromFetch((_, info) => {
    completed = info.completed;
    return new Response(endless());
  });
  const corked: App = (request, response) => (response.cork(), app(request, response));
  const { exchange } = record(corked, { head: { method: "HEAD" } });
  await settled();
  exchange.cutShort();
  await assertRejects(() => completed!, ConnectionLost, "was cut short");
});

Deno.test("fromFetch() tells a handler that its answer was cut, for it was shorter than declared", async () => {
  const declared = { headers: { "content-length": "9" } };
  for (const body of ["short", null, "streamed"]) {
    const streamed = () => new Blob(["short"]).stream();
    const handler = () => new Response(body === "streamed" ? streamed() : body, declared);
    assertEquals(await outcomes(handler), twice("ConnectionLost: The answer was cut short"), String(body));
  }
});

Deno.test("fromFetch() tells a handler that failed, or came too late, that its answer was not sent", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  for (const handler of [boom, () => Promise.reject(new Error("boom"))]) {
    assertEquals(await outcomes(handler), twice("Error: boom"));
  }
  const [none] = await outcomes(() => undefined as unknown as Response);
  assertMatch(none!, /has to return a Response/);

  let cancelled = 0;
  const late = async () => {
    await settled();
    await settled();
    return new Response(new ReadableStream({ cancel: () => void cancelled++ }));
  };
  const answered = async (exchange: Exchange) => {
    exchange.fail(new HttpError(408));
    await settled();
    await settled();
  };
  assertEquals(
    await outcomes(late, {}, answered),
    twice("Error: The answer came too late: there was another"),
  );
  assertEquals(cancelled, 2);
});
