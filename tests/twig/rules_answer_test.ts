/** Sections 1 to 3 of docs/twig.md: the app, the head, framing. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { type App, ContractError, type Middleware, type TwigResponse } from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";
import { record, type RecordingCarrier, settled } from "../support/recording_carrier.ts";

const get = (app: App) => new TestClient(app).get("/");
const text = async (app: App) => await (await get(app)).text();

/** The codes of the contract errors that were reported. */
function codes(from: { readonly errors: readonly unknown[] }): string[] {
  return from.errors.map((error) => error instanceof ContractError ? error.code : String(error));
}

/** Runs an app to its end. */
async function whole(app: App, head = {}): Promise<RecordingCarrier> {
  const { carrier } = record(app, { head });
  await carrier.over;
  return carrier;
}

/** Answers with a promise that the test keeps. */
function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  const { resolve, promise } = Promise.withResolvers<void>();
  return { open: resolve, passed: promise };
}

// 1. The app

Deno.test("TWIG 1.1: an answer may be promised", async () => {
  assertEquals(await text(() => "now"), "now");
  assertEquals(await text(() => Promise.resolve("later")), "later");
  assertEquals(await text(async () => await Promise.resolve(["la", "ter"])), "later");
  const later = Promise.resolve("found");
  const query: PromiseLike<string> = { then: (...steps) => later.then(...steps) };
  assertEquals(await text(() => query), "found");
});

Deno.test("TWIG 1.1: what only looks like a promise may resolve to another, and is heard once", async () => {
  const thenable = (...values: unknown[]) => ({
    then(resolve: (value: unknown) => void) {
      for (const value of values) resolve(value);
    },
  });
  const answered = (...values: unknown[]) => text((() => thenable(...values)) as unknown as App);
  assertEquals(await answered(Promise.resolve("promise")), "promise");
  assertEquals(await answered(thenable("thenable")), "thenable");
  let pulled = 0;
  const counted = function* () {
    pulled++;
    yield "second";
  };
  assertEquals(await answered("first", counted()), "first");
  assertEquals(await answered(["first"], counted()), "first");
  assertEquals(pulled, 0);
});

Deno.test("TWIG 1.2: an answer is nothing, a chunk, or an iterator of chunks", async () => {
  assertEquals(await text(() => {}), "");
  assertEquals(await text(() => null), "");
  assertEquals(await text(() => "text"), "text");
  assertEquals(await text(() => new Uint8Array([98, 105])), "bi");
  assertEquals(await text(() => ["a", new Uint8Array([98])]), "ab");
  assertEquals(await text(() => new Set(["a", "b"])), "ab");
  assertEquals(
    await text(function* () {
      yield "plain ";
      yield "generator";
    }),
    "plain generator",
  );
  assertEquals(
    await text(async function* () {
      yield "async ";
      await settled();
      yield "generator";
    }),
    "async generator",
  );
  assertEquals(await text(() => new Blob(["stream"]).stream()), "stream");
});

Deno.test("TWIG 1.3: a chunk is bytes, or text sent as UTF-8", async () => {
  const answer = await get(() => ["é€", new Uint8Array([0, 255]), "😀"]);
  assertEquals([...await answer.bytes()], [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0, 255, 0xf0, 0x9f, 0x98, 0x80]);
});

Deno.test("TWIG 1.3: a character whose halves come in two chunks stays whole, also if the first has to leave", async () => {
  const carrier = await whole(async function* () {
    yield "a\ud83d";
    await settled();
    yield "\ude00b\ud83d";
    await settled();
    yield "";
    await settled();
    yield "\ude00";
    await settled();
    yield "\ud83d";
    await settled();
    yield "c\ud83d";
    await settled();
    yield new Uint8Array([100]);
    yield "\ud83d";
  });
  assertEquals(carrier.sent, "a\u{1f600}b\u{1f600}\ufffdc\ufffdd\ufffd");
  assertEquals(carrier.notes.filter((note) => note === "data " || note.startsWith("data \ufffd")), [
    "data \ufffdc",
    "data \ufffd",
    "data \ufffd",
  ]);
});

Deno.test("TWIG 1.4: an empty chunk sends nothing", async () => {
  const { open, passed } = gate();
  const { carrier } = record(async function* () {
    yield "x";
    yield "";
    yield new Uint8Array(0);
    await passed;
    yield "";
    await settled();
  });
  await settled();
  assertEquals(carrier.notes, ["head 200 unknown length", "data x", "flush"]);
  open();
  await carrier.over;
  assertEquals(carrier.notes, ["head 200 unknown length", "data x", "flush", "end"]);
});

Deno.test("TWIG 1.5: other answers and chunks are contract errors", async () => {
  for (const answer of [42, true, {}, () => "x", Symbol("x"), new Response("x"), new ArrayBuffer(1)]) {
    for (const app of [() => answer, () => Promise.resolve(answer)]) {
      const carrier = await whole(app as unknown as App);
      assertEquals(carrier.notes[0], "head 500 22");
      assertEquals(codes(carrier), ["bad-answer"], String(answer));
    }
  }
  const hint = async (answer: unknown) => String((await whole((() => answer) as App)).errors[0]);
  assertMatch(
    await hint(new Response("x")),
    /not Response; .* mounted with fetch, or wrapped by fromFetch\(\)$/,
  );
  assertMatch(await hint({ a: 1 }), /not Object; as JSON it is JSON\.stringify\(answer\)$/);
  assertMatch(await hint(Object.create(null)), /not object$/);
  assertMatch(await hint(42), /not number$/);
  for (const chunk of [42, null, undefined, {}, ["a"], new Uint16Array(2)]) {
    for (const app of [() => [chunk], () => ReadableStream.from([chunk])]) {
      const carrier = await whole(app as unknown as App);
      assertEquals(carrier.notes[0], "head 500 22");
      assertEquals(codes(carrier), ["bad-chunk"], String(chunk));
    }
  }
});

/** Bytes that look empty, for their memory has grown elsewhere. */
function goneBytes(): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 2 });
  const bytes = new Uint8Array(memory.buffer, 0, 100);
  memory.grow(1);
  return bytes;
}

Deno.test("TWIG 1.5: bytes whose memory is gone are a contract error, and no empty answer", async () => {
  const apps: App[] = [() => goneBytes(), () => [goneBytes()], () => ReadableStream.from([goneBytes()])];
  for (const app of apps) {
    for (const head of [{}, { method: "HEAD" }, { bodyLength: 1 }]) {
      const carrier = await whole(app, head);
      assertEquals(carrier.notes[0], "head 500 22");
      assertEquals(codes(carrier), ["bad-chunk"]);
    }
  }
});

Deno.test("TWIG 1.6: a yielded buffer may be used again", async () => {
  for (const size of [1, 1000, 20_000, 100_000]) {
    const answer = await get(function* () {
      const buffer = new Uint8Array(size);
      for (const letter of [97, 98, 99]) yield buffer.fill(letter);
    });
    const body = await answer.text();
    assertEquals([body.length, body[0], body[size], body[2 * size]], [3 * size, "a", "b", "c"]);
  }
});

Deno.test("TWIG 1.6: a Buffer may be used again, too, whose slice() is a view", async () => {
  const body = await text(function* () {
    const buffer = Buffer.alloc(3);
    for (const letter of "abc") yield buffer.fill(letter);
  });
  assertEquals(body, "aaabbbccc");
});

Deno.test("TWIG 1.6: a large yielded buffer is pulled again only when it is written", async () => {
  let pulled = 0;
  const { carrier } = record(function* () {
    for (; pulled < 3; pulled++) yield new Uint8Array(20_000);
  }, { full: true });
  assertEquals(pulled, 0);
  assertEquals(carrier.waitedForAll, 1);
  carrier.makeRoom();
  await carrier.over;
  assertEquals(pulled, 3);
});

Deno.test("TWIG 1.7: middleware is a function from app to app", async () => {
  const shouting: Middleware = (app) => async (request, response) => {
    const answer = await app(request, response);
    response.headers.set("x-volume", "loud");
    return String(answer).toUpperCase();
  };
  const answer = await get(shouting((request) => `hello ${request.pathInfo}`));
  assertEquals(await answer.text(), "HELLO /");
  assertEquals(answer.headers.get("x-volume"), "loud");
});

// 2. The head

Deno.test("TWIG 2.1: start() sends nothing", async () => {
  const { open, passed } = gate();
  const { carrier } = record(async function* (_request, response) {
    response.start(202);
    await passed;
    yield "body";
    await settled();
    yield "more";
  });
  await settled();
  assertEquals(carrier.notes, []);
  open();
  await carrier.over;
  assertEquals(carrier.notes.slice(0, 3), ["head 202 unknown length", "data body", "flush"]);
});

Deno.test("TWIG 2.2: the status is 200 by default", async () => {
  assertEquals((await get(() => "x")).status, 200);
  assertEquals((await get(() => undefined)).status, 200);
  assertEquals((await get((_, response) => String(response.status))).status, 200);
});

Deno.test("TWIG 2.3: start() replaces the head", async () => {
  const answer = await get((_request, response) => {
    response.start(500, { "x-old": "1", "x-both": "old" });
    response.headers.set("x-set", "1");
    response.start(404, { "x-both": "new" });
    return "x";
  });
  assertEquals(answer.status, 404);
  assertEquals([answer.headers.get("x-old"), answer.headers.get("x-set")], [undefined, undefined]);
  assertEquals(answer.headers.get("x-both"), "new");
});

Deno.test("TWIG 2.3: fields that can be read but once are all sent", async () => {
  const fields = () => new Map([["content-length", "9"], ["Set-Cookie", "s=1"]]);
  for (const init of [fields().entries(), fields(), Object.entries(Object.fromEntries(fields()))]) {
    const carrier = await whole((_, response) => (response.start(403, init), ["forbidden"]));
    assertEquals([carrier.notes[0], carrier.fields.split("\r\n")[0]], ["head 403 9", "set-cookie: s=1"]);
  }
  const short = await whole((_, response) => (response.start(403, fields().entries()), "short"));
  assertEquals(short.notes, ["head 403 9", "data short", "cut"]);
  assertMatch(short.fields, /^set-cookie: s=1\r\n/);
  const shown = await whole((_, response) => {
    response.start(200, fields().entries());
    response.headers.delete("content-length");
    return response.headers.get("set-cookie");
  });
  assertEquals([shown.notes[0], shown.sent], ["head 200 3", "s=1"]);
});

Deno.test("TWIG 2.4: the head may change until it leaves", async () => {
  const answer = await get(async function* (_request, response) {
    response.start(200, { etag: '"1"', "x-gone": "1" });
    await settled();
    assert(!response.headSent);
    assertEquals(response.headers.get("ETag"), '"1"');
    response.status = 203;
    response.headers.delete("x-gone");
    response.headers.append("vary", "accept");
    yield "x";
    assertEquals(response.status, 203);
  });
  assertEquals(answer.status, 203);
  assertEquals([...answer.headers].map(([name]) => name).slice(0, 2), ["etag", "vary"]);
});

Deno.test("TWIG 2.5: clear() drops head and chunks", async () => {
  const answer = await get(async function* (_request, response) {
    response.cork();
    response.start(200, { "x-half": "1" });
    response.trailers.set("x-trailer", "1");
    yield "half a page";
    await settled();
    response.clear();
    assertEquals(response.status, 200);
    response.start(503, { "retry-after": "9" });
    yield "sorry";
  });
  assertEquals(answer.status, 503);
  assertEquals(await answer.text(), "sorry");
  assertEquals(answer.headers.has("x-half"), false);
  assertEquals(answer.trailers.size, 0);
});

Deno.test("TWIG 2.6: the head cannot change once it has left", async () => {
  const attempts: Record<string, (response: TwigResponse, kept: TwigResponse["headers"]) => void> = {
    start: (response) => response.start(500),
    status: (response) => response.status = 500,
    set: (response) => response.headers.set("x-late", "1"),
    append: (response) => response.headers.append("x-late", "1"),
    delete: (response) => response.headers.delete("x-early"),
    "set of headers taken before": (_response, kept) => kept.set("x-late", "1"),
    clear: (response) => response.clear(),
    informational: (response) => response.informational(103, {}),
  };
  for (const [name, attempt] of Object.entries(attempts)) {
    for (const touchEarly of [true, false]) {
      const answer = await get(async function* (_request, response) {
        response.start(200, { "x-early": "1" });
        const kept = touchEarly ? response.headers : undefined;
        yield "a";
        await settled();
        assert(response.headSent);
        const error = assertThrows(
          () => attempt(response, kept ?? response.headers),
          ContractError,
          "",
          name,
        );
        assertEquals(error.code, "head-already-sent");
        assertEquals(response.headers.get("x-early"), "1");
        yield "b";
      });
      assertEquals(await answer.text(), "ab", name);
      assertEquals(answer.errors, []);
    }
  }
});

Deno.test("TWIG 2.7: a status is 200 to 999", async () => {
  const answer = await get((_request, response) => {
    for (const status of [0, 100, 101, 199, 1000, 200.5, NaN, "200" as unknown as number]) {
      assertEquals(assertThrows(() => response.start(status), ContractError).code, "bad-status");
      assertEquals(assertThrows(() => response.status = status, ContractError).code, "bad-status");
    }
    assertMatch(assertThrows(() => response.start(101), ContractError).message, /WebSocket/);
    response.status = 999;
    response.start(299);
    return "x";
  });
  assertEquals(answer.status, 299);
});

Deno.test("TWIG 2.8: a malformed header field is never sent", async () => {
  const bad: [string, string][] = [
    ["x-a", "1\r\nx-b: 2"],
    ["x-a", "1\n"],
    ["x-a", "\0"],
    ["x-a", "\x7f"],
    ["x-a", "€"],
    ["x a", "1"],
    ["x-a:", "1"],
    ["x-a\r\nx-b", "1"],
    ["", "1"],
  ];
  for (const [name, value] of bad) {
    for (const app of [startWith, setOn]) {
      const carrier = await whole(app(name, value));
      assertEquals(carrier.notes[0], "head 500 22");
      assertEquals(carrier.fields, "content-type: text/plain; charset=utf-8\r\n");
      assertMatch(codes(carrier).join(), /^bad-field-(name|value)$/);
    }
  }
  const good = await whole(startWith("x-a", "tab\t, space and \xe9"));
  assertEquals(good.fields, "x-good: 1\r\nx-a: tab\t, space and \xe9\r\n");

  function startWith(name: string, value: string): App {
    return function* (_request, response) {
      response.start(200, [["x-good", "1"], [name, value]]);
      yield new Uint8Array(1);
    };
  }
  function setOn(name: string, value: string): App {
    return (_request, response) => response.headers.set(name, value);
  }
});

Deno.test("TWIG 2.9: fields of the connection are left out", async () => {
  const carrier = await whole((_request, response) => {
    const names = ["Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Upgrade"];
    response.start(200, [...names.map((name) => [name, "x"] as const), ["x-stays", "1"]]);
  });
  assertEquals(carrier.fields, "x-stays: 1\r\n");
  assertEquals(carrier.errors, []);
});

Deno.test("TWIG 2.10: repeated fields stay apart and in order", async () => {
  const apart = ["x-first: 1\r\n", "set-cookie: a=1\r\n", "set-cookie: b=2\r\n", "x-last: 1\r\n"].join("");
  const web = new Headers([["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
  const forms: App[] = [
    (_, response) => response.start(200, { "x-first": "1", "Set-Cookie": ["a=1", "b=2"], "x-last": "1" }),
    (_, response) =>
      response.start(200, [["X-First", "1"], ["set-cookie", "a=1"], ["SET-COOKIE", "b=2"], ["x-last", "1"]]),
    (_, response) => {
      response.start(200, { "x-first": "1" });
      for (const [name, value] of web) response.headers.append(name, value);
      response.headers.set("x-last", "1");
    },
  ];
  for (const app of forms) assertEquals((await whole(app)).fields, apart);
  assertEquals(
    (await whole((_, response) => response.start(200, web))).fields,
    "set-cookie: a=1\r\nset-cookie: b=2\r\n",
  );
});

Deno.test("TWIG 2.11: text without a type is text/plain", async () => {
  const typeOf = async (app: App) => (await get(app)).headers.get("content-type");
  assertEquals(await typeOf(() => "text"), "text/plain; charset=utf-8");
  assertEquals(await typeOf(() => ["text", new Uint8Array(1)]), "text/plain; charset=utf-8");
  assertEquals(await typeOf(() => new Uint8Array(1)), undefined);
  assertEquals(await typeOf(() => [new Uint8Array(1), "text"]), undefined);
  assertEquals(await typeOf(() => {}), undefined);
  assertEquals(
    await typeOf((_, response) => (response.start(200, { "Content-Type": "text/css" }), "text")),
    "text/css",
  );
  for (const status of [204, 304]) {
    for (const answer of ["text", ["text"]]) {
      assertEquals(await typeOf((_, response) => (response.start(status), answer)), undefined);
    }
  }
});

// 3. Framing

Deno.test("TWIG 3.1: an answer known whole has a length", async () => {
  const apps: App[] = [
    () => "héllo",
    () => Promise.resolve("héllo"),
    () => ["h", "éll", "o"],
    async function* () {
      for (const letter of "héllo") yield letter;
    },
    async function* (_request, response) {
      response.cork();
      yield "hé";
      await settled();
      yield "llo";
    },
  ];
  for (const app of apps) {
    const carrier = await whole(app);
    assertEquals(carrier.notes[0], "head 200 6");
    assertEquals(carrier.sent, "héllo");
  }
  assertEquals((await whole(() => {})).notes, ["head 200 0", "end"]);
});

Deno.test("TWIG 3.2: an answer that waits has no length", async () => {
  const carrier = await whole(async function* () {
    yield "a";
    await settled();
    yield "b";
  });
  assertEquals(carrier.notes, ["head 200 unknown length", "data a", "flush", "data b", "end"]);
});

Deno.test("TWIG 3.3: a declared length is kept", async () => {
  const carrier = await whole(async function* (_request, response) {
    response.start(200, { "Content-Length": "4" });
    yield "a";
    await settled();
    yield "bcd";
  });
  assertEquals(carrier.notes, ["head 200 4", "data a", "flush", "data bcd", "end"]);
  assertEquals(carrier.fields.includes("content-length"), false);
});

Deno.test("TWIG 3.4: more than declared is not sent", async () => {
  let stopped = 0;
  const tooMuch: ((late: boolean) => App)[] = [
    () => (_, response) => (response.start(200, { "content-length": "5" }), "helloworld"),
    () => (_, response) => (response.start(200, { "content-length": "5" }), ["hel", "low", "orld"]),
    (late) =>
      async function* (_request, response) {
        try {
          response.start(200, { "content-length": "5" });
          yield "hel";
          if (late) await settled();
          yield "lowo";
          await settled();
          yield "rld";
        } finally {
          stopped++;
        }
      },
  ];
  for (const app of tooMuch) {
    for (const late of [false, true]) {
      const carrier = await whole(app(late));
      assertEquals(carrier.notes[0], "head 200 5");
      assertEquals([carrier.sent, carrier.notes.at(-1)], ["hello", "end"]);
      assertEquals(codes(carrier), ["too-many-bytes"]);
    }
  }
  await settled();
  assertEquals(stopped, 2);
});

Deno.test("TWIG 3.4: a file that is longer than was declared is cut at the declared byte, a shorter one is too short", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "0123456789");
  const declaring = (length: number): App => (_, response) => {
    response.start(200, { "content-length": String(length) });
    return response.file(path);
  };
  const long = await whole(declaring(3));
  assertEquals([long.notes, codes(long)], [["head 200 3", "data 012", "end"], ["too-many-bytes"]]);
  const short = await whole(declaring(12));
  assertEquals([short.notes, codes(short)], [["head 200 12", "data 0123456789", "cut"], ["too-few-bytes"]]);
  await Deno.remove(path);
});

Deno.test("TWIG 3.4: text is cut at the declared byte, not at a character", async () => {
  const { carrier } = record((_, response) => (response.start(200, { "content-length": "3" }), "€€"));
  await carrier.over;
  assertEquals(carrier.sent, "€");
});

Deno.test("TWIG 3.3: a character whose halves come in two chunks counts as one", async () => {
  const carrier = await whole(function* (_request, response) {
    response.start(200, { "content-length": "5" });
    yield "\ud83d";
    yield "\ude00x";
  });
  assertEquals([carrier.sent, carrier.notes.at(-1), codes(carrier)], ["\u{1f600}x", "end", []]);
});

Deno.test("TWIG 3.3: a count that such halves make too large ends no answer early", async () => {
  for (const [length, sent, end] of [["6", "a\u{1f600}z", "end"], ["7", "a\u{1f600}z", "cut"]] as const) {
    const carrier = await whole(async function* (_request, response) {
      response.start(200, { "content-length": length });
      yield "a";
      await settled();
      yield "\ud83d";
      yield "\ude00";
      yield "z";
    });
    assertEquals([carrier.sent, carrier.notes.at(-1)], [sent, end]);
    assertEquals(codes(carrier), end === "end" ? [] : ["too-few-bytes"]);
  }
});

Deno.test("TWIG 3.5: less than declared is cut", async () => {
  for (const answer of ["four", ["fo", "ur"], "", undefined, ReadableStream.from(["four"])]) {
    const carrier = await whole((_, response) => (response.start(200, { "content-length": "5" }), answer));
    assertEquals([carrier.notes[0], carrier.notes.at(-1)], ["head 200 5", "cut"]);
    assertEquals(codes(carrier), ["too-few-bytes"]);
  }
});

Deno.test("TWIG 3.6: a malformed length is never sent", async () => {
  for (const length of ["-1", "+1", "1.0", "0x1", "1 ", "", "1, 1", "1e3", "99999999999999999999"]) {
    const carrier = await whole((_, response) => (response.start(200, { "content-length": length }), "x"));
    assertEquals([carrier.notes[0], codes(carrier)], ["head 500 22", ["bad-content-length"]], length);
  }
  const twice: App = (_, response) => (response.start(200, { "content-length": ["1", "2"] }), "x");
  assertEquals((await whole(twice)).notes[0], "head 500 22");
});

Deno.test("TWIG 3.7: an answer without a body drops its chunks", async () => {
  const answers: App[] = [
    () => "dropped",
    () => ["drop", "ped"],
    async function* () {
      yield "drop";
      await settled();
      yield "ped";
    },
  ];
  for (const app of answers) {
    for (const status of [204, 205, 304]) {
      const carrier = await whole((request, response) => (response.start(status), app(request, response)));
      assertEquals([carrier.sent, carrier.notes.at(-1), carrier.errors], ["", "end", []]);
    }
    const carrier = await whole(app, { method: "HEAD" });
    assertEquals([carrier.sent, carrier.notes.at(-1), carrier.errors], ["", "end", []]);
  }
});

Deno.test("TWIG 3.7: an answer with status 205 has length 0", async () => {
  for (const answer of ["dropped", undefined]) {
    const carrier = await whole((_, response) => (response.start(205), answer));
    assertEquals(carrier.notes, ["head 205 0", "end"]);
  }
});

Deno.test("TWIG 3.7: an endless answer to HEAD is stopped once the head has left", async () => {
  let stopped = false;
  const carrier = await whole(async function* () {
    try {
      while (true) {
        yield "tick";
        await settled();
      }
    } finally {
      stopped = true;
    }
  }, { method: "HEAD" });
  await settled();
  assertEquals(carrier.notes, ["head 200 unknown length", "end"]);
  assert(stopped);
});

Deno.test("TWIG 3.8: HEAD has the length of GET", async () => {
  const head = { method: "HEAD" };
  assertEquals((await whole(() => "hello", head)).notes, ["head 200 5", "end"]);
  assertEquals((await whole(() => ["hel", "lo"], head)).notes, ["head 200 5", "end"]);
  assertEquals((await whole((_, response) => response.start(200, { "content-length": "5" }), head)).notes, [
    "head 200 5",
    "end",
  ]);
  // Nothing was yielded: whether GET would have yielded something is not known.
  for (const nothing of [undefined, "", []]) {
    assertEquals((await whole(() => nothing, head)).notes, ["head 200 unknown length", "end"]);
  }
});

Deno.test("TWIG 3.8: HEAD of an empty file, or an empty part of one, has length 0", async () => {
  const head = { method: "HEAD" };
  const path = await Deno.makeTempFile();
  assertEquals((await whole((_, response) => response.file(path), head)).notes, ["head 200 0", "end"]);
  await Deno.writeTextFile(path, "0123");
  const part: App = (_, response) => response.file(path, { start: 4 });
  assertEquals((await whole(part, head)).notes, ["head 200 0", "end"]);
  await Deno.remove(path);
});

Deno.test("TWIG 3.9: trailers follow the body", async () => {
  const carrier = await whole(function* (_request, response) {
    yield "body";
    response.trailers.set("X-Checksum", "1");
  });
  assertEquals(carrier.notes, ["head 200 unknown length", "data body", "end x-checksum: 1"]);
  const answer = await get((_request, response) => (response.trailers.append("x-late", "yes"), "body"));
  await answer.ended;
  assertEquals([await answer.text(), answer.trailers.get("x-late")], ["body", "yes"]);
});

Deno.test("TWIG 3.9: fields that may not come late are dropped", async () => {
  const carrier = await whole(function* (_request, response) {
    yield "body";
    for (const name of ["Set-Cookie", "content-type", "date", "host", "If-Match", "x-sum"]) {
      response.trailers.append(name, "1");
    }
  });
  assertEquals(carrier.notes.at(-1), "end x-sum: 1");
});

Deno.test("TWIG 3.9: malformed trailers cut the answer", async () => {
  const carrier = await whole(async function* (_request, response) {
    yield "body";
    await settled();
    response.trailers.set("x-bad", "\r\n");
  });
  assertEquals(carrier.notes.at(-1), "cut");
  assertEquals(codes(carrier), ["bad-field-value"]);
});
