import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { HttpCore } from "../../server/http/mod.ts";
import { FcgiCore } from "../../fcgi/mod.ts";
import { FcgiEndpoints, HttpEndpoints } from "../../server/endpoints.ts";
import { ErrorLog } from "../../server/error_log.ts";
import { Mounts } from "../../server/mounts.ts";
import { ProcessHost } from "../../server/process_host.ts";
import type { App, WireProtocol } from "../../twig/mod.ts";
import { delay } from "../support/delay.ts";
import { begin, get, params, post, request, stdin } from "../support/fcgi_client.ts";
import { textOf } from "../support/raw_client.ts";
import { type Differences, settingsOf } from "../support/served.ts";
import { SteppedTransport } from "../support/stepped_transport.ts";
import { StoppedTime } from "../support/stopped_time.ts";

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
const LOOPBACK = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  localAddr: { transport: "tcp", hostname: "127.0.0.1", port: 2 },
} as const;

/** A connection that is being served; closed with `await using`. */
class Served implements AsyncDisposable {
  readonly transport: SteppedTransport;
  readonly host: ProcessHost;
  /** What would have been logged. */
  readonly errors: readonly unknown[];
  readonly over: Promise<void>;

  private constructor(
    host: ProcessHost,
    transport: SteppedTransport,
    core: WireProtocol,
    errors: readonly unknown[],
  ) {
    this.host = host;
    this.transport = transport;
    this.errors = errors;
    const ends = core.multiplexed ? new FcgiEndpoints(LOOPBACK) : new HttpEndpoints(LOOPBACK);
    this.over = host.serve(transport, core, ends);
  }

  static async start(
    app: App,
    differences: Differences = {},
    held = false,
    core?: WireProtocol,
  ): Promise<Served> {
    const settings = settingsOf(app, differences);
    const mounts = new Mounts(settings);
    await mounts.load(true);
    const errors: unknown[] = [];
    const log = new ErrorLog("test");
    log.protocolError = log.appError = (error: unknown) => void errors.push(error);
    return new Served(
      new ProcessHost(settings, mounts, log, undefined),
      new SteppedTransport(held),
      core ?? new HttpCore(settings.limits),
      errors,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.host.stop();
    await this.over;
  }
}

/** Lets everything happen that does not wait for time or for the client. */
async function settled(): Promise<void> {
  for (let i = 0; i < 5; i++) await delay(0);
}

const count = (text: string, part: string) => text.split(part).length - 1;

Deno.test("Connection sends the answers to pipelined requests in one write", async () => {
  await using served = await Served.start(() => "hello");
  served.transport.send(GET.repeat(7));
  await settled();
  assertEquals(served.transport.writes, 1);
  assertEquals(count(served.transport.taken, "HTTP/1.1 200"), 7);
});

Deno.test("Connection sends an answer together with those before it if the app does not really wait", async () => {
  await using served = await Served.start(async (request) => {
    if (request.pathInfo === "/last") { for (let i = 0; i < 3; i++) await null; }
    return "hello";
  });
  served.transport.send(GET + GET + GET.replace("/", "/last"));
  await settled();
  assertEquals(served.transport.writes, 1);
  assertEquals(count(served.transport.taken, "HTTP/1.1 200"), 3);
});

Deno.test("Connection does not hold an answer back for one that waits", async () => {
  const go = Promise.withResolvers<void>();
  await using served = await Served.start(async (request) => {
    if (request.pathInfo === "/last") await go.promise;
    return "hello";
  });
  served.transport.send(GET + GET + GET.replace("/", "/last"));
  await settled();
  assertEquals(served.transport.writes, 1);
  assertEquals(count(served.transport.taken, "HTTP/1.1 200"), 2);
  go.resolve();
  await settled();
  assertEquals(count(served.transport.taken, "HTTP/1.1 200"), 3);
});

Deno.test("Connection sends what an app yields without waiting in one write, with its length", async () => {
  const apps: App[] = [
    function* () {
      for (let i = 0; i < 200; i++) yield "line\n";
    },
    async function* () {
      for (let i = 0; i < 200; i++) yield "line\n";
    },
  ];
  for (const app of apps) {
    await using served = await Served.start(app);
    served.transport.send(GET);
    await settled();
    assertEquals(served.transport.writes, 1);
    assert(served.transport.taken.endsWith("line\n".repeat(200)));
  }
  await using served = await Served.start(apps[0]!);
  served.transport.send(GET);
  await settled();
  assertStringIncludes(served.transport.taken, "content-length: 1000\r\n");
});

Deno.test("Connection sends what is there as soon as the app waits", async () => {
  const go = Promise.withResolvers<void>();
  await using served = await Served.start(async function* () {
    yield "one ";
    yield "two ";
    await go.promise;
    yield "three";
  });
  served.transport.send(GET);
  await settled();
  assertEquals(served.transport.writes, 1);
  assert(served.transport.taken.endsWith("8\r\none two \r\n") || served.transport.taken.includes("two "));
  go.resolve();
  await settled();
  assertEquals(served.transport.writes, 2);
  assert(served.transport.taken.endsWith("three\r\n0\r\n\r\n"));
});

Deno.test("Connection keeps a read pending while an app works, into the memory that is there", async () => {
  await using served = await Served.start(() => new Promise<string>(() => {}));
  served.transport.send(GET);
  await settled();
  assert(served.transport.reading > 0 && served.transport.reading <= 512);
});

Deno.test("Connection reads no further than its memory while an app does not read", async () => {
  await using served = await Served.start(() => new Promise<string>(() => {}), {
    limits: { bodyBytes: 1e9 },
  });
  served.transport.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 900000000\r\n\r\n");
  for (let i = 0; i < 1000; i++) served.transport.send("x".repeat(1000));
  await settled();
  assertEquals(served.transport.reading, 0);
});

Deno.test("Connection reads a body no further than the app asks", async () => {
  const asked: (() => void)[] = [];
  let got = 0;
  await using served = await Served.start(async (request) => {
    for await (const piece of request.body) {
      got += piece.length;
      await new Promise<void>((resolve) => asked.push(resolve));
    }
    return "done";
  }, { limits: { bodyBytes: 1e9 } });
  served.transport.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n");
  for (let i = 0; i < 1000; i++) served.transport.send("x".repeat(1000));
  await settled();
  const first = got;
  assert(first > 0 && first < 130_000, `${first} bytes were taken at once`);
  for (let rounds = 0; got < 1_000_000 && rounds < 2000; rounds++) {
    asked.shift()?.();
    await delay(0);
  }
  asked.shift()?.();
  await settled();
  assert(served.transport.taken.endsWith("done"));
});

Deno.test("Connection gives small reads little memory, and large ones more", async () => {
  await using served = await Served.start((request) =>
    request.body.bytes().then(({ length }) => String(length))
  );
  const sizes: number[] = [];
  served.transport.send(GET);
  await settled();
  sizes.push(served.transport.reading);
  served.transport.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2000000\r\n\r\n");
  for (let i = 0; i < 19; i++) served.transport.send("x".repeat(100_000));
  await settled();
  sizes.push(served.transport.reading);
  served.transport.send("x".repeat(100_000));
  await settled();
  assert(served.transport.taken.endsWith("2000000"));
  // A read that is pending keeps the memory it was given; the next one has less.
  served.transport.send(GET);
  await settled();
  sizes.push(served.transport.reading);
  assertEquals(sizes[0], 256);
  assert(sizes[1]! >= 32 * 1024, `${sizes[1]} bytes for a body of 2 MB`);
  assert(sizes[2]! <= 4 * 1024, `${sizes[2]} bytes for a connection at rest`);
});

Deno.test("Connection goes on after a write that was taken in part, in order", async () => {
  await using served = await Served.start((request) => request.pathInfo, {}, true);
  served.transport.send(GET.replace("/", "/1") + GET.replace("/", "/2"));
  await settled();
  served.transport.take(10);
  await settled();
  served.transport.take(1);
  await settled();
  served.transport.send(GET.replace("/", "/3"));
  await settled();
  while (served.transport.writing) {
    served.transport.take(50);
    await settled();
  }
  assertEquals([...served.transport.taken.matchAll(/\r\n\r\n(\/\d)/g)].map(([, path]) => path), [
    "/1",
    "/2",
    "/3",
  ]);
});

Deno.test("Connection takes no more requests while too much is unsent, and goes on afterwards", async () => {
  let calls = 0;
  await using served = await Served.start(
    () => {
      calls++;
      return "x".repeat(50_000);
    },
    {},
    true,
  );
  served.transport.send(GET.repeat(50));
  await settled();
  const before = calls;
  assert(before >= 1 && before <= 8, `${before} requests were answered for a client that takes nothing`);
  for (let rounds = 0; calls < 50 && rounds < 1000; rounds++) {
    if (served.transport.writing) served.transport.take();
    await settled();
  }
  while (served.transport.writing) {
    served.transport.take();
    await settled();
  }
  assertEquals(count(served.transport.taken, "HTTP/1.1 200"), 50);
});

Deno.test("Connection pulls no more from an app while too much is unsent", async () => {
  for (const async of [false, true]) {
    let pulled = 0;
    const sync = function* () {
      for (;; pulled += 1000) yield "x".repeat(1000);
    };
    const asynchronous = async function* () {
      yield* sync();
    };
    await using served = await Served.start(async ? asynchronous : sync, {}, true);
    served.transport.send(GET);
    await settled();
    const before = pulled;
    assert(before < 400_000, `${before} bytes were pulled`);
    served.transport.take(1000);
    await settled();
    assertEquals(pulled, before);
    while (pulled === before && served.transport.writing) {
      served.transport.take();
      await settled();
    }
    assert(pulled > before && pulled < before + 400_000);
  }
});

Deno.test("Connection aborts the exchange when a write fails", async () => {
  const aborted = Promise.withResolvers<void>();
  await using served = await Served.start(
    async function* (request) {
      request.signal.addEventListener("abort", () => aborted.resolve());
      for (;;) {
        yield "x";
        await delay(1);
      }
    },
    {},
    true,
  );
  served.transport.send(GET);
  await settled();
  served.transport.break();
  await aborted.promise;
  await served.over;
  assertEquals(served.errors, []);
});

Deno.test("Connection closes when an app that took its time finds that the client has left within the body", async () => {
  const go = Promise.withResolvers<void>();
  await using served = await Served.start(async (request) => {
    const pieces = request.body[Symbol.asyncIterator]();
    await pieces.next();
    await go.promise;
    await pieces.next();
    return "never";
  });
  served.transport.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc");
  await settled();
  served.transport.send(null);
  await settled();
  go.resolve();
  await settled();
  assert(served.transport.taken.startsWith("HTTP/1.1 400 "));
  assert(served.transport.closed);
});

Deno.test("Connection closes without lingering after a complete request that was the last", async () => {
  await using served = await Served.start(() => "bye");
  served.transport.send("GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
  await served.over;
  assert(served.transport.taken.endsWith("bye"));
  assert(served.transport.closed);
});

Deno.test("Connection sends FIN first and reads on where the client may still be sending", async () => {
  await using served = await Served.start(() => "", { timeouts: { linger: 10_000 } });
  served.transport.send("BAD\r\n\r\n");
  await settled();
  assertEquals([served.transport.finished, served.transport.closed], [true, false]);
  served.transport.send("x".repeat(100_000));
  await settled();
  assertEquals(served.transport.closed, false);
  served.transport.send(null);
  await served.over;
  assert(served.transport.closed);
});

Deno.test("Connection does not act on requests that come while it lingers", async () => {
  let calls = 0;
  await using served = await Served.start(() => String(++calls));
  served.transport.send("BAD\r\n\r\n");
  await settled();
  served.transport.send(GET.repeat(10));
  await settled();
  assertEquals(calls, 0);
  assertEquals(count(served.transport.taken, "HTTP/1.1"), 1);
});

Deno.test("Connection reports what is not the client's fault as a bug, and closes", async () => {
  const core = new HttpCore(settingsOf(() => "").limits);
  core.next = () => {
    throw new TypeError("not written yet");
  };
  await using served = await Served.start(() => "", {}, false, core);
  served.transport.send(GET);
  await served.over;
  assertEquals(served.errors.length, 1);
  assertStringIncludes(String(served.errors[0]), "Bug: TypeError: not written yet");
  assertEquals(served.transport.writes, 0);
});

Deno.test("Connection answers what is in flight when it is drained, and then closes", async () => {
  const go = Promise.withResolvers<void>();
  await using served = await Served.start(() => go.promise.then(() => "done"));
  served.transport.send(GET);
  await settled();
  const drained = served.host.drain(true);
  assertEquals(served.transport.closed, false);
  go.resolve();
  await settled();
  // The client may be sending another request, and is not to be answered with a reset.
  assertEquals([served.transport.finished, served.transport.closed], [true, false]);
  served.transport.send(null);
  await drained;
  assert(served.transport.closed);
  assertStringIncludes(served.transport.taken, "connection: close\r\n");
  assert(served.transport.taken.endsWith("done"));
});

Deno.test("Connection takes one more request after an answer that was on its way when it was drained", async () => {
  await using served = await Served.start(() => "here", {}, true);
  served.transport.send(GET);
  await settled();
  assert(served.transport.writing);
  served.host.drain(false);
  // The client has its answer, and no word in it that the connection closes.
  served.transport.take();
  served.transport.send(GET);
  await settled();
  assert(served.transport.writing);
  served.transport.take();
  await settled();
  assertEquals(count(served.transport.taken, "HTTP/1.1 200"), 2);
  assertEquals(count(served.transport.taken, "connection: close"), 1);
  assert(served.transport.finished);
});

Deno.test("Connection leaves no timer behind, and an idle process has none", async () => {
  const set = globalThis.setTimeout;
  const clear = globalThis.clearTimeout;
  const running = new Map<unknown, string>();
  globalThis.setTimeout = ((call: () => void, milliseconds?: number) => {
    const id = set(() => {
      running.delete(id);
      call();
    }, milliseconds);
    if ((milliseconds ?? 0) > 0) running.set(id, new Error().stack ?? "");
    return id;
  }) as typeof setTimeout;
  globalThis.clearTimeout = (id) => {
    running.delete(id);
    clear(id);
  };
  try {
    await using served = await Served.start(() => "hello");
    served.transport.send(GET);
    await settled();
    assertEquals(running.size, 1, [...running.values()].join("\n"));
    const others = [];
    for (let i = 0; i < 100; i++) {
      const transport = new SteppedTransport();
      others.push(transport);
      served.host.serve(
        transport,
        new HttpCore(served.host.limits),
        new HttpEndpoints(LOOPBACK),
      );
      transport.send(GET);
    }
    await settled();
    assertEquals(running.size, 1, "One timer serves all deadlines");
    for (const transport of others) transport.send(null);
    served.transport.send(null);
    await settled();
    assertEquals(served.host.clock.watched, 0);
    assertEquals(running.size, 0, [...running.values()].join("\n"));
  } finally {
    globalThis.setTimeout = set;
    globalThis.clearTimeout = clear;
  }
});

/** What a connection with a client on stopped time does. */
const SLOW = { idle: 10_000, header: 10_000, write: 60_000 };

Deno.test("Connection has the idle time anew when a slow client has taken the last of its answer", async () => {
  for (
    const app of [() => "hello", () => Promise.resolve("hello").then(async (text) => (await delay(0), text))]
  ) {
    using time = new StoppedTime();
    await using served = await Served.start(app, { timeouts: SLOW }, true);
    const { transport } = served;
    transport.send(GET);
    await settled();
    transport.take(10);
    await settled();
    time.pass(8_000);
    await settled();
    transport.take();
    await settled();
    assert(transport.taken.endsWith("hello"));
    time.pass(8_000);
    await settled();
    assertEquals(transport.closed, false);
    time.pass(3_000);
    await settled();
    assertEquals(transport.closed, true);
  }
});

Deno.test("Connection does not take a client that is slow to take its answer for an idle one", async () => {
  using time = new StoppedTime();
  await using served = await Served.start(() => "hello", { timeouts: SLOW }, true);
  const { transport } = served;
  transport.send(GET);
  await settled();
  for (let times = 0; times < 5; times++) {
    transport.take(1);
    await settled();
    time.pass(8_000);
    await settled();
  }
  assertEquals(transport.closed, false);
  transport.take();
  await settled();
  assert(transport.taken.endsWith("hello"));
});

Deno.test("Connection at rest is closed at once when the server stops", async () => {
  using _time = new StoppedTime();
  await using served = await Served.start(() => "hello");
  served.transport.send(GET);
  await settled();
  served.host.drain(true);
  assert(served.transport.closed);
});

Deno.test("Connection delivers an answer that is on its way when the server stops", async () => {
  await using served = await Served.start(() => "hello", {}, true);
  const { transport } = served;
  transport.send(GET);
  await settled();
  transport.take(10);
  await settled();
  served.host.drain(true);
  await settled();
  assertEquals(transport.closed, false);
  transport.take();
  await settled();
  assert(transport.taken.endsWith("hello"));
  assert(transport.finished);
});

Deno.test("Connection does not read from a front end that takes nothing, whatever bodies are asked for", async () => {
  using _time = new StoppedTime();
  const [answer, read] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let size = 0;
  await using served = await Served.start(
    async function* (request) {
      if (request.method === "GET") {
        await answer.promise;
        yield "x".repeat(16_000);
        return;
      }
      for await (const piece of request.body) {
        size += piece.length;
        await read.promise;
      }
    },
    {},
    true,
    new FcgiCore(settingsOf(() => "").limits),
  );
  const { transport } = served;
  const send = (...records: Uint8Array[]) => records.forEach((record) => transport.send(textOf(record)));
  for (let id = 2; id < 32; id++) send(request(get(), { id }));
  send(begin(), params(post(undefined)));
  let sent = 0;
  for (; transport.reading > 0 || sent === 0; sent += 32_768) {
    assert(sent < 10_000_000, "a body that nobody reads fills its window");
    send(stdin(new Uint8Array(32_768)));
    await settled();
  }
  answer.resolve();
  await settled();
  assert(transport.writing);
  read.resolve();
  await settled();
  assertEquals([size, transport.reading], [sent, 0], "the app waits for more");
  while (transport.writing) {
    transport.take();
    await settled();
  }
  assert(transport.reading > 0);
});

Deno.test("Connection closes when a client has sent its FIN and no app answers, though one reads its body", async () => {
  using time = new StoppedTime();
  const go = Promise.withResolvers<void>();
  let lost = false;
  await using served = await Served.start(async (request) => {
    request.signal.addEventListener("abort", () => lost = true);
    await go.promise;
    await request.body.bytes();
    await new Promise(() => {});
    return "";
  });
  served.transport.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello");
  served.transport.send(null);
  await settled();
  go.resolve();
  await settled();
  assertEquals([served.transport.closed, lost], [false, false]);
  time.pass(5_000);
  await settled();
  assertEquals([served.transport.closed, lost], [true, true]);
});

Deno.test("Connection with a front end that never pauses is left timeouts.linger after another took over", async () => {
  using time = new StoppedTime();
  const core = new FcgiCore(settingsOf(() => "").limits);
  await using served = await Served.start(() => "hello", { timeouts: { linger: 100 } }, false, core);
  const { transport } = served;
  const ask = async () => {
    transport.send(textOf(request(get())));
    await settled();
  };
  await ask();
  served.host.drain(false);
  for (let passed = 0; passed < 90; passed += 10) {
    await ask();
    assertEquals(transport.closed || transport.finished, false, `${passed} ms`);
    time.pass(10);
  }
  time.pass(10);
  await ask();
  assertEquals(count(transport.taken, "hello"), 11);
  assert(transport.closed || transport.finished);
});

Deno.test("Connection reports an answer once that is cut because its request's body stalls", async () => {
  using time = new StoppedTime();
  const core = new FcgiCore(settingsOf(() => "").limits);
  const app: App = async function* (request) {
    if (request.method === "GET") await new Promise(() => {});
    yield "begun";
    await request.body.bytes();
  };
  await using served = await Served.start(app, { timeouts: { body: 10_000 } }, false, core);
  const { transport } = served;
  transport.send(textOf(request(get(), { id: 2 })));
  transport.send(textOf(begin(1)) + textOf(params(post(100))) + textOf(stdin("part")));
  await settled();
  assertStringIncludes(transport.taken, "begun");
  assertEquals(served.errors, []);
  time.pass(15_000);
  await settled();
  assertEquals(served.errors.length, 1, served.errors.join("\n"));
});

Deno.test("Connection goes on to look whether a client is there that sent its FIN behind several requests", async () => {
  using time = new StoppedTime();
  const [first, second] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()];
  await using served = await Served.start(({ pathInfo }) =>
    pathInfo === "/1" ? first.promise : second.promise
  );
  const { transport } = served;
  transport.send(GET.replace("/", "/1") + GET.replace("/", "/2"));
  transport.send(null);
  await settled();
  first.resolve("one");
  await settled();
  assert(transport.taken.endsWith("one"));
  const { writes } = transport;
  time.pass(5_000);
  await settled();
  // An empty write fails if the client has answered what it got with a reset.
  assert(transport.writes > writes);
  assertEquals(transport.closed, false);
  second.resolve("two");
  await served.over;
  assert(transport.taken.endsWith("two"));
});

Deno.test("Connection that an unread body keeps from reading writes something, to see whether the peer is there", async () => {
  using time = new StoppedTime();
  let lost = false;
  await using served = await Served.start(
    (request) => {
      request.signal.addEventListener("abort", () => lost = true);
      return new Promise<string>(() => {});
    },
    {},
    true,
    new FcgiCore(settingsOf(() => "").limits),
  );
  const { transport } = served;
  transport.send(textOf(begin()) + textOf(params(post(undefined))));
  for (let sent = 0; transport.reading > 0 || sent === 0; sent++) {
    assert(sent < 300, "a body that nobody reads fills its window");
    transport.send(textOf(stdin(new Uint8Array(32_768))));
    await settled();
  }
  assertEquals(transport.writing, false);
  time.pass(5_000);
  await settled();
  assert(transport.writing);
  assertEquals(lost, false);
  transport.break();
  await served.over;
  assertEquals([lost, transport.closed], [true, true]);
});
