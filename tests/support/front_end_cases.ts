/**
 * What every front end has to carry between a client and an app, as one test with a step for each: a front end started
 * as the document says, a server in this process, an app that does what the last part of the path says.
 *
 * Front ends differ, and the document says how: {@linkcode Behaviour} is a row of its table, and both what is there and
 * what is not there is checked.
 */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createHash } from "node:crypto";
import type { Limits } from "../../server/limits.ts";
import type { App } from "../../twig/mod.ts";
import { CountingRelay } from "./counting_relay.ts";
import { delay } from "./delay.ts";
import { FcgiServer, type Place, type Transport } from "./fcgi_server.ts";
import { findFrontEnd, FrontEnd, type FrontEndName } from "./front_ends.ts";
import { waitUntil } from "./processes.ts";
import { type RawResponse, valuesOf } from "./raw_client.ts";
import { inspect, type Seen } from "./served.ts";

/** A row of the table in the document. */
export interface Behaviour {
  /** The front end. */
  readonly name: FrontEndName;
  /** Which of its configurations this is. */
  readonly title: string;
  /** What is different from the document. */
  readonly edit?: (shown: string) => string;
  /** Where requests go; the app ignores it. Default: `/`. */
  readonly prefix?: string;
  /** Whether connections are reused. */
  readonly reuses: boolean;
  /** Whether a piece of an answer reaches the client before the next one is made. */
  readonly liveAnswers: boolean;
  /**
   * Whether a piece of an upload reaches the app before the next one is sent. HAProxy holds uploads of unknown length back,
   * which then must be small, and begins others when it has a few KiB.
   */
  readonly uploads: "live" | "stored" | "live with a length";
  /** Whether an answer of unknown length that is cut looks cut. */
  readonly cutIsNoticed: boolean;
  /** When an app hears of a client that left; one that reads a live upload does at once in any case. */
  readonly leaving: "told at once" | "noticed by writing" | "not noticed";
  /** Whether repeated fields of a request arrive as one. */
  readonly joinsFields: boolean;
  /** Whether a target that names another host than Host does is refused. */
  readonly refusesTwoHosts: boolean;
}

const LARGE = 100_000_000;
/** More than any front end waits for before it passes a part of an upload on. */
const ENOUGH = "x".repeat(40_000);
/** Several times what the server holds of an unread body, in bytes. */
const LATE_SIZE = 12_000_000;
/** Requests, one after the other, that show whether connections are reused. */
const REQUESTS = 12;

/** One app for all cases. */
export class Stage {
  /** Names of exchanges whose client is gone. */
  readonly gone = new Set<string>();
  /** What the app of `/listen` has received. */
  readonly heard = new Map<string, string>();
  readonly #gates = new Map<string, PromiseWithResolvers<void>>();

  /** What an exchange waits for. */
  gate(name: string): PromiseWithResolvers<void> {
    let gate = this.#gates.get(name);
    if (gate === undefined) this.#gates.set(name, gate = Promise.withResolvers());
    return gate;
  }

  readonly app: App = (request, response) => {
    const act = request.pathInfo.slice(request.pathInfo.lastIndexOf("/") + 1);
    const name = request.query;
    switch (act) {
      case "inspect":
        return inspect(request, response);
      case "digest":
        return digestOf(request.body);
      case "download":
        if (name !== "") response.start(200, { "content-length": String(LARGE) });
        return largeBody();
      case "whole":
        return new Uint8Array(300_000);
      case "streamed":
        return streamed();
      case "fields":
        response.start(200, [["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2"], ["x-a", "1"], [
          "x-b",
          "2",
        ]]);
        return "fields";
      case "location":
        return void response.start(Number(name), { location: "/elsewhere?x=1" });
      case "empty":
        return void response.start(204);
      case "cached":
        return void response.start(304, { etag: '"a"' });
      case "steps":
        return this.#steps(name);
      case "unbuffered":
        response.start(200, { "x-accel-buffering": "no" });
        return this.#steps(name);
      case "listen":
        return this.#listen(name, request.body);
      case "gated":
        this.heard.set(name, "begun");
        return this.gate(name).promise.then(() => name);
      case "later":
        this.heard.set(name, "begun");
        return this.gate(name).promise.then(() => digestOf(request.body));
      case "wait":
        return this.#wait(name, request.signal);
      case "drip":
        return this.#drip(name);
      case "cut":
        if (name !== "") response.start(200, { "content-length": name });
        return cutShort();
      default:
        return "hello";
    }
  };

  async *#steps(name: string): AsyncGenerator<string> {
    for (let i = 0; i < 3; i++) {
      yield `<${i}>`;
      await this.gate(`${name}${i}`).promise;
    }
  }

  async #listen(name: string, body: AsyncIterable<Uint8Array>): Promise<string> {
    let text = "";
    try {
      for await (const chunk of body) this.heard.set(name, text += new TextDecoder().decode(chunk));
    } catch (error) {
      this.gone.add(name);
      throw error;
    }
    return text;
  }

  async #wait(name: string, signal: AbortSignal): Promise<string> {
    this.heard.set(name, "begun");
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    this.gone.add(name);
    return "too late";
  }

  async *#drip(name: string): AsyncGenerator<string> {
    try {
      for (;;) {
        yield "drip ".repeat(2000);
        await delay(20);
      }
    } finally {
      this.gone.add(name);
    }
  }
}

async function* streamed(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < 3; i++) {
    yield new Uint8Array(100_000);
    await delay(5);
  }
}

async function* cutShort(): AsyncGenerator<string> {
  yield "partial ";
  await delay(100);
  throw new Error("half-way, as the test wants it");
}

/** 100 MB that are nowhere alike. */
function* largeBody(): Generator<Uint8Array> {
  const piece = new Uint8Array(100_000);
  for (let at = 0; at < LARGE / piece.length; at++) {
    const numbers = new Uint32Array(piece.buffer);
    for (let i = 0; i < numbers.length; i++) numbers[i] = Math.imul(at * numbers.length + i, 2654435761);
    yield piece;
  }
}

const LARGE_DIGEST = (() => {
  const hash = createHash("sha256");
  for (const piece of largeBody()) hash.update(piece);
  return hash.digest("hex");
})();

async function digestOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    size += chunk.length;
  }
  return `${size} ${hash.digest("hex")}`;
}

/** What a {@linkcode Bench} is made of. */
export interface BenchOptions {
  /** The front end. */
  readonly name: FrontEndName;
  /** What is different from the document. */
  readonly edit?: ((shown: string) => string) | undefined;
  /** Where requests go. Default: `/`. */
  readonly prefix?: string | undefined;
  /** Over what the front end reaches Archangel. Default: TCP. */
  readonly transport?: Transport;
  /** What is different from the default limits. */
  readonly limits?: Partial<Limits>;
}

/** One front end before one server. */
export class Bench implements AsyncDisposable {
  readonly stage: Stage;
  readonly front: FrontEnd;
  readonly #server: FcgiServer;
  readonly #prefix: string;
  #name = 0;

  private constructor(stage: Stage, front: FrontEnd, server: FcgiServer, prefix: string) {
    this.stage = stage;
    this.front = front;
    this.#server = server;
    this.#prefix = prefix;
  }

  static async start({ name, edit, prefix = "/", transport, limits }: BenchOptions): Promise<Bench> {
    const stage = new Stage();
    const server = await FcgiServer.start(stage.app, transport, {
      limits: { bodyBytes: 2 * LARGE, ...limits },
    });
    letEverybodyIn(server.address);
    return new Bench(stage, await FrontEnd.start(name, server.address, edit), server, prefix);
  }

  get address(): Place {
    return this.#server.address;
  }

  /** A name that no other exchange has. */
  fresh(): string {
    return `n${++this.#name}`;
  }

  /** The head of a request, without the empty line. */
  head(method: string, act: string, ...fields: string[]): string {
    const lines = ["host: example.test", ...fields].map((field) => field + "\r\n");
    return `${method} ${this.#prefix}${act} HTTP/1.1\r\n${lines.join("")}`;
  }

  get(act: string, ...fields: string[]): Promise<RawResponse> {
    return this.front.answer(this.head("GET", act, ...fields) + "\r\n");
  }

  url(act: string): string {
    return this.front.url + this.#prefix + act;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.front[Symbol.asyncDispose]();
    await this.#server[Symbol.asyncDispose]();
  }
}

/** A front end that runs as another user has to reach the socket. */
function letEverybodyIn(address: Place): void {
  if (address.transport === "tcp") return;
  Deno.chmodSync(address.path, 0o666);
  Deno.chmodSync(address.path.slice(0, address.path.lastIndexOf("/")), 0o755);
}

/** Registers the test of one behaviour; it says so if the front end is not installed. */
export function behindFrontEnd(behaviour: Behaviour): void {
  const ignore = findFrontEnd(behaviour.name) === undefined;
  Deno.test({ name: `behind ${behaviour.title}`, ignore, fn: (t) => runCases(t, behaviour) });
}

/** A test of one front end that is not like the others'; it has a bench to work with. */
export function behind(
  name: FrontEndName,
  title: string,
  run: (bench: Bench) => Promise<void>,
  options: Partial<BenchOptions> = {},
): void {
  Deno.test({
    name: `behind ${title}`,
    ignore: findFrontEnd(name) === undefined,
    fn: async () => {
      await using bench = await Bench.start({ name, ...options });
      await run(bench);
    },
  });
}

/** Registers a short test over a Unix socket, which differs from TCP in nothing but the way there. */
export function overUnixSocket(name: FrontEndName): void {
  behind(name, `${name} over a Unix socket`, getAndPost, { transport: "Unix" });
}

/** Registers a test of what a client sees of a server that takes no more. */
export function overloaded(name: FrontEndName): void {
  behind(name, `${name}, one request too many is 503 for its client`, async (bench) => {
    const { status, body } = await bench.get("hello");
    assertEquals([status, body], [503, "Service Unavailable\n"]);
  }, { limits: { openExchanges: 0 } });
}

async function runCases(t: Deno.TestContext, behaviour: Behaviour): Promise<void> {
  const { liveAnswers, uploads, leaving, cutIsNoticed, reuses, refusesTwoHosts } = behaviour;
  await using bench = await Bench.start(behaviour);
  const cases: [string, (bench: Bench, behaviour: Behaviour) => Promise<void>][] = [
    ["GET and POST", getAndPost],
    [`a target and a Host that differ are ${refusesTwoHosts ? "refused" : "the target's"}`, twoHosts],
    ["a path with a line end", lineEnd],
    ["a chunked upload", chunkedUpload],
    ["repeated fields both ways", repeatedFields],
    ["Location with every status", redirects],
    ["204, 304 and HEAD", withoutBody],
    ["100 MB down", download],
    ["100 MB up", upload],
    [liveAnswers ? "answers are live" : "answers come at their end", liveAnswer],
    [`uploads are ${uploads}`, liveUpload],
    ["an upload waits for its app", waitingUpload],
    [`a client that leaves is ${leaving}`, leavingClient],
    [`an answer that is cut is ${cutIsNoticed ? "" : "not "}noticed`, cutAnswer],
    [reuses ? "connections are reused" : "each request has its connection", reuse],
  ];
  for (const [name, run] of cases) await t.step(name, () => run(bench, behaviour));
}

async function getAndPost(bench: Bench): Promise<void> {
  const hello = await bench.get("hello");
  assertEquals([hello.status, hello.body], [200, "hello"]);
  const seen: Seen = JSON.parse((await bench.get("inspect?a=%41&b=c+d", "authorization: Basic eDp5")).body);
  assertEquals([seen.method, seen.query, seen.authority], ["GET", "a=%41&b=c+d", "example.test"]);
  assertEquals(seen.headers.find(([name]) => name === "authorization")?.[1], "Basic eDp5");
  const posted: Seen = JSON.parse(
    (await bench.front.answer(
      bench.head("POST", "inspect", "content-length: 5", "content-type: text/x-test", "proxy: http://evil/") +
        "\r\n12345",
    )).body,
  );
  assertEquals([posted.method, posted.body, posted.contentLength], ["POST", "12345", 5]);
  const named = (wanted: string) => posted.headers.filter(([name]) => name === wanted);
  assertEquals(named("content-type"), [["content-type", "text/x-test"]]);
  assertEquals(named("content-length"), [["content-length", "5"]]);
  assertEquals(named("proxy"), []);
}

/** RFC 9112 §3.2.2: Host does not count then. Whoever routes by host has to see the one that the front end saw. */
async function twoHosts(bench: Bench, { refusesTwoHosts }: Behaviour): Promise<void> {
  const head = bench.head("GET", "inspect").replace("GET ", "GET http://example.org");
  const answer = await bench.front.answer(head + "\r\n");
  if (refusesTwoHosts) return assertEquals(answer.status, 400);
  const seen: Seen = JSON.parse(answer.body);
  assertEquals(seen.authority, "example.org");
  assertEquals(seen.headers.filter(([name]) => name === "host"), [["host", "example.org"]]);
}

/** Front ends decode it in some variables and not in others; lighttpd refuses it. */
async function lineEnd(bench: Bench, { name }: Behaviour): Promise<void> {
  const answer = await bench.get("a%0Ab/inspect");
  if (name === "lighttpd") return assertEquals(answer.status, 400);
  assertMatch((JSON.parse(answer.body) as Seen).target, /a%0[Aa]b\/inspect$/);
}

async function chunkedUpload(bench: Bench): Promise<void> {
  const answer = await bench.front.answer(
    bench.head("POST", "inspect", "transfer-encoding: chunked") + "\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n",
  );
  const seen: Seen = JSON.parse(answer.body);
  assertEquals(seen.body, "abcdefg");
  assertEquals(seen.headers.filter(([name]) => name === "transfer-encoding"), []);
}

async function repeatedFields(bench: Bench, { joinsFields }: Behaviour): Promise<void> {
  const seen: Seen = JSON.parse((await bench.get("inspect", "x-dup: 1", "x-dup: 2")).body);
  const values = seen.headers.filter(([name]) => name === "x-dup").map(([, value]) => value);
  assertEquals(values, joinsFields ? ["1, 2"] : ["1", "2"]);
  const answer = await bench.get("fields");
  assertEquals(valuesOf(answer, "set-cookie"), ["a=1; Path=/", "b=2"]);
  assertEquals([valuesOf(answer, "x-a"), valuesOf(answer, "x-b")], [["1"], ["2"]]);
}

async function redirects(bench: Bench): Promise<void> {
  for (const status of [201, 301, 302, 303, 307, 308]) {
    const answer = await bench.get(`location?${status}`);
    assertEquals([answer.status, valuesOf(answer, "location")], [status, ["/elsewhere?x=1"]]);
  }
}

async function withoutBody(bench: Bench): Promise<void> {
  // On one connection: what is left over of one answer would be taken for the next.
  using client = await bench.front.connect();
  for (const [act, status] of [["empty", 204], ["cached", 304]] as const) {
    await client.send(bench.head("GET", act) + "\r\n");
    assertEquals((await client.response()).status, status);
  }
  await client.send(bench.head("HEAD", "hello") + "\r\n");
  const head = await client.response("HEAD");
  assertEquals([head.status, valuesOf(head, "content-length")], [200, ["5"]]);
  await client.send(bench.head("GET", "hello") + "\r\n");
  assertEquals((await client.response()).body, "hello");
}

async function download(bench: Bench): Promise<void> {
  const response = await fetch(bench.url("download?length"));
  assertEquals(response.headers.get("content-length"), String(LARGE));
  assertEquals(await digestOf(response.body!), `${LARGE} ${LARGE_DIGEST}`);
}

async function upload(bench: Bench, { uploads }: Behaviour): Promise<void> {
  const pieces = largeBody();
  const body = new ReadableStream({
    pull(controller) {
      const { done, value } = pieces.next();
      if (done) controller.close();
      else controller.enqueue(value.slice());
    },
  });
  const response = await fetch(bench.url("digest"), {
    method: "POST",
    body: uploads === "live with a length" ? await new Response(body).bytes() : body,
  });
  assertEquals(await response.text(), `${LARGE} ${LARGE_DIGEST}`);
}

function liveAnswer(bench: Bench, { liveAnswers }: Behaviour): Promise<void> {
  return expectSteps(bench, "steps", liveAnswers);
}

/** Follows an answer of three pieces, the next of which is not made before the client has the last one. */
export async function expectSteps(bench: Bench, act: string, liveAnswers: boolean): Promise<void> {
  const name = bench.fresh();
  using client = await bench.front.connect();
  await client.send(bench.head("GET", `${act}?${name}`) + "\r\n");
  if (!liveAnswers) {
    await Promise.race([client.receives("<0>"), delay(700)]);
    assert(!client.received.includes("<0>"), "it was passed on before the end");
  }
  for (let i = 0; i < 3; i++) {
    if (liveAnswers) await client.receives(`<${i}>`);
    bench.stage.gate(`${name}${i}`).resolve();
  }
  assertEquals((await client.response()).body, "<0><1><2>");
}

async function liveUpload(bench: Bench, { uploads }: Behaviour): Promise<void> {
  const name = bench.fresh();
  const heard = () => bench.stage.heard.get(name) ?? "";
  using client = await bench.front.connect();
  const whole = uploads === "live with a length";
  const words = whole ? [ENOUGH, ENOUGH] : ["one", "two"];
  const framing = whole ? `content-length: ${2 * ENOUGH.length}` : "transfer-encoding: chunked";
  await client.send(bench.head("POST", `listen?${name}`, framing) + "\r\n");
  for (const [at, word] of words.entries()) {
    await client.send(whole ? word : `${word.length.toString(16)}\r\n${word}\r\n`);
    if (uploads === "live") await waitUntil(() => heard().endsWith(word), `the app hears "${word}"`);
    if (whole) await waitUntil(() => heard().length > at * ENOUGH.length, "the app hears some of it");
  }
  if (uploads === "stored") {
    await delay(500);
    assertEquals(heard(), "");
  }
  if (!whole) await client.send("0\r\n\r\n");
  assertEquals((await client.response()).body, words.join(""));
}

/** More than the server holds: the rest waits in sockets and files, whatever the server says meanwhile. */
async function waitingUpload(bench: Bench): Promise<void> {
  const name = bench.fresh();
  const response = fetch(bench.url(`later?${name}`), { method: "POST", body: new Uint8Array(LATE_SIZE) });
  await waitUntil(() => bench.stage.heard.has(name), "the app to be called");
  await delay(2500);
  bench.stage.gate(name).resolve();
  assertEquals((await (await response).text()).split(" ")[0], String(LATE_SIZE));
}

async function leavingClient(bench: Bench, { leaving, uploads }: Behaviour): Promise<void> {
  const { gone, heard } = bench.stage;
  if (leaving !== "not noticed") {
    const dripping = bench.fresh();
    using client = await bench.front.connect();
    await client.send(bench.head("GET", `drip?${dripping}`) + "\r\n");
    // Where answers are not live nothing is received; then it is enough that it has begun.
    await Promise.race([client.receives("drip").catch(() => {}), delay(500)]);
    client.close();
    await waitUntil(() => gone.has(dripping), "the app that writes hears of it");
  }
  if (leaving === "told at once") {
    const waiting = bench.fresh();
    using client = await bench.front.connect();
    await client.send(bench.head("GET", `wait?${waiting}`) + "\r\n");
    await waitUntil(() => heard.has(waiting), "the app to be called");
    client.close();
    await waitUntil(() => gone.has(waiting), "the app that waits hears of it");
  }
  if (uploads !== "stored") {
    const reading = bench.fresh();
    using client = await bench.front.connect();
    await client.send(bench.head("POST", `listen?${reading}`, "content-length: 100000") + "\r\n" + ENOUGH);
    await waitUntil(() => heard.has(reading), "the app gets the first part");
    client.close();
    await waitUntil(() => gone.has(reading), "the app that reads hears of it");
  }
}

async function cutAnswer(bench: Bench, { cutIsNoticed }: Behaviour): Promise<void> {
  // nginx may keep the client's connection open, so that a client would wait for the missing bytes.
  const get = (act: string) => bench.get(act, "connection: close");
  await assertRejects(() => get("cut?100"), Error, "closed before", "a length makes every cut visible");
  if (cutIsNoticed) await assertRejects(() => get("cut"), Error, "closed before");
  else assertEquals((await get("cut")).body, "partial ");
  assertEquals((await bench.get("hello")).body, "hello");
}

async function reuse(bench: Bench, { name, edit, prefix = "/", reuses }: Behaviour): Promise<void> {
  const { address } = bench;
  if (address.transport === "unix") throw new TypeError("The relay passes on TCP connections");
  await using relay = new CountingRelay(address.port);
  await using front = await FrontEnd.start(name, { ...address, port: relay.port }, edit);
  // nginx reuses a connection only if the end of the request comes with the end of the answer, whatever its size.
  const sizes: [string, number][] = [["hello", 5], ["whole", 300_000], ["streamed", 300_000]];
  for (let i = 0; i < REQUESTS; i++) {
    const [act, size] = sizes[i % sizes.length]!;
    const answer = await fetch(front.url + prefix + act);
    assertEquals((await answer.bytes()).length, size);
  }
  // HAProxy's threads open one each.
  if (reuses) assert(relay.accepted <= 3, `${relay.accepted} connections`);
  else assertEquals(relay.accepted, REQUESTS);
}
