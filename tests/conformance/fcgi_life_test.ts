/** The life of requests on one connection (FastCGI 1.0 §3.5, §5, §6): begin, keep, multiplex, abort, end. */
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "../support/delay.ts";
import {
  abort,
  begin,
  get,
  getValues,
  params,
  post,
  request,
  STATUS,
  stdin,
  stdinEnd,
  TYPE,
  valuesOf,
} from "../support/fcgi_client.ts";
import { type FcgiServer, overBoth, serverOverBoth } from "../support/fcgi_server.ts";
import { bytesOf, concat, slowRecord } from "../support/slow_fcgi_records.ts";
import { waitUntil } from "../support/processes.ts";
import type { App } from "../../twig/mod.ts";

const NOTHING = new Uint8Array(0);
/** More than the buffers of a connection hold while the client does not read. */
const LARGE = 1_500_000;

/** What {@linkcode stage} noticed. */
const noticed: string[] = [];

/** An app that does what the path says, and tells what becomes of it. */
const stage: App = async function* (request, response) {
  const name = request.query;
  request.signal.addEventListener("abort", () => noticed.push(`${name} aborted`));
  try {
    switch (request.pathInfo) {
      case "/echo":
        yield await request.body.text();
        return;
      case "/early":
        yield "answered without reading";
        return;
      case "/large":
        yield new Uint8Array(LARGE);
        return;
      case "/wait":
        noticed.push(`${name} waits`);
        await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
        yield "too late";
        return;
      case "/slow":
        await delay(3000);
        yield "at last";
        return;
      case "/gate":
        yield "begun ";
        await gates.get(name)!.promise;
        yield "ended";
        return;
      case "/fail":
        response.start(200);
        yield "partial ";
        await delay(5);
        throw new Error("half-way");
      case "/refuse":
        throw new Error("before anything");
      default:
        yield `hello ${name}`;
    }
  } finally {
    noticed.push(`${name} over`);
  }
};

const gates = new Map<string, PromiseWithResolvers<void>>();

/** A name that no other test has, with a gate. */
function fresh(): string {
  const name = `n${gates.size + 1}`;
  gates.set(name, Promise.withResolvers());
  return name;
}

async function servesOn(server: FcgiServer): Promise<void> {
  using client = await server.connect();
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
}

// BEGIN_REQUEST

for (const size of [0, 7, 9, 16, 65535]) {
  overBoth(`BEGIN_REQUEST of ${size} bytes closes the connection`, stage, async (client, server) => {
    await client.send(slowRecord(TYPE.begin, 1, new Uint8Array(size).fill(1))).catch(() => {});
    await client.closes();
    assertMatch(await server.oneLogLine(), /BEGIN_REQUEST has \d+ bytes, not 8/);
    await servesOn(server);
  });
}

overBoth("BEGIN_REQUEST for an id in flight closes the connection", stage, async (client, server) => {
  await client.send(begin(5), begin(5));
  await client.closes();
  assertMatch(await server.oneLogLine(), /Cannot begin FastCGI request 5: it is in flight/);
  using later = await server.connect();
  await later.send(request(get(`/wait?${fresh()}`), { id: 6 }), begin(6));
  await later.closes();
});

overBoth("flags other than KEEP_CONN are ignored, and so are the reserved bytes", stage, async (client) => {
  await client.send(slowRecord(TYPE.begin, 1, Uint8Array.of(0, 1, 0xff, 1, 2, 3, 4, 5)), params(get("/?a")));
  await client.send(stdinEnd());
  assertEquals((await client.answer()).body, "hello a");
  assert(await client.silent(30));
  await client.send(begin(1, { flags: 0xfe }), params(get("/?b")), stdinEnd());
  assertEquals((await client.answer()).body, "hello b");
  await client.closes();
});

for (const [what, role] of [["AUTHORIZER", 2], ["FILTER", 3], ["0", 0], ["256 + 1", 257]] as const) {
  overBoth(`role ${what} is answered with UNKNOWN_ROLE; the connection is kept`, stage, async (client) => {
    await client.send(begin(1, { role }), params(get()), stdin("late"), stdinEnd());
    await client.send(slowRecord(TYPE.data, 1, bytesOf("late")), slowRecord(TYPE.data, 1, NOTHING));
    assertEquals((await client.answer()).protocolStatus, STATUS.unknownRole);
    assertEquals((await client.ask(get("/?x"))).body, "hello x");
  });
}

overBoth("an unknown role without KEEP_CONN closes the connection", stage, async (client) => {
  await client.send(begin(1, { role: 2, keep: false }), params(get()), stdinEnd());
  assertEquals((await client.answer()).protocolStatus, STATUS.unknownRole);
  await client.closes();
});

overBoth("ids from 1 to 65535 are served", stage, async (client) => {
  for (const id of [1, 2, 255, 256, 257, 32768, 65535]) {
    assertEquals((await client.ask(get(`/?${id}`), { id })).body, `hello ${id}`);
  }
});

// KEEP_CONN

overBoth(
  "without KEEP_CONN the connection is closed after END_REQUEST, with a FIN",
  stage,
  async (client) => {
    await client.send(request(get("/?x"), { keep: false }));
    assertEquals((await client.answer()).body, "hello x");
    await client.closes();
  },
);

overBoth("without KEEP_CONN, input behind an early answer cannot destroy it", stage, async (client) => {
  await client.send(begin(1, { keep: false }), params(post(3_000_000, "/early")));
  const sending = client.send(stdin(new Uint8Array(3_000_000))).catch(() => {});
  assertEquals((await client.answer()).body, "answered without reading");
  await sending;
  await client.closes();
});

for (
  const [what, late] of [
    ["a question", getValues("FCGI_MAX_REQS")],
    ["more STDIN", stdin("too late")],
    ["another request", request(get("/?x"), { id: 2 })],
  ] as const
) {
  overBoth(`without KEEP_CONN, ${what} behind a large answer cannot destroy it`, stage, async (client) => {
    await client.send(request(get("/large"), { keep: false }));
    // By then the server has written all that it can, over TCP everything, and the client has read nothing.
    await delay(200);
    await client.send(late);
    await delay(50);
    assertEquals((await client.answer()).body.length, LARGE);
    await client.closes();
  });
}

overBoth("an answer that fails, and with it its connection, costs no other answer", stage, async (client) => {
  await client.send(request(get("/large"), { id: 2 }), request(get("/fail?x")));
  await delay(200);
  await client.send(stdin("late"), request(get("/?x"), { id: 3 }));
  await delay(50);
  assertEquals((await client.answer(2)).body.length, LARGE);
});

for (
  const [what, variables, late] of [
    ["the end of STDIN", get("/large"), stdinEnd()],
    ["a body", post(10, "/large"), concat([stdin("0123456789"), stdinEnd()])],
  ] as const
) {
  overBoth(
    `without KEEP_CONN, ${what} behind a large answer cannot destroy it`,
    stage,
    async (client) => {
      await client.send(begin(1, { keep: false }), params(variables));
      // By then the server has written all that it can, over TCP everything, and the client has read nothing.
      await delay(200);
      await client.send(late);
      assertEquals((await client.answer()).body.length, LARGE);
      await client.closes();
    },
  );
}

overBoth("with KEEP_CONN the connection is kept, a thousand times", stage, async (client) => {
  for (let i = 0; i < 1000; i++) {
    assertEquals((await client.ask(get(`/?${i}`), { id: i % 7 + 1 })).body, `hello ${i}`);
  }
  assert(await client.silent(30));
});

overBoth("KEEP_CONN is each request's own: the last one closes", stage, async (client) => {
  assertEquals((await client.ask(get("/?1"))).body, "hello 1");
  assertEquals((await client.ask(get("/?2"), { keep: false })).body, "hello 2");
  await client.closes();
});

overBoth("a request without KEEP_CONN lets the other ids finish before it closes", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/gate?${name}`), { id: 1 }));
  await client.receives("begun", 1);
  await client.send(request(get("/?x"), { id: 2, keep: false }));
  assertEquals((await client.answer(2)).body, "hello x");
  assert(await client.silent(30));
  gates.get(name)!.resolve();
  assertEquals((await client.answer(1)).body, "begun ended");
  await client.closes();
});

overBoth("requests sent one behind the other are all answered", stage, async (client) => {
  const ids = Array.from({ length: 50 }, (_, at) => at + 1);
  await client.send(...ids.map((id) => request(get(`/?${id}`), { id })));
  for (const id of ids) assertEquals((await client.answer(id)).body, `hello ${id}`);
});

overBoth("an id is free again as soon as its END_REQUEST has come", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/gate?${name}`), { id: 1 }));
  for (let i = 0; i < 20; i++) assertEquals((await client.ask(get(`/?${i}`), { id: 2 })).body, `hello ${i}`);
  gates.get(name)!.resolve();
  assertEquals((await client.answer(1)).body, "begun ended");
});

// Multiplexing

overBoth("answers come in the order in which they are ready", stage, async (client) => {
  const names = [fresh(), fresh(), fresh()];
  await client.send(...names.map((name, at) => request(get(`/gate?${name}`), { id: at + 1 })));
  for (const id of [3, 1, 2]) {
    gates.get(names[id - 1]!)!.resolve();
    assertEquals((await client.answer(id)).body, "begun ended");
    assertEquals(client.answered, []);
  }
});

overBoth("records of several requests may be mixed in any way", stage, async (client) => {
  await client.send(begin(1), begin(2), params(post(6, "/echo"), 2), params(post(6, "/echo"), 1));
  await client.send(stdin("aaa", 1), stdin("bbb", 2), stdin("AAA", 1), stdinEnd(1), stdin("BBB", 2));
  await client.send(stdinEnd(2));
  assertEquals((await client.answer(1)).body, "aaaAAA");
  assertEquals((await client.answer(2)).body, "bbbBBB");
});

overBoth("PARAMS of several requests may be mixed, cut inside a pair", stage, async (client) => {
  const [one, two] = [params(get("/?one"), 1), params(get("/?two"), 2)].map((bytes) => bytes.slice(8, -8));
  const cut = (id: number, bytes: Uint8Array) => slowRecord(TYPE.params, id, bytes);
  await client.send(begin(1), begin(2));
  for (let at = 0; at < one!.length; at += 5) {
    await client.send(cut(1, one!.subarray(at, at + 5)), cut(2, two!.subarray(at, at + 5)));
  }
  await client.send(cut(2, NOTHING), stdinEnd(2), cut(1, NOTHING), stdinEnd(1));
  assertEquals((await client.answer(1)).body, "hello one");
  assertEquals((await client.answer(2)).body, "hello two");
});

overBoth("large answers of several ids are interleaved", bigOrSmall, async (client) => {
  await client.send(...[1, 2, 3].map((id) => request(get("/big"), { id })));
  const switches: number[] = [];
  for (let over = 0; over < 3;) {
    const record = (await client.next())!;
    if (record.type === TYPE.end) over++;
    if (switches.at(-1) !== record.id) switches.push(record.id);
  }
  // One after the other would be three.
  assert(switches.length > 10, `${switches.length}`);
});

overBoth("a small answer does not wait for a large one to end", bigOrSmall, async (client) => {
  await client.send(request(get("/big"), { id: 1 }), request(get("/"), { id: 2 }));
  assertEquals((await client.answer(2)).body, "small");
  assertEquals(client.answered, []);
  assertEquals((await client.answer(1)).body.length, 8_000_000);
});

async function* bigOrSmall(request: Parameters<App>[0]): AsyncGenerator<Uint8Array | string> {
  if (request.pathInfo !== "/big") return void (yield "small");
  for (let i = 0; i < 125; i++) yield new Uint8Array(64_000).fill(98);
}

overBoth("one unread body does not stall another id", stage, async (client) => {
  await client.send(begin(1), params(post(undefined, `/wait?${fresh()}`), 1));
  await client.send(stdin(new Uint8Array(512 * 1024), 1));
  for (let id = 2; id < 20; id++) {
    assertEquals((await client.ask(get(`/?${id}`), { id })).body, `hello ${id}`);
  }
  await client.send(stdin(new Uint8Array(1024 * 1024), 1));
  assertEquals((await client.ask(post(4, "/echo"), { id: 2, body: "read" })).body, "read");
});

overBoth("unread bodies that are whole do not stall another id", stage, async (client) => {
  // As large as a window, and then so that one read ends exactly with the body.
  for (const [at, size] of [2 * 1024 * 1024, 2 * 1024 * 1024 - 1, 2 * 1024 * 1024].entries()) {
    const id = at + 1;
    await client.send(begin(id), params(post(size, `/wait?${fresh()}`), id), stdin(new Uint8Array(size), id));
    await delay(100);
    assertEquals((await client.ask(get("/?x"), { id: 9 })).body, "hello x");
  }
});

overBoth("unread bodies of many ids are bounded together", stage, async (client) => {
  await client.send(begin(99), params(post(8, "/echo"), 99), stdin("half", 99));
  const sending = (async () => {
    for (let id = 1; id <= 30; id++) {
      await client.send(begin(id), params(post(undefined, `/wait?${fresh()}`), id));
      await client.send(stdin(new Uint8Array(1024 * 1024), id));
    }
    await client.send(stdin("half", 99), stdinEnd(99));
  })();
  assertEquals((await client.answer(99)).body, "halfhalf");
  await sending;
  // Sixteen of them fit, the others had to go.
  assert(client.answered.length >= 14, `${client.answered.length} were refused`);
  assertEquals((await client.answer(client.answered[0])).status, 503);
});

overBoth("an id that starves others with an unread body is the one to go", stage, async (client) => {
  await client.send(begin(2), params(post(8, "/echo"), 2), stdin("half", 2));
  await client.send(begin(1), params(post(undefined, `/wait?${fresh()}`), 1));
  const flood = stdin(new Uint8Array(8 * 1024 * 1024), 1);
  const sending = client.send(flood, stdin("half", 2), stdinEnd(2));
  assertEquals((await client.answer(2)).body, "halfhalf");
  assertEquals((await client.answer(1)).status, 503);
  await sending;
});

overBoth("more requests than one connection takes are answered with OVERLOADED", stage, async (client) => {
  const name = fresh();
  for (let id = 1; id <= 10; id++) await client.send(request(get(`/gate?${name}`), { id }));
  await client.send(request(get("/"), { id: 11 }));
  const answer = await client.answer(11);
  assertEquals([answer.status, answer.protocolStatus], [503, STATUS.overloaded]);
  assertEquals(valuesOf(answer, "retry-after"), ["1"]);
  gates.get(name)!.resolve();
  for (let id = 1; id <= 10; id++) assertEquals((await client.answer(id)).body, "begun ended");
  assertEquals((await client.ask(get("/?x"), { id: 11 })).body, "hello x");
}, { limits: { openExchanges: 10 } });

overBoth(
  "sixty thousand BEGIN_REQUESTs are refused but for the first ones",
  stage,
  async (client, server) => {
    const sending = (async () => {
      for (let from = 1; from < 60_000; from += 1000) {
        await client.send(...Array.from({ length: 1000 }, (_, at) => begin(from + at)));
      }
      await client.send(getValues("FCGI_MPXS_CONNS"));
    })();
    assertEquals((await client.management()).type, TYPE.getValuesResult);
    await sending;
    assertEquals(client.answered.length, 60_000 - DEFAULT_LIMITS.openExchanges);
    assertEquals((await client.answer(60_000)).protocolStatus, STATUS.overloaded);
    // A flood must not flood the log, too.
    assert(server.log.length < 20, `${server.log.length}`);
    await servesOn(server);
  },
);

// ABORT_REQUEST

overBoth("ABORT before PARAMS have ended ends the request", stage, async (client) => {
  await client.send(begin(), abort());
  assertEquals((await client.answer()).protocolStatus, STATUS.complete);
  await client.send(begin(), slowRecord(TYPE.params, 1, bytesOf("\x04\x01ab")), abort());
  assertEquals((await client.answer()).protocolStatus, STATUS.complete);
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
});

overBoth("ABORT inside STDIN aborts the app, which waits for its body", stage, async (client) => {
  const name = fresh();
  await client.send(begin(), params(post(100, `/echo?${name}`)), stdin("part"));
  await client.send(abort());
  const answer = await client.answer();
  assertEquals([answer.status, answer.protocolStatus], [0, STATUS.complete]);
  await waitUntil(() => noticed.includes(`${name} aborted`), "the app hears of it");
  await waitUntil(() => noticed.includes(`${name} over`), "the app is over");
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
});

overBoth("ABORT while the app works ends the request at once", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/wait?${name}`)));
  await waitUntil(() => noticed.includes(`${name} waits`), "the app to be called");
  await client.send(abort());
  assertEquals((await client.answer()).status, 0);
  await waitUntil(() => noticed.includes(`${name} over`), "the app is over");
  // What the app says afterwards belongs to nobody, and not to the next request of this id either.
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
});

overBoth("ABORT in the middle of an answer ends it", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/gate?${name}`)));
  await client.receives("begun");
  await client.send(abort());
  for (let record = await client.next(); record?.type !== TYPE.end; record = await client.next()) {
    assertEquals([record?.type, record?.content.length], [TYPE.stdout, 0]);
  }
  gates.get(name)!.resolve();
  assertEquals((await client.ask(get("/?x"), { id: 2 })).body, "hello x");
});

overBoth("ABORT twice, too late, or of an id that never was, is harmless", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/wait?${name}`)), abort(), abort());
  await client.answer();
  await client.send(abort(), abort(77));
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
  await client.send(abort());
  assertEquals((await client.ask(get("/?y"))).body, "hello y");
  assertEquals(client.answered, []);
});

overBoth("ABORT of one id harms no other", stage, async (client) => {
  const names = [fresh(), fresh(), fresh()];
  await client.send(...names.map((name, at) => request(get(`/gate?${name}`), { id: at + 1 })));
  await client.send(abort(2));
  await client.receives("begun", 1);
  gates.get(names[0]!)!.resolve();
  gates.get(names[2]!)!.resolve();
  assertEquals((await client.answer(1)).body, "begun ended");
  assertEquals((await client.answer(3)).body, "begun ended");
});

overBoth("ABORT without KEEP_CONN closes the connection after END_REQUEST", stage, async (client) => {
  await client.send(request(get(`/wait?${fresh()}`), { keep: false }), abort());
  await client.answer();
  await client.closes();
});

overBoth("ABORT with content is an ABORT", stage, async (client) => {
  await client.send(request(get(`/wait?${fresh()}`)), slowRecord(TYPE.abort, 1, bytesOf("why"), 5));
  assertEquals((await client.answer()).protocolStatus, STATUS.complete);
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
});

// Records of requests that are not there

overBoth("records of unknown and of ended ids are ignored", stage, async (client) => {
  await client.send(params(get(), 9), stdin("x", 9), stdinEnd(9), slowRecord(TYPE.data, 9, NOTHING));
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
  await client.send(stdin("late"), stdinEnd(), params(get()), slowRecord(TYPE.data, 1, bytesOf("late")));
  assertEquals((await client.ask(get("/?y"))).body, "hello y");
});

overBoth("an early answer ends the request; the rest of its body is dropped", stage, async (client) => {
  await client.send(begin(), params(post(2_000_000, "/early")), stdin("part"));
  assertEquals((await client.answer()).body, "answered without reading");
  await client.send(stdin(new Uint8Array(1_999_996)), stdinEnd());
  assertEquals((await client.ask(post(2, "/echo"), { body: "ok" })).body, "ok");
});

overBoth("a second end of PARAMS, and PARAMS after it, start nothing twice", stage, async (client) => {
  await client.send(begin(), params(post(2, "/echo")), slowRecord(TYPE.params, 1, NOTHING));
  await client.send(slowRecord(TYPE.params, 1, bytesOf("\x01\x01ab")), stdin("ok"), stdinEnd());
  assertEquals((await client.answer()).body, "ok");
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
});

overBoth("STDIN before the end of PARAMS is 400 for this request alone", stage, async (client) => {
  await client.send(begin(), stdin("early"), params(post(5)), stdinEnd());
  assertEquals((await client.answer()).status, 400);
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
});

overBoth("DATA is ignored by a responder", stage, async (client) => {
  await client.send(begin(), params(post(2, "/echo")), slowRecord(TYPE.data, 1, bytesOf("data")));
  await client.send(stdin("ok"), slowRecord(TYPE.data, 1, NOTHING), stdinEnd());
  assertEquals((await client.answer()).body, "ok");
});

// The end of the connection

overBoth("a FIN behind a whole request is half-close: it is answered", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/gate?${name}`), { id: 1 }), request(get("/?x"), { id: 2 }));
  await client.finish();
  assertEquals((await client.answer(2)).body, "hello x");
  setTimeout(() => gates.get(name)!.resolve(), 200);
  assertEquals((await client.answer(1)).body, "begun ended");
  await client.closes();
});

overBoth("half-close is answered, however long the answer takes", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/wait?${name}`), { id: 1 }), request(get(`/slow`), { id: 2 }));
  await client.finish();
  assertEquals((await client.answer(2)).body, "at last");
  assert(!noticed.includes(`${name} aborted`));
});

serverOverBoth("a front end that closes is not taken for one that half-closes", stage, async (server) => {
  const name = fresh();
  const client = await server.connect();
  await client.send(request(get(`/wait?${name}`)));
  await waitUntil(() => noticed.includes(`${name} waits`), "the app to be called");
  const closed = performance.now();
  client.close();
  await waitUntil(() => noticed.includes(`${name} aborted`), "the app hears of it");
  assert(performance.now() - closed < 2000);
});

overBoth("a FIN inside STDIN aborts the app", stage, async (client) => {
  const name = fresh();
  await client.send(begin(), params(post(100, `/echo?${name}`)), stdin("part"));
  await client.finish();
  await waitUntil(() => noticed.includes(`${name} aborted`), "the app hears of it");
  await client.rest();
});

serverOverBoth("a FIN inside PARAMS, or inside a record, just ends the connection", stage, async (server) => {
  for (const bytes of [begin(), concat([begin(), params(get()).subarray(0, 20)]), begin().subarray(0, 5)]) {
    using client = await server.connect();
    await client.send(bytes);
    await client.finish();
    await client.closes();
  }
  assertEquals(server.log, []);
});

serverOverBoth(
  "a FIN at any byte of a request ends it, and only a whole one is answered",
  stage,
  async (server) => {
    const whole = concat([begin(), params(post(4, "/echo?cut")), stdin("body"), stdinEnd()]);
    const started = performance.now();
    for (let size = 0; size <= whole.length; size++) {
      using client = await server.connect();
      await client.send(whole.subarray(0, size));
      await client.finish();
      const said = (await client.rest()).filter(({ type }) => type !== TYPE.stderr);
      // CONTENT_LENGTH is all that there is to be waited for.
      assertEquals(said.length > 0, size >= whole.length - stdinEnd().length, `after ${size} bytes`);
    }
    // To wait for what cannot come any more would take a second each.
    assert(performance.now() - started < 8000);
    assertEquals(server.log, []);
  },
);

serverOverBoth("a reset at any stage says nothing", stage, async (server) => {
  const name = fresh();
  const stages = [
    NOTHING,
    begin(),
    concat([begin(), params(get()).subarray(0, 20)]),
    concat([begin(), params(post(9, `/echo?${name}`)), stdin("half")]),
    request(get(`/wait?${name}`)),
    request(get("/large")),
    request(get("/?x")),
  ];
  for (const bytes of stages) {
    const client = await server.connect();
    await client.send(getValues(), bytes);
    await new Promise((resolve) => setTimeout(resolve, 30));
    // The answer to the question is there and unread: closing now is answering it with a reset.
    client.close();
  }
  await waitUntil(() => noticed.filter((line) => line === `${name} over`).length === 2, "the apps are over");
  await servesOn(server);
  assertEquals(server.log, []);
});

serverOverBoth("a front end that closes aborts every request of its connection", stage, async (server) => {
  const names = [fresh(), fresh()];
  {
    using client = await server.connect();
    await client.send(...names.map((name, at) => request(get(`/wait?${name}`), { id: at + 1 })));
    await waitUntil(() => names.every((name) => noticed.includes(`${name} waits`)), "the apps to be called");
  }
  for (const name of names) await waitUntil(() => noticed.includes(`${name} aborted`), "the app hears of it");
  assertEquals(server.log, []);
});

serverOverBoth("connecting and leaving says nothing", stage, async (server) => {
  for (let i = 0; i < 20; i++) (await server.connect()).close();
  await servesOn(server);
  assertEquals(server.log, []);
});

// Failure

overBoth("an app that fails before it answers is a 500", stage, async (client) => {
  const answer = await client.ask(get("/refuse?x"));
  assertEquals([answer.status, answer.protocolStatus], [500, STATUS.complete]);
  assert(!answer.body.includes("before anything"));
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
});

serverOverBoth("a late failure closes without END_REQUEST, keep or not", stage, async (server) => {
  for (const keep of [true, false]) {
    using client = await server.connect();
    await client.send(request(get("/fail?x"), { keep }));
    await client.receives("partial");
    assertEquals((await client.rest()).filter(({ type }) => type === TYPE.end), []);
  }
  await servesOn(server);
});

overBoth("a late failure waits until the other ids have finished", stage, async (client) => {
  const name = fresh();
  await client.send(request(get(`/gate?${name}`), { id: 1 }));
  await client.receives("begun");
  await client.send(request(get("/fail?x"), { id: 2 }));
  await client.receives("partial", 2);
  assert(await client.silent(50));
  // No more are taken meanwhile: whoever asks now must ask on another connection.
  await client.send(request(get("/"), { id: 3 }));
  assertEquals((await client.answer(3)).protocolStatus, STATUS.overloaded);
  gates.get(name)!.resolve();
  assertEquals((await client.answer(1)).body, "begun ended");
  await client.closes();
});

// Many connections

serverOverBoth("three hundred idle kept connections are in nobody's way", stage, async (server) => {
  const clients = [];
  for (let i = 0; i < 300; i++) {
    const client = await server.connect();
    assertEquals((await client.ask(get(`/?${i}`))).body, `hello ${i}`);
    clients.push(client);
  }
  await servesOn(server);
  for (const [i, client] of clients.entries()) {
    assertEquals((await client.ask(get(`/?${i}`))).body, `hello ${i}`);
  }
});

overBoth("an idle kept connection is closed after timeouts.idle, quietly", stage, async (client, server) => {
  assertEquals((await client.ask(get("/?x"))).body, "hello x");
  await client.closes();
  assertEquals(server.log, []);
}, { timeouts: { idle: 600 } });

overBoth(
  "PARAMS that do not come to their end are given up after timeouts.header",
  stage,
  async (client, server) => {
    await client.send(begin(), params(get()).subarray(0, 30));
    assertEquals((await client.answer()).status, 408);
    await client.closes();
    assertMatch(await server.oneLogLine(), /header-timeout/);
  },
  { timeouts: { header: 600 } },
);

overBoth("PARAMS that drip are given up as well", stage, async (client) => {
  const dripping = client.send(begin()).then(async () => {
    for (const byte of params(get())) {
      await client.send(Uint8Array.of(byte));
      await delay(40);
    }
  }).catch(() => {});
  assertEquals((await client.answer()).status, 408);
  await client.closes();
  await dripping;
}, { timeouts: { header: 600 } });

overBoth(
  "PARAMS that do not come to their end are given up alone: what another id does goes on",
  stage,
  async (client, server) => {
    const name = fresh();
    await client.send(request(get(`/gate?${name}`), { id: 2 }));
    await client.receives("begun", 2);
    await client.send(begin(1), params(get("/?x")).subarray(0, 30));
    assertEquals((await client.answer(1)).status, 408);
    assertMatch(await server.oneLogLine(), /header-timeout/);
    await client.send(params(get("/?x")).subarray(30), stdinEnd(1));
    assertEquals((await client.ask(get("/?x"))).body, "hello x");
    gates.get(name)!.resolve();
    assertEquals((await client.answer(2)).body, "begun ended");
  },
  { timeouts: { header: 600 } },
);

overBoth(
  "PARAMS that do not come to their end are given up though others come and go",
  stage,
  async (client) => {
    await client.send(begin(1), slowRecord(TYPE.params, 1, params(get("/?x")).slice(8, 20)));
    const asking = (async () => {
      for (let id = 2; id < 40 && !client.answered.includes(1); id++) {
        assertEquals((await client.ask(get(`/?${id}`), { id })).body, `hello ${id}`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })().catch(() => {});
    await asking;
    assert(client.answered.includes(1));
    assertEquals((await client.answer(1)).status, 408);
  },
  { timeouts: { header: 600 } },
);

overBoth("a body that stalls is given up after timeouts.body", stage, async (client, server) => {
  await client.send(begin(), params(post(100, "/echo?x")), stdin("part"));
  const records = await client.rest();
  // The app had its chance: the request is over with 408, or with the connection.
  assert(records.length <= 3);
  assertMatch(await server.oneLogLine(), /body-timeout/);
}, { timeouts: { body: 600 } });

overBoth(
  "a body that stalls is given up alone: an answer of another id goes on",
  stage,
  async (client, server) => {
    const name = fresh();
    await client.send(request(get(`/gate?${name}`), { id: 2 }));
    await client.receives("begun", 2);
    await client.send(begin(1), params(post(100, "/echo")), stdin("part"));
    assertEquals((await client.answer(1)).status, 408);
    assertMatch(await server.oneLogLine(), /body-timeout/);
    gates.get(name)!.resolve();
    assertEquals((await client.answer(2)).body, "begun ended");
    assertEquals((await client.ask(get("/?x"))).body, "hello x");
  },
  { timeouts: { body: 600 } },
);

overBoth("a body that stalls is given up though bodies of other ids arrive", stage, async (client) => {
  await client.send(begin(1), params(post(100, "/echo")), stdin("part"));
  await client.send(begin(2), params(post(undefined, "/echo"), 2));
  let sent = 0;
  while (!client.answered.includes(1) && sent < 60) {
    await client.send(stdin("b", 2), request(get(`/?${++sent}`), { id: 2 + sent }));
    await client.answer(2 + sent);
    await delay(50);
  }
  assert(client.answered.includes(1));
  assertEquals((await client.answer(1)).status, 408);
  await client.send(stdinEnd(2));
  assertEquals((await client.answer(2)).body, "b".repeat(sent));
}, { timeouts: { body: 600 } });

serverOverBoth("a drain closes idle connections, and the others after END_REQUEST", stage, async (server) => {
  using idle = await server.connect();
  using busy = await server.connect();
  await idle.ask(get("/?x"));
  const name = fresh();
  await busy.send(request(get(`/gate?${name}`)));
  await busy.receives("begun");
  const drained = server.drain();
  await idle.closes();
  gates.get(name)!.resolve();
  assertEquals((await busy.answer()).body, "begun ended");
  await busy.closes();
  await drained;
}, { timeouts: { linger: 500 } });

serverOverBoth(
  "a drain leaves a front end that asks again at once until it pauses",
  stage,
  async (server) => {
    using busy = await server.connect();
    const name = fresh();
    await busy.send(request(get(`/gate?${name}`)));
    await busy.receives("begun");
    const drained = server.drain();
    gates.get(name)!.resolve();
    assertEquals((await busy.answer()).body, "begun ended");
    for (let times = 0; times < 5; times++) assertEquals((await busy.ask(get("/?again"))).status, 200);
    await busy.closes();
    await drained;
  },
);

serverOverBoth(
  "a drain leaves a front end that never pauses after timeouts.linger",
  stage,
  async (server) => {
    using busy = await server.connect();
    await busy.ask(get("/?x"));
    const drained = server.drain();
    let asked = 0;
    try {
      for (; asked < 1_000_000; asked++) await busy.ask(get("/?again"));
    } catch {
      // Closed instead of an answer.
    }
    assert(asked > 1 && asked < 1_000_000, `${asked} answered`);
    await drained;
  },
  { timeouts: { linger: 300 } },
);
