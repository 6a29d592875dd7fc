/** Sections 4, 6, 7, 9 and 10 of docs/twig.md: flow, clients that go away, errors, further means. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  type App,
  ConnectionLost,
  ContractError,
  HttpError,
  toFetch,
  type TwigRequest,
  type TwigResponse,
} from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";
import { record, type RecordingCarrier, settled } from "../support/recording_carrier.ts";

const get = (app: App) => new TestClient(app).get("/");

async function whole(app: App, options = {}): Promise<RecordingCarrier> {
  const { carrier } = record(app, options);
  await carrier.over;
  return carrier;
}

/** A file with this text, removed at the end. */
async function withFile(text: string, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

// 4. Flow

Deno.test("TWIG 4.1: the next chunk is pulled when the peer has room", async () => {
  let pulled = 0;
  function* plain() {
    for (; pulled < 10; pulled++) yield "x".repeat(70_000);
  }
  async function* waiting() {
    for (; pulled < 10; pulled++) yield await Promise.resolve("x".repeat(70_000));
  }
  for (const app of [plain, waiting]) {
    pulled = 0;
    const { carrier } = record(app, { full: true });
    await settled();
    assertEquals(pulled, 0);
    carrier.makeRoom();
    await carrier.over;
    assertEquals(pulled, 10);
    assertEquals(carrier.sent.length, 700_000);
  }
});

Deno.test("TWIG 4.2: chunks that are ready leave together", async () => {
  const parts = Array.from({ length: 200 }, (_, i) => `part ${i} `);
  const apps: App[] = [
    () => parts,
    async function* () {
      yield* parts;
    },
    async function* () {
      for (const part of parts) yield await Promise.resolve(part);
    },
  ];
  for (const app of apps) {
    const carrier = await whole(app);
    assertEquals(carrier.notes[0], `head 200 ${parts.join("").length}`);
    assertEquals(carrier.notes.includes("flush"), false);
    assertEquals(carrier.sent, parts.join(""));
  }
});

Deno.test("TWIG 4.2: apps that answer at once do not hold each other up", async () => {
  const waiting = record(async function* () {
    yield "waits";
    await settled();
    await settled();
  });
  const quick = await whole(async function* () {
    yield "quick";
  });
  assertEquals(quick.notes, ["head 200 5", "data quick", "end"]);
  await waiting.carrier.over;
});

Deno.test("TWIG 4.3: what is there leaves when the app waits", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { carrier } = record(async function* () {
    yield "event 1\n";
    yield "event 2\n";
    await promise;
    yield "event 3\n";
  });
  await settled();
  assertEquals(carrier.notes, ["head 200 unknown length", "data event 1\nevent 2\n", "flush"]);
  resolve();
  await carrier.over;
  assertEquals(carrier.notes.slice(3), ["data event 3\n", "end"]);
});

Deno.test("TWIG 4.3: an app that waits after a slow peer took its chunk is flushed too", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { carrier } = record(async function* () {
    yield "event 1\n";
    await promise;
  }, { full: true });
  await settled();
  carrier.makeRoom();
  await settled();
  assertEquals(carrier.notes, ["head 200 unknown length", "data event 1\n", "flush"]);
  resolve();
  await carrier.over;
});

Deno.test("TWIG 4.4: much is sent without waiting", async () => {
  const kib = "x".repeat(1024);
  let most = 0;
  function* chunks() {
    for (let i = 1; i <= 300; i++) {
      yield kib;
      most = Math.max(most, i * 1024 - carrier.sent.length);
    }
  }
  const { carrier } = record(() => Promise.resolve(chunks()));
  await carrier.over;
  assertEquals(carrier.sent.length, 300 * 1024);
  assert(most <= 65 * 1024, `${most} bytes were held back`);
  assert(most > 32 * 1024, `only ${most} bytes were held back`);
  const large = await whole(() => [new Uint8Array(16 * 1024 + 1), "x"]);
  assertEquals(large.notes[0], "head 200 unknown length");
});

Deno.test("TWIG 4.4: a large chunk leaves in pieces where others answer on the same wire", async () => {
  const large = "x".repeat(300_000);
  const bytes = new TextEncoder().encode(large);
  const apps: App[] = [() => large, () => bytes, function* () {
    yield bytes;
  }, async function* () {
    yield large;
  }];
  for (const app of apps) {
    const { carrier, exchange } = record(app, { shared: true, full: true });
    await settled();
    assertEquals(carrier.sent.length, 131_072);
    carrier.makeRoom();
    await carrier.over;
    assertEquals([carrier.sent, exchange.output.completed], [large, true]);
    // What an app yields may have more behind it; what it returns has not.
    const returned = app === apps[0] || app === apps[1];
    assertEquals(carrier.notes.slice(-2).map((note) => note.slice(0, 5)), [
      returned ? "data " : "flush",
      "end",
    ]);
    const gone = record(app, { shared: true, full: true });
    await settled();
    gone.exchange.abort("gone");
    gone.carrier.makeRoom();
    await settled();
    assertEquals(gone.carrier.sent.length, 131_072);
  }
  assertEquals((await whole(() => large, { shared: true })).notes[0], "head 200 300000");
  assertEquals((await whole(() => large)).notes[1], `data ${large}`);
});

Deno.test("TWIG 1.3: a large text leaves in pieces that cut no character", async () => {
  const large = "x" + "\u{1f600}".repeat(100_000);
  const carrier = await whole(() => large, { shared: true });
  assertEquals([carrier.notes[0], carrier.notes.at(-1)], ["head 200 400001", "end"]);
  assert(carrier.sent === large);
  assert(carrier.notes.length > 3);
});

Deno.test("TWIG 3.4: a large answer in pieces is no longer than declared, and cut if it is shorter", async () => {
  for (const [declared, end, sent] of [["200000", "end", 200_000], ["400000", "cut", 300_000]] as const) {
    const carrier = await whole((_, response) => {
      response.start(200, { "content-length": declared });
      return new Uint8Array(300_000);
    }, { shared: true });
    assertEquals([carrier.notes.at(-1), carrier.sent.length, carrier.errors.length], [end, sent, 1]);
  }
});

Deno.test("TWIG 4.5: cork() holds chunks while the app waits", async () => {
  const { carrier } = record(async function* (_request, response) {
    response.cork();
    yield "a";
    await settled();
    yield "b";
    await settled();
    assertEquals(carrier.notes, []);
    response.uncork();
    assertEquals(carrier.notes, ["head 200 unknown length", "data ab", "flush"]);
    response.cork();
    yield "c";
    await settled();
    yield "x".repeat(70_000);
    assertEquals(carrier.sent.length, 70_003);
    yield "d";
    await settled();
  });
  await carrier.over;
  assertEquals(carrier.notes.slice(-2), ["data d", "end"]);
  assertEquals(carrier.errors, []);
});

Deno.test("TWIG 4.6: a file is an answer", async () => {
  await withFile("0123456789", async (path) => {
    const cases: [App, string, string][] = [
      [(_, response) => response.file(path), "head 200 10", "0123456789"],
      [(_, response) => response.file(new URL(`file://${path}`)), "head 200 10", "0123456789"],
      [(_, response) => Promise.resolve(response.file(path, { start: 3 })), "head 200 7", "3456789"],
      [(_, response) => response.file(path, { start: 3, end: 5 }), "head 200 2", "34"],
      [(_, response) => response.file(path, { start: 3, end: 99 }), "head 200 7", "3456789"],
      [(_, response) => response.file(path, { start: 99 }), "head 200 0", ""],
    ];
    for (const [app, head, body] of cases) {
      const carrier = await whole(app);
      assertEquals([carrier.notes[0], carrier.sent, carrier.errors], [head, body, []]);
    }
    const mixed = await get(async function* (_request, response) {
      yield "<";
      yield* response.file(path);
      yield ">";
    });
    assertEquals(await mixed.text(), "<0123456789>");
    const head = await whole((_, response) => response.file(path), { head: { method: "HEAD" } });
    assertEquals(head.notes, ["head 200 10", "end"]);
  });
});

Deno.test("TWIG 4.6: a file is closed however the exchange ends", { sanitizeResources: true }, async () => {
  await withFile("x".repeat(600_000), async (path) => {
    const { carrier, exchange } = record((_, response) => response.file(path), { full: true });
    await settled();
    exchange.abort("gone");
    carrier.makeRoom();
    await settled();
    await whole((_, response) => (response.start(304), response.file(path)));
    await whole((_, response) => (response.start(200, { "content-length": "5" }), response.file(path)));
    const bad = await whole((_, response) => (response.start(200, { "bad name": "x" }), response.file(path)));
    assertEquals(bad.notes[0], "head 500 22");
    const late = record(async (_, response) => (await settled(), response.file(path)));
    late.exchange.abort("gone");
    await settled();
    await settled();
  });
});

Deno.test("TWIG 4.6: a file that cannot be opened is an error of the app", async () => {
  for (const path of ["/nonexistent/file", "/"]) {
    const carrier = await whole((_, response) => response.file(path));
    assertEquals([carrier.notes[0], carrier.errors.length], ["head 500 22", 1]);
  }
});

Deno.test("TWIG 4.7: an empty chunk lets the head go first", async () => {
  const more = Promise.withResolvers<void>();
  const { carrier } = record(async function* (_request, response) {
    response.start(200, { "content-type": "text/event-stream" });
    yield "";
    await more.promise;
    yield "data: 1\n\n";
  });
  await settled();
  assertEquals(carrier.notes, ["head 200 unknown length", "flush"]);
  more.resolve();
  await carrier.over;
  assertEquals(carrier.sent, "data: 1\n\n");
});

Deno.test("TWIG 4.7: an app that does not wait after it is known whole all the same", async () => {
  const answer = await get(async function* () {
    yield "";
    yield "all";
  });
  assertEquals(answer.headers.get("content-length"), "3");
});

// 6. A client that goes away

Deno.test("TWIG 6.1: the signal aborts", async () => {
  for (const early of [true, false]) {
    let signal: AbortSignal | undefined;
    const { exchange } = record(async (request) => {
      if (early) signal = request.signal;
      await settled();
      signal ??= request.signal;
    });
    assertEquals(signal?.aborted ?? false, false);
    exchange.abort("The socket was closed");
    await settled();
    await settled();
    assert(signal?.aborted);
    assert(signal.reason instanceof ConnectionLost);
  }
});

Deno.test("TWIG 6.1: the signal aborts and says why, whenever it is asked for, when the answer is cut", async () => {
  const cuts: App[] = [
    (_, response) => response.abort(),
    (_, response) => (response.start(200, { "content-length": "9" }), "short"),
    (_, response) => (response.start(200, { "content-length": "9" }), ["short"]),
    (_, response) => (response.trailers.set("x-bad", "\n"), "x"),
    async function* () {
      yield "half";
      await settled();
      throw new Error("late");
    },
  ];
  for (const app of cuts) {
    for (const early of [true, false]) {
      let seen: TwigRequest | undefined;
      const carrier = await whole((request, response) => {
        seen = request;
        if (early) void request.signal;
        return app(request, response);
      });
      assertEquals(carrier.notes.at(-1), "cut");
      const { aborted, reason } = seen!.signal;
      assertEquals([aborted, String(reason)], [true, "ConnectionLost: The answer was cut short"]);
      assert(reason instanceof ConnectionLost);
    }
  }
});

Deno.test("TWIG 6.1: a signal that is asked for late has the same reason", async () => {
  let seen: TwigRequest | undefined;
  const { exchange } = record((request) => {
    seen = request;
    return new Promise<string>(() => {});
  });
  exchange.abort("The socket was closed");
  assertEquals(String(seen!.signal.reason), "ConnectionLost: The socket was closed");
  await assertRejects(() => seen!.body.bytes(), ConnectionLost, "The socket was closed");
});

Deno.test("TWIG 6.2: the iterator is returned", async () => {
  const ended: string[] = [];
  const { exchange, carrier } = record(async function* (request) {
    try {
      yield "x";
      await new Promise((_, reject) =>
        request.signal.addEventListener("abort", () => reject(request.signal.reason))
      );
    } finally {
      ended.push("waiting");
    }
  });
  await settled();
  exchange.abort("gone");
  const busy = record(async function* () {
    try {
      for (;;) yield "x".repeat(70_000);
    } finally {
      ended.push("slow peer");
    }
  }, { full: true });
  await settled();
  busy.exchange.abort("gone");
  busy.carrier.makeRoom();
  const plain = record(function* () {
    try {
      for (;;) yield "x".repeat(70_000);
    } finally {
      ended.push("plain generator");
    }
  }, { full: true });
  plain.exchange.abort("gone");
  const own = record(() => ({
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: () => {
        ended.push("own iterator");
        return Promise.resolve({ done: true as const, value: undefined });
      },
    }),
  }));
  own.exchange.abort("gone");
  await settled();
  assertEquals(ended.toSorted(), ["own iterator", "plain generator", "slow peer", "waiting"]);
  assertEquals(carrier.errors, []);
  assertEquals(carrier.notes.at(-1), "flush");
});

Deno.test("TWIG 6.2: the iterator of an answer that an error replaces is returned", async () => {
  const ended: string[] = [];
  const failing: App[] = [
    async function* (_request, response) {
      try {
        response.start(200, { "bad name": "1" });
        yield "held until the app waits";
        await new Promise(() => {});
      } finally {
        ended.push("never");
      }
    },
    () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.resolve({ done: false, value: 1 as unknown as string }),
        return: () => {
          ended.push("a chunk that is none");
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    }),
    function* () {
      try {
        yield 1 as unknown as string;
      } finally {
        ended.push("a chunk that is none, of a plain generator");
      }
    },
    () => ({
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          ended.push("a body that stalled");
          return Promise.resolve({ done: true as const, value: undefined });
        },
      }),
    }),
  ];
  const { exchange, carrier } = record(failing[3] as App);
  exchange.fail(new HttpError(408));
  assertEquals(carrier.notes[0], "head 408 16");
  for (const app of failing.slice(0, 3)) assertEquals((await get(app)).status, 500);
  await settled();
  assertEquals(ended, [
    "a body that stalled",
    "a chunk that is none",
    "a chunk that is none, of a plain generator",
  ]);
});

Deno.test("TWIG 6.2: a plain generator that ends its own exchange is returned", async () => {
  const ended: string[] = [];
  const ends: Record<string, (response: TwigResponse) => void> = {
    "HEAD, uncorked": (response) => response.uncork(),
    "a bad field": (response) => {
      response.headers.set("x-a", "\n");
      response.uncork();
    },
    "abort": (response) => response.abort(),
  };
  for (const [name, end] of Object.entries(ends)) {
    const { carrier } = record(function* (_request, response) {
      try {
        response.cork();
        yield "a";
        end(response);
        yield "b";
      } finally {
        ended.push(name);
      }
    }, { head: { method: name.startsWith("HEAD") ? "HEAD" : "GET" } });
    await carrier.over;
    assertEquals(carrier.errors.length, name === "a bad field" ? 1 : 0);
  }
  assertEquals(ended, Object.keys(ends));
});

Deno.test("TWIG 6.3: a pending read throws", async () => {
  const caught = Promise.withResolvers<unknown>();
  const { exchange } = record(async (request) => {
    await request.body.text().catch(caught.resolve);
  }, { head: { method: "POST", bodyLength: 5 } });
  exchange.abort("gone");
  const error = await caught.promise;
  assert(error instanceof ConnectionLost);
  await assertRejects(() => Promise.reject(error), ConnectionLost, "gone");
});

Deno.test("TWIG 6.4: a late answer is dropped", async () => {
  let ended = false;
  const answers: App[] = [
    () => settled().then(() => "late"),
    () => settled().then(() => ["late"]),
    () => settled().then(() => ReadableStream.from(["late"])),
    (request) => settled().then(() => Promise.reject(request.signal.reason)),
    async (_request, response) => {
      await settled();
      response.uncork();
      return null;
    },
    async function* () {
      try {
        await settled();
        yield "late";
      } finally {
        ended = true;
      }
    },
  ];
  for (const app of answers) {
    const { exchange, carrier } = record(app);
    exchange.abort("gone");
    await settled();
    await settled();
    assertEquals([carrier.notes, carrier.errors], [[], []]);
  }
  assert(ended);
});

Deno.test("TWIG 6.4: a late head is dropped", async () => {
  const { exchange, carrier } = record(async (_, response) => {
    await settled();
    response.informational(103, { link: "</a>" });
    response.start(404, { "x-late": "1" });
    response.headers.set("x-later", "2");
    response.status = 500;
    return "late";
  });
  exchange.abort("gone");
  await settled();
  await settled();
  assertEquals([carrier.errors, carrier.notes], [[], []]);
});

Deno.test("TWIG 6.4: a late iterator is ended and not begun", async () => {
  const calls: string[] = [];
  const call = (name: string) => {
    calls.push(name);
    return Promise.resolve({ done: true as const, value: undefined });
  };
  const iterator = { next: () => call("next"), return: () => call("return") };
  const { exchange } = record(() => settled().then(() => ({ [Symbol.asyncIterator]: () => iterator })));
  exchange.abort("gone");
  await settled();
  await settled();
  assertEquals(calls, ["return"]);
});

Deno.test("TWIG 6.4: the stream of a late web-standard answer is cancelled", async () => {
  const { fromFetch } = await import("../../twig/mod.ts");
  const cancelled = Promise.withResolvers<void>();
  const { exchange } = record(fromFetch(async () => {
    await settled();
    return new Response(new ReadableStream({ cancel: () => cancelled.resolve() }));
  }));
  exchange.abort("gone");
  await cancelled.promise;
});

Deno.test("TWIG 6.5: the signal of a completed answer stays quiet", async () => {
  let signal: AbortSignal | undefined;
  const { exchange, carrier } = record((request) => {
    signal = request.signal;
    return "x";
  });
  await carrier.over;
  exchange.abort("gone");
  assertEquals(signal?.aborted, false);
});

// 7. Errors

const boom: App = () => {
  throw new Error("secret");
};

Deno.test("TWIG 7.1: an error before the head is a 500", async () => {
  const failing: App[] = [
    boom,
    () => Promise.reject(new Error("secret")),
    function* (_request, response) {
      response.start(200, { "x-half": "1" });
      yield "half";
      throw new Error("secret");
    },
    async function* () {
      yield "half";
      throw new Error("secret");
    },
    async function* (_request, response) {
      response.cork();
      yield "half";
      await settled();
      throw new Error("secret");
    },
  ];
  for (const app of failing) {
    const answer = await get(app);
    assertEquals(answer.status, 500);
    assertEquals(await answer.text(), "Internal Server Error\n");
    assertEquals([...answer.headers].map(([name]) => name), ["content-type", "content-length"]);
    assertEquals(answer.errors.length, 1);
    assertMatch(String(answer.errors[0]), /secret/);
  }
});

Deno.test("TWIG 7.1: nothing of the failed answer is in the 500, its trailers neither", async () => {
  const half: App = function* () {
    yield "half";
    throw new Error("secret");
  };
  for (const failing of [boom, half]) {
    const carrier = await whole((request, response) => {
      response.trailers.set("x-sum", "1");
      response.headers.set("x-half", "1");
      return failing(request, response);
    });
    assertEquals(carrier.notes, ["head 500 22", "data Internal Server Error\n", "end"]);
    assertEquals(carrier.fields, "content-type: text/plain; charset=utf-8\r\n");
  }
});

Deno.test("TWIG 7.2: development shows the error", async () => {
  const answer = await new TestClient(boom, { development: true }).get("/");
  assertEquals(answer.status, 500);
  assertEquals(answer.headers.get("content-type"), "text/plain; charset=utf-8");
  assertMatch(await answer.text(), /Error: secret\n\s+at .*rules_flow_test/);
  const chosen = await new TestClient(() => Promise.reject(new HttpError(404, "Not here")), {
    development: true,
  })
    .get("/");
  assertEquals(await chosen.text(), "Not here\n");
});

Deno.test("TWIG 7.3: an HttpError chooses its answer", async () => {
  const answer = await get(() => {
    throw new HttpError(405, "Only GET here", { Allow: "GET", "Content-Type": "text/html" });
  });
  assertEquals([answer.status, answer.headers.get("allow")], [405, "GET"]);
  assertEquals(answer.headers.getAll("content-type"), ["text/plain; charset=utf-8"]);
  assertEquals(await answer.text(), "Only GET here\n");
  assertEquals(answer.errors, []);
  const plain = await get(() => Promise.reject(new HttpError(503)));
  assertEquals([plain.status, await plain.text()], [503, "Service Unavailable\n"]);
  const own = await get(() => Promise.reject(new HttpError(500, "Try later")));
  assertEquals([own.status, await own.text(), own.errors.length], [500, "Try later\n", 1]);
  for (const status of [200, 399, 600, 404.5]) assertThrows(() => new HttpError(status), RangeError);
});

Deno.test("TWIG 7.3: an HttpError of another copy of the module chooses its answer, too", async () => {
  const copy = new URL("../../twig/errors.ts?another", import.meta.url).href;
  const other: { HttpError: typeof HttpError } = await import(copy);
  const error = new other.HttpError(405, "Only GET here", { allow: "GET" });
  assertEquals(error instanceof HttpError, false);
  const answer = await get(() => Promise.reject(error));
  assertEquals([answer.status, answer.headers.get("allow")], [405, "GET"]);
  assertEquals([await answer.text(), answer.errors], ["Only GET here\n", []]);
  for (const changes of [{ status: 200 }, { status: "405" }, { headers: null }, { name: "HTTPError" }]) {
    assertEquals((await get(() => Promise.reject(Object.assign(new Error(), error, changes)))).status, 500);
  }
});

Deno.test("TWIG 7.3: an HttpError with malformed fields is a plain 500", async () => {
  const carrier = await whole(() => {
    throw new HttpError(400, "No", { "x-bad": "\r\n" });
  });
  assertEquals([carrier.notes[0], carrier.sent], ["head 500 22", "Internal Server Error\n"]);
});

Deno.test("TWIG 7.3: an HttpError with fields that no type allows is answered all the same", async () => {
  const untyped = (fields: unknown) => new HttpError(503, "", fields as Record<string, string>);
  for (const app of apps(untyped({ "retry-after": 5, "x-none": undefined }))) {
    const { carrier } = record(app);
    await carrier.over;
    assertEquals(carrier.notes[0], "head 503 20");
    assertMatch(carrier.fields, /^retry-after: 5\r\n/);
  }
  for (const app of apps(untyped([5]))) {
    const { carrier } = record(app);
    await carrier.over;
    assertEquals(carrier.notes[0], "head 500 22");
    assertEquals(carrier.errors.length, 1);
  }

  function apps(error: HttpError): App[] {
    return [
      () => {
        throw error;
      },
      () => Promise.reject(error),
      // deno-lint-ignore require-yield
      async function* () {
        throw error;
      },
    ];
  }
});

Deno.test("TWIG 7.4: an error after the head cuts the answer", async () => {
  for (const error of [new Error("late"), new HttpError(404, "late")]) {
    const carrier = await whole(async function* () {
      yield "half";
      await settled();
      throw error;
    });
    assertEquals(carrier.notes, ["head 200 unknown length", "data half", "flush", "cut"]);
    assertEquals(carrier.errors, [error]);
  }
});

Deno.test("TWIG 7.5: abort() cuts the answer", async () => {
  let ended = 0;
  const early = await whole((_, response) => (response.abort(), "x"));
  assertEquals(early.notes, ["cut"]);
  const apps: App[] = [
    async function* (_request, response) {
      try {
        yield "half";
        await settled();
        response.abort();
        yield "more";
        yield "and more";
      } finally {
        ended++;
      }
    },
    function* (_request, response) {
      try {
        yield "x".repeat(70_000);
        response.abort();
        yield "more";
        yield "and more";
      } finally {
        ended++;
      }
    },
  ];
  for (const app of apps) {
    const carrier = await whole(app);
    await settled();
    assertEquals([carrier.notes.at(-1), carrier.sent.includes("more"), carrier.errors], ["cut", false, []]);
  }
  assertEquals(ended, 2);
});

Deno.test("TWIG 7.6: an error after the end is reported", async () => {
  const failure = new Error("in finally");
  const { carrier, exchange } = record(async function* () {
    try {
      yield "x";
      await settled();
      yield "y";
    } finally {
      await Promise.reject(failure);
    }
  });
  exchange.abort("gone");
  await settled();
  await settled();
  assertEquals(carrier.errors, [failure]);
});

// 9. Further means

Deno.test("TWIG 9.1: interim answers leave at once", async () => {
  const { carrier } = record(async (_request, response) => {
    response.informational(103, { link: "</a.css>; rel=preload" });
    await settled();
    for (const status of [100, 101, 200, 102.5]) {
      assertEquals(assertThrows(() => response.informational(status), ContractError).code, "bad-status");
    }
    return "x";
  });
  assertEquals(carrier.notes, ["informational 103 link: </a.css>; rel=preload"]);
  await carrier.over;
  assertEquals(carrier.errors, []);
});

Deno.test("TWIG 9.2: an app may ask to close the connection", async () => {
  const carrier = await whole((_, response) => (response.close(), "x"));
  assertEquals(carrier.notes, ["close after", "head 200 1", "data x", "end"]);
});

// 10. Everywhere the same

Deno.test("TWIG 10.1: an app answers alike behind every carrier", async () => {
  const app: App = async function* (request, response) {
    response.start(207, { "x-a": ["1", "2"], "content-type": "text/css" });
    yield `${request.method} ${request.pathInfo}?${request.query} `;
    yield await request.body.text();
  };
  const init = { headers: { "content-type": "text/plain" }, body: "béd" };
  const tested = await new TestClient(app).request("POST", "/a%20b?q=1", init);
  const fetched = await toFetch(app)(new Request("http://localhost/a%20b?q=1", { method: "POST", ...init }));
  assertEquals(fetched.status, tested.status);
  assertEquals(fetched.headers.get("x-a"), tested.headers.get("x-a"));
  assertEquals(fetched.headers.get("content-type"), tested.headers.get("content-type"));
  const text = await tested.text();
  assertEquals(text, "POST /a%20b?q=1 béd");
  assertStrictEquals(await fetched.text(), text);
});
