/** Flow control both ways: what nobody reads is not held, and not sent for. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  abort,
  begin,
  FcgiClient,
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
import { overBoth, serverOverBoth } from "../support/fcgi_server.ts";
import { delay } from "../support/delay.ts";
import { MeasuredServer } from "../support/measured_server.ts";
import type { App } from "../../twig/mod.ts";

const MiB = 1024 * 1024;
/** By the query of their request: exchanges whose client is gone. */
const left = new Map<string, PromiseWithResolvers<void>>();

function connectTo({ port }: MeasuredServer): Promise<FcgiClient> {
  return FcgiClient.connect({ protocol: "fcgi", transport: "tcp", hostname: "127.0.0.1", port });
}

Deno.test("a 64 MiB upload to an app that does not read stays in the socket", async () => {
  await using sink = await MeasuredServer.start("./fcgi_sink.ts");
  using client = await connectTo(sink);
  await client.send(begin(), params(post(64 * MiB, "/ignore")));
  const before = await sink.memory();
  const piece = stdin(new Uint8Array(65528));
  let sent = 0;
  const sending = (async () => {
    for (let i = 0; i < 1024; i++) {
      await client.send(piece);
      sent += 65528;
    }
  })().catch(() => {});
  await delay(1500);
  const after = await sink.memory();
  // A window of the server, and the kernel's two buffers.
  assert(sent < 24 * MiB, `${sent} bytes were taken`);
  assert(after.held - before.held < 8 * MiB, `${after.held - before.held} bytes are held`);
  client.close();
  await sending;
});

Deno.test("fifty readers that stall in answers of 50 MB cost a few MiB", async () => {
  await using sink = await MeasuredServer.start("./fcgi_sink.ts");
  using first = await connectTo(sink);
  await first.ask(get("/download"));
  const before = await sink.memory();
  const clients = [];
  for (let i = 0; i < 50; i++) {
    const client = await connectTo(sink);
    await client.send(request(get("/download")));
    clients.push(client);
  }
  for (const client of clients) assert(await client.next() !== undefined);
  await delay(500);
  const after = await sink.memory();
  assert(after.held - before.held < 16 * MiB, `${(after.held - before.held) / MiB} MiB are held`);
  assert(after.rss - before.rss < 256 * MiB, `${(after.rss - before.rss) / MiB} MiB more`);
  assertEquals((await first.ask(get("/download"))).body.length, 782 * 64_000);
  for (const client of clients) client.close();
});

const count: App = async (request) => {
  let size = 0;
  for await (const chunk of request.body) size += chunk.length;
  return String(size);
};

overBoth("a body larger than every buffer arrives whole", count, async (client) => {
  await client.send(begin(), params(post(undefined)));
  for (let i = 0; i < 300; i++) await client.send(stdin(new Uint8Array(65535)));
  await client.send(stdinEnd());
  assertEquals((await client.answer()).body, String(300 * 65535));
}, { limits: { bodyBytes: 64 * MiB } });

overBoth("an app that stops reading for a while gets the rest later", async (request) => {
  let size = 0;
  for await (const chunk of request.body) {
    if (size < 2 * MiB && size + chunk.length >= 2 * MiB) await delay(300);
    size += chunk.length;
  }
  return String(size);
}, async (client) => {
  await client.ask(post(8 * MiB), { body: new Uint8Array(8 * MiB) }).then(({ body }) =>
    assertEquals(body, String(8 * MiB))
  );
});

overBoth("an app may answer while it reads", async function* (request) {
  for await (const chunk of request.body) yield chunk;
}, async (client) => {
  await client.send(begin(), params(post(undefined)));
  for (const word of ["one ", "two ", "three"]) {
    await client.send(stdin(word));
    await client.receives(word);
  }
  await client.send(stdinEnd());
  assertEquals((await client.answer()).body, "one two three");
}, {});

overBoth("an echo of 16 MB flows both ways at once", async function* (request) {
  for await (const chunk of request.body) yield chunk;
}, async (client) => {
  const body = new Uint8Array(16_000_000);
  for (let i = 0; i < body.length; i++) body[i] = i * 31 + (i >> 9);
  const sending = client.send(request(post(body.length), { body }));
  const { body: answer } = await client.answer();
  await sending;
  assertEquals(answer.length, body.length);
  for (let i = 0; i < body.length; i += 997) assertEquals(answer.charCodeAt(i), body[i]);
}, { limits: { bodyBytes: 64 * MiB } });

serverOverBoth(
  "a reader that stalls on one connection is in nobody's way on others",
  download,
  async (server) => {
    using stalled = await server.connect();
    await stalled.send(request(get("/big")));
    using other = await server.connect();
    for (let i = 0; i < 20; i++) assertEquals((await other.ask()).body, "small");
  },
);

serverOverBoth(
  "a front end that goes away in the middle of an answer stops the app",
  async function* (request) {
    const name = request.query;
    try {
      for (;;) yield new Uint8Array(64_000);
    } finally {
      stopped.add(name);
    }
  },
  async (server) => {
    const name = crypto.randomUUID();
    const client = await server.connect();
    await client.send(request(get(`/?${name}`)));
    await client.next();
    client.close();
    for (let i = 0; i < 200 && !stopped.has(name); i++) await delay(20);
    assert(stopped.has(name));
    assertEquals(server.log, []);
  },
);

const stopped = new Set<string>();

overBoth("a reader that makes no progress is given up after timeouts.write", download, async (client) => {
  await client.send(request(get("/big")));
  await delay(1500);
  const records = await client.rest().catch(() => []);
  assertEquals(records.filter(({ type }) => type === TYPE.end), []);
}, { timeouts: { write: 500 } });

overBoth(
  "PARAMS are not late if they could not be read for all that was to be written",
  download,
  async (client) => {
    await client.send(request(get("/big"), { id: 1 }));
    await delay(300);
    const head = params(get("/"), 2);
    await client.send(begin(2), head.subarray(0, 30));
    await delay(1500);
    const sending = client.send(head.subarray(30), stdinEnd(2));
    assertEquals((await client.answer(1)).body.length, 64_000_000);
    await sending;
    assertEquals((await client.answer(2)).body, "small");
  },
  { timeouts: { header: 500 } },
);

async function* download(request: Parameters<App>[0]): AsyncGenerator<Uint8Array | string> {
  if (request.pathInfo !== "/big") return void (yield "small");
  for (let i = 0; i < 1000; i++) yield new Uint8Array(64_000);
}

const BIG = 20_000_000;

/** One answer that is one chunk; what is small says so. */
const big: App = ({ pathInfo }) => {
  if (pathInfo === "/bytes") return new Uint8Array(BIG);
  return pathInfo === "/text" ? "x".repeat(BIG) : "small";
};

for (const path of ["/bytes", "/text"]) {
  overBoth(`a large answer of one chunk, of ${path.slice(1)}, is in nobody's way`, big, async (client) => {
    await client.send(request(get(path), { id: 1 }), request(get("/"), { id: 2 }));
    assertEquals((await client.answer(2)).body, "small");
    assertEquals(client.answered, []);
    assert(client.stdoutOf(1).length < 1_000_000, `${client.stdoutOf(1).length} bytes came before`);
    const answer = await client.answer(1);
    assertEquals([answer.body.length, valuesOf(answer, "content-length")], [BIG, [String(BIG)]]);
  });

  overBoth(`a large answer of one chunk, of ${path.slice(1)}, can be given up`, big, async (client) => {
    await client.send(request(get(path)));
    await client.receives(`content-length: ${BIG}`);
    await client.send(abort());
    let size = 0;
    for (let record = await client.next(); record?.type !== TYPE.end; record = await client.next()) {
      size += record!.content.length;
    }
    assert(size < BIG / 2, `${size} bytes came`);
    assertEquals((await client.ask(get(), { id: 2 })).body, "small");
  });
}

overBoth("a large chunk that is yielded is in nobody's way", async function* ({ pathInfo }) {
  if (pathInfo === "/") return void (yield "small");
  yield new Uint8Array(BIG);
  yield "x".repeat(BIG);
}, async (client) => {
  await client.send(request(get("/yields"), { id: 1 }), request(get("/"), { id: 2 }));
  assertEquals((await client.answer(2)).body, "small");
  assert(client.stdoutOf(1).length < 1_000_000, `${client.stdoutOf(1).length} bytes came before`);
  assertEquals((await client.answer(1)).body.length, 2 * BIG);
});

overBoth("a large answer to HEAD has no body and its length", big, async (client) => {
  const answer = await client.ask({ ...get("/bytes"), REQUEST_METHOD: "HEAD" });
  assertEquals([answer.body, valuesOf(answer, "content-length")], ["", [String(BIG)]]);
});

overBoth("an unread body of some MiB is in nobody's way, though it came alone", async (request) => {
  if (request.pathInfo !== "/") {
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
  }
  return "small";
}, async (client) => {
  const body = new Uint8Array(3.5 * MiB);
  await client.send(request(post(body.length, "/unread"), { body }), request(get(), { id: 2 }));
  assertEquals((await client.answer(2)).body, "small");
  await client.send(getValues("FCGI_MPXS_CONNS"), abort());
  assertEquals((await client.next())!.type, TYPE.getValuesResult);
  assertEquals((await client.answer()).protocolStatus, STATUS.complete);
});

overBoth("an unread body that keeps others from being heard is given up", async function* (request) {
  if (request.pathInfo === "/") return void (yield "small");
  if (request.pathInfo === "/waits") yield "";
  await new Promise((_, reject) =>
    request.signal.addEventListener("abort", () => reject(request.signal.reason))
  );
}, async (client) => {
  await client.send(request(get("/waits"), { id: 2 }), begin(1), params(post(8 * MiB, "/unread"), 1));
  const sent = client.send(
    stdin(new Uint8Array(60_000), 1),
    ...Array.from(
      { length: 100 },
      () => stdin(new Uint8Array(60_000), 1),
    ),
    abort(2),
    request(get("/"), { id: 3 }),
  );
  const ended: number[] = [];
  let text = "";
  while (ended.length < 3) {
    const { type, id, content } = (await client.next())!;
    if (type === TYPE.end) ended.push(id);
    else if (id !== 2) text += new TextDecoder().decode(content);
  }
  await sent;
  // The app is still at work for the one that was given up, and the connection goes on.
  assertEquals(ended, [1, 2, 3]);
  assertMatch(text, /^Status: 503 .*Status: 200 OK.*small$/s);
});

overBoth(
  "a body that its app reads slowly but steadily is whole, whatever others wait for",
  async function* (request) {
    if (request.pathInfo === "/waits") {
      yield "";
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      return;
    }
    let size = 0;
    const reader = request.body[Symbol.asyncIterator]();
    // Far longer than the second that a body which nobody reads is given, and in small pieces.
    for (let pieces = 0;; pieces++) {
      const { done, value } = await reader.next();
      if (done) break;
      size += value.length;
      if (pieces < 30) await delay(100);
    }
    yield String(size);
  },
  async (client) => {
    const size = 10 * MiB;
    await client.send(request(get("/waits"), { id: 2 }), begin(1), params(post(size, "/slow"), 1));
    const piece = stdin(new Uint8Array(2048), 1);
    const sent = client.send(...Array.from({ length: size / 2048 }, () => piece), stdinEnd(1));
    const { status, body } = await client.answer(1);
    assertEquals([status, body], [200, String(size)]);
    await sent;
    await client.send(abort(2));
  },
);

for (const size of [4.5 * MiB, 5.5 * MiB]) {
  for (const complete of [false, true]) {
    const what = `${complete ? "all" : "some"} of an unread upload of ${size / MiB} MiB`;
    overBoth(`a client that leaves after ${what} is noticed`, (request) => {
      request.signal.addEventListener("abort", () => left.get(decodeURIComponent(request.query))!.resolve());
      return left.get(decodeURIComponent(request.query))!.promise.then(() => "too late");
    }, async (client, server) => {
      const name = `${what} ${server.address.transport}`;
      left.set(name, Promise.withResolvers());
      const declared = complete ? size : 2 * size;
      await client.send(begin(), params(post(declared, `/?${encodeURIComponent(name)}`)));
      const sent = client.send(...Array.from({ length: size / 32_768 }, () => stdin(new Uint8Array(32_768))));
      await Promise.race([sent, delay(500)]);
      client.close();
      await left.get(name)!.promise;
      await sent.catch(() => {});
    });
  }
}
