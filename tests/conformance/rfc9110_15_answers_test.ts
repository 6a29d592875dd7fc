/** RFC 9110 §15 and RFC 9112 §6: answers, their framing, and that no app can break it. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { delay } from "../support/delay.ts";
import { type RawResponse, valueOf, valuesOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";
import { type App, type FieldsInit, HttpError } from "../../twig/mod.ts";

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const HEAD = "HEAD / HTTP/1.1\r\nhost: x\r\n\r\n";

/** One answer, and whether a second request on the connection is answered alike. */
async function answerOf(app: App, request = GET): Promise<[RawResponse, boolean]> {
  await using server = await Served.start(app);
  using client = await server.connect();
  await client.send(request);
  const method = request.slice(0, request.indexOf(" "));
  const first = await client.response(method);
  const closing = valueOf(first, "connection") === "close";
  if (closing) return [first, !await client.closes()];
  await client.send(request);
  assertEquals((await client.response(method)).status, first.status);
  return [first, true];
}

const later = async function* (...chunks: (string | Uint8Array)[]) {
  for (const chunk of chunks) {
    yield chunk;
    await delay(5);
  }
};

Deno.test("HEAD (RFC9110§9.3.2): has the head of GET and no body", async () => {
  const apps: App[] = [
    () => "hello",
    () => new Uint8Array(70_000),
    () => ["hel", "lo"],
    (_request, response) => {
      response.start(404, { "x-a": "b" });
      return "not here";
    },
  ];
  for (const app of apps) {
    const [get] = await answerOf(app);
    const [head, kept] = await answerOf(app, HEAD);
    assertEquals([head.status, head.body, kept], [get.status, "", true]);
    const fields = (response: RawResponse) => response.fields.filter(([name]) => name !== "date");
    assertEquals(fields(head), fields(get));
  }
});

Deno.test("HEAD (RFC9110§8.6): has the length that the app says GET would have", async () => {
  const [head, kept] = await answerOf((_request, response) => {
    response.start(200, { "content-length": "1000" });
  }, HEAD);
  assertEquals([valueOf(head, "content-length"), kept], ["1000", true]);
});

Deno.test("HEAD (RFC9110§9.3.2): of an endless answer ends at its head", async () => {
  let ended = false;
  const [head, kept] = await answerOf(async function* () {
    try {
      for (;;) {
        yield "tick";
        await delay(5);
      }
    } finally {
      ended = true;
    }
  }, HEAD);
  assertEquals([head.status, head.body, kept], [200, "", true]);
  while (!ended) await delay(5);
});

Deno.test("204, 205 and 304 (RFC9112§6.3): have no body, whatever the app yields", async () => {
  for (const status of [204, 205, 304]) {
    const answers: App[] = [
      () => "surplus",
      () => new Uint8Array(100_000),
      () => later("sur", "plus"),
      () => undefined,
      function* () {
        yield "surplus";
      },
    ];
    for (const answer of answers) {
      const [response, kept] = await answerOf((request, twig) => {
        twig.start(status, { "x-a": "b" });
        return answer(request, twig);
      });
      assertEquals([response.status, response.body, kept], [status, "", true]);
      assertEquals(valueOf(response, "transfer-encoding"), undefined);
      assertEquals(valueOf(response, "content-length"), status === 205 ? "0" : undefined);
    }
  }
});

Deno.test("framing (RFC9112§6.3): an answer known whole has a length", async () => {
  for (
    const answer of [
      "",
      "hello",
      "wörld",
      new Uint8Array(5),
      new Uint8Array(100_000),
      ["a", "b"],
      [],
      null,
      undefined,
    ]
  ) {
    const [response, kept] = await answerOf(() => answer);
    assertEquals([response.framing, kept], ["length", true]);
  }
  const [text] = await answerOf(() => "wörld");
  assertEquals([valueOf(text, "content-length"), text.body], ["6", "w\xc3\xb6rld"]);
});

Deno.test("framing (RFC9112§6.1): an answer of unknown length is chunked, without a length", async () => {
  const [response, kept] = await answerOf(() => later("a", "b"));
  assertEquals([response.framing, response.body, kept], ["chunked", "ab", true]);
});

Deno.test("framing: a declared length is kept, and sent instead of chunks", async () => {
  const [response, kept] = await answerOf((_request, twig) => {
    twig.start(200, { "content-length": "4" });
    return later("ab", "cd");
  });
  assertEquals([response.framing, response.body, kept], ["length", "abcd", true]);
});

Deno.test("contract: more than the declared length is never sent, and logged", async () => {
  await using server = await Served.start((request, response) => {
    response.start(200, { "content-length": "4" });
    return request.query === "" ? later("abc", "def") : "abcdef";
  });
  using client = await server.connect();
  await client.send(GET + "GET /?x HTTP/1.1\r\nhost: x\r\n\r\n" + GET);
  for (let i = 0; i < 3; i++) assertEquals((await client.response()).body, "abcd");
  assertEquals(server.messages.length, 3);
  assertStringIncludes(server.messages[0]!, "longer than its content-length");
});

Deno.test("contract: less than the declared length closes the connection, and is logged", async () => {
  for (const app of [() => "abc", () => later("a", "bc"), () => ["abc"], () => ""]) {
    await using server = await Served.start((_request, response) => {
      response.start(200, { "content-length": "4" });
      return app();
    });
    using client = await server.connect();
    await client.send(GET + GET);
    const rest = await client.rest();
    assertEquals(rest.match(/HTTP\/1\.1/g)!.length, 1);
    assertStringIncludes(rest, "content-length: 4\r\n");
    assertEquals(server.messages.length, 1);
  }
});

Deno.test("contract: lengths that are none are an error before anything is sent", async () => {
  for (const value of ["-1", "+1", "1.5", "0x1", "abc", "1 1", "1,1", "", "99999999999999999999"]) {
    await using server = await Served.start((_request, response) => {
      response.start(200, { "content-length": value });
      return "a";
    });
    using client = await server.connect();
    await client.send(GET + GET);
    for (let i = 0; i < 2; i++) assertEquals((await client.response()).status, 500, value);
  }
});

Deno.test("contract (RFC9112§11.1): names and values that break a head are an error before it", async () => {
  const bad: [string, string][] = [
    ["x", "a\r\nset-cookie: b=c"],
    ["x", "a\rb"],
    ["x", "a\nb"],
    ["x", "a\0b"],
    ["x", "a\x7fb"],
    ["x", "a\x01b"],
    ["x", "\u20ac"],
    ["x\r\ny", "a"],
    ["x y", "a"],
    ["x:", "a"],
    ["", "a"],
    ["x\0", "a"],
    ["caf\xe9", "a"],
    ["\u212a", "a"],
  ];
  for (const [name, value] of bad) {
    await using server = await Served.start((_request, response) => {
      response.start(200, [[name, value]]);
      return "a";
    });
    using client = await server.connect();
    await client.send(GET + GET);
    for (let i = 0; i < 2; i++) {
      const response = await client.response();
      assertEquals(
        [response.status, response.body],
        [500, "Internal Server Error\n"],
        JSON.stringify([name, value]),
      );
      assertEquals(valueOf(response, "set-cookie"), undefined);
    }
  }
});

Deno.test("contract: a status that is none, or that is not final, is an error before it is sent", async () => {
  for (const status of [0, 99, 100, 101, 199, 1000, 200.5, NaN, Infinity, -200, "200" as unknown as number]) {
    const [response] = await answerOf((_request, twig) => {
      twig.start(status);
      return "";
    });
    assertEquals(response.status, 500, String(status));
  }
  for (const status of [200, 299, 418, 499, 599, 600, 999]) {
    const [response] = await answerOf((_request, twig) => {
      twig.start(status);
      return "";
    });
    assertEquals(response.status, status);
  }
});

Deno.test("contract: what is no answer is an error", async () => {
  for (const answer of [42, true, {}, Symbol("x"), () => "", 10n, new Date(), [1], [null], { then: 1 }]) {
    const [response, kept] = await answerOf(() => answer as unknown as string);
    assertEquals([response.status, kept], [500, true], String(answer));
  }
});

Deno.test("errors: before the head is sent they are a 500 that tells nothing, and the connection lives", async () => {
  const secret = new Error("secret");
  const apps: App[] = [
    () => {
      throw secret;
    },
    () => Promise.reject(secret),
    async () => {
      await delay(5);
      throw secret;
    },
    // deno-lint-ignore require-yield
    function* () {
      throw secret;
    },
    function* () {
      yield "half";
      throw secret;
    },
    // deno-lint-ignore require-yield
    async function* () {
      await delay(5);
      throw secret;
    },
    async function* () {
      yield "half";
      throw secret;
    },
    () => {
      throw "secret";
    },
    () => {
      throw undefined;
    },
    () => Promise.reject(null),
  ];
  for (const app of apps) {
    await using server = await Served.start(app);
    using client = await server.connect();
    await client.send(GET + GET);
    for (let i = 0; i < 2; i++) {
      const response = await client.response();
      assertEquals([response.status, response.body], [500, "Internal Server Error\n"], String(app));
    }
    assertEquals(server.messages.length, 2, String(app));
  }
});

Deno.test("errors: after the head was sent they cut the answer, and nothing is added to it", async () => {
  const app: App = async function* (request, response) {
    if (request.query !== "") response.start(200, { "content-length": "100" });
    yield "half";
    await delay(50);
    throw new Error("secret");
  };
  for (
    const [request, end] of [
      [GET, "4\r\nhalf\r\n"],
      ["GET /?x HTTP/1.1\r\nhost: x\r\n\r\n", "\r\n\r\nhalf"],
      ["GET / HTTP/1.0\r\n\r\n", "half"],
    ] as const
  ) {
    await using server = await Served.start(app);
    using client = await server.connect();
    await client.send(request + GET);
    const rest = await client.rest();
    assert(rest.endsWith(end), rest);
    assertEquals(rest.match(/HTTP\/1\.1/g)!.length, 1);
    assertEquals(server.log.filter((line) => line.includes("secret")).length, 1);
  }
});

Deno.test("errors: in development the client sees them", async () => {
  await using server = await Served.start(() => {
    throw new Error("plain words", { cause: new TypeError("the reason") });
  }, { development: true });
  const lines = (await server.answer(GET)).body.split("\n");
  assertEquals(lines.filter((line) => !line.startsWith("    at ")), [
    "Error: plain words",
    "caused by TypeError: the reason",
    "",
  ]);
  // What this server did until it called the app is nothing that the app's author could mend.
  const frames = lines.filter((line) => line.startsWith("    at "));
  assertEquals(frames.filter((frame) => !frame.includes("/rfc9110_15_answers_test.ts:")), []);
  assertEquals(frames.length, 2);
});

Deno.test("errors: an app chooses a status by throwing, with fields, and that is not logged", async () => {
  await using server = await Served.start(() => {
    throw new HttpError(429, "Too fast", { "retry-after": "7" });
  });
  using client = await server.connect();
  await client.send(GET + GET);
  for (let i = 0; i < 2; i++) {
    const response = await client.response();
    assertEquals([response.status, response.body, valueOf(response, "retry-after")], [
      429,
      "Too fast\n",
      "7",
    ]);
  }
  assertEquals(server.log, []);
});

Deno.test("errors: to HEAD have no body", async () => {
  const [response, kept] = await answerOf(() => {
    throw new HttpError(404);
  }, HEAD);
  assertEquals([response.status, kept], [404, true]);
  await using server = await Served.start();
  using client = await server.connect();
  await client.send("HEAD / HTTP/1.1\r\n\r\n");
  const refusal = await client.response("HEAD");
  assertEquals(refusal.status, 400);
  assert(await client.closes());
});

Deno.test("apps: one that never answers holds up nobody else", async () => {
  await using server = await Served.start((request) =>
    request.query === "" ? "prompt" : new Promise<string>(() => {})
  );
  using stuck = await server.connect();
  await stuck.send("GET /?x HTTP/1.1\r\nhost: x\r\n\r\n");
  for (let i = 0; i < 20; i++) assertEquals((await server.answer(GET)).body, "prompt");
  assertEquals(stuck.received, "");
});

Deno.test("apps: one can cut its answer", async () => {
  await using server = await Served.start(async function* (_request, response) {
    yield "half";
    await delay(20);
    response.abort();
  });
  using client = await server.connect();
  await client.send(GET + GET);
  assert((await client.rest()).endsWith("4\r\nhalf\r\n"));
});

Deno.test("interim answers (RFC9110§15.2): come before the final one, and not to HTTP/1.0", async () => {
  await using server = await Served.start(async (_request, response) => {
    response.informational(103, { link: "</style.css>; rel=preload" });
    response.informational(102);
    await delay(20);
    return "done";
  });
  using client = await server.connect();
  await client.send(GET);
  const hint = await client.response();
  assertEquals([hint.status, hint.fields], [103, [["link", "</style.css>; rel=preload"]]]);
  assertEquals((await client.response()).status, 102);
  assertEquals((await client.response()).body, "done");
  assertEquals((await server.answer("GET / HTTP/1.0\r\n\r\n")).status, 200);
});

Deno.test("Date (RFC9110§6.6.1): is one IMF-fixdate of now in every final answer", async () => {
  await using server = await Served.start((request, response) => {
    response.start(Number(request.query));
    return "";
  });
  const requests = [200, 204, 206, 301, 304, 404, 500].map((status) =>
    `GET /?${status} HTTP/1.1\r\nhost: x\r\n\r\n`
  );
  const refused = [
    "GET / HTTP/1.1\r\n\r\n",
    "BAD\r\n\r\n",
    "GET / HTTP/2.0\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n",
  ];
  for (const request of [...requests, ...refused]) {
    const response = await server.answer(request);
    const dates = valuesOf(response, "date");
    assertEquals(dates.length, 1, request);
    assert(
      /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(dates[0]!),
      dates[0],
    );
    assert(Math.abs(Date.parse(dates[0]!) - Date.now()) < 5000, dates[0]);
  }
});

Deno.test("Date (RFC9110§6.6.1): an app's own is left alone", async () => {
  const date = "Tue, 15 Nov 1994 08:12:31 GMT";
  const [response] = await answerOf((_request, twig) => {
    twig.start(200, { date });
    return "";
  });
  assertEquals(valuesOf(response, "date"), [date]);
});

Deno.test("Set-Cookie (RFC6265§3): several stay several", async () => {
  const [response] = await answerOf((_request, twig) => {
    twig.start(200, [["set-cookie", "a=1"], ["set-cookie", "b=2"]]);
    return "";
  });
  assertEquals(valuesOf(response, "set-cookie"), ["a=1", "b=2"]);
});

Deno.test("Server (RFC9110§10.2.4): is what the settings say", async () => {
  for (const [serverName, value] of [["", undefined], ["x/1.0", "x/1.0"]] as const) {
    await using server = await Served.start(() => "", { serverName });
    assertEquals(valueOf(await server.answer(GET), "server"), value);
  }
});

Deno.test("Server (RFC9110§10.2.4): an app's own is sent, and no second one", async () => {
  const fields = [
    { "content-type": "text/plain", server: "app/1" },
    [["Server", "app/1"], ["x-a", "b"]],
    new Response("", { headers: { "x-a": "b", server: "app/1" } }).headers,
  ] as FieldsInit[];
  await using server = await Served.start((request, response) => {
    response.start(200, fields[Number(request.query)]!);
    return "hello";
  }, { serverName: "archangel" });
  for (const which of fields.keys()) {
    const response = await server.answer(GET.replace("/", `/?${which}`));
    assertEquals(valuesOf(response, "server"), ["app/1"]);
    assertEquals(valuesOf(response, which === 0 ? "content-type" : "x-a").length, 1);
  }
});

Deno.test("status line (RFC9112§4): is that of HTTP/1.1 for every client, with a reason", async () => {
  await using server = await Served.start((_request, response) => {
    response.start(299);
    return "";
  });
  assertStringIncludes((await server.answer("GET / HTTP/1.0\r\n\r\n")).head, "HTTP/1.1 299 \r\n");
});

Deno.test("a small answer leaves in one piece, head and body together", async () => {
  await using server = await Served.start(() => "hello");
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  await conn.write(new TextEncoder().encode(GET));
  const buffer = new Uint8Array(1000);
  const size = await conn.read(buffer);
  assert(new TextDecoder().decode(buffer.subarray(0, size!)).endsWith("\r\n\r\nhello"));
  conn.close();
});

Deno.test("a chunk of a stream leaves at once, without waiting for the next", async () => {
  const go = Promise.withResolvers<void>();
  await using server = await Served.start(async function* () {
    yield "first";
    await go.promise;
    yield "second";
  });
  using client = await server.connect();
  await client.send(GET);
  await client.receives("first");
  go.resolve();
  assertEquals((await client.response()).body, "firstsecond");
});
