/**
 * The connection loop under every order of events that a seeded random source comes up with: how requests are cut, when
 * apps answer, how much of an answer the client takes and when. Whatever the order, every request gets its answer.
 */
import { assertEquals } from "@std/assert";
import { HttpEndpoints } from "../../server/endpoints.ts";
import { ErrorLog } from "../../server/error_log.ts";
import { HttpCore } from "../../server/http/mod.ts";
import { Mounts } from "../../server/mounts.ts";
import { ProcessHost } from "../../server/process_host.ts";
import type { App } from "../../twig/mod.ts";
import { Random } from "../support/random.ts";
import { settingsOf } from "../support/served.ts";
import { SteppedTransport } from "../support/stepped_transport.ts";

const ROUNDS = 500;
const LOOPBACK = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 1 },
  localAddr: { transport: "tcp", hostname: "127.0.0.1", port: 2 },
} as const;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** What an answer of so many bytes consists of. */
const content = (size: number) => "0123456789".repeat(Math.ceil(size / 10)).slice(0, size);

async function* slowly(text: string): AsyncGenerator<string> {
  for (let at = 0; at < text.length; at += 7001) {
    yield text.slice(at, at + 7001);
    if (at % 3 === 0) await turn();
  }
}

function* pieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 997) yield text.slice(at, at + 997);
}

/** Each answers with `content(size)`, in its own way; `echo` with the body, whose size that is. */
const WAYS: Record<string, (size: number, request: Parameters<App>[0]) => ReturnType<App>> = {
  text: content,
  bytes: (size) => new TextEncoder().encode(content(size)),
  promise: (size) => Promise.resolve(content(size)),
  later: (size) => turn().then(turn).then(() => content(size)),
  pieces: (size) => pieces(content(size)),
  slowly: (size) => slowly(content(size)),
  echo: async function* (_size, request) {
    for await (const piece of request.body) yield piece;
  },
  whole: (_size, request) => request.body.bytes(),
  /** Leaves its body unread. */
  unread: content,
};

const app: App = (request) => {
  const [, way, size] = request.pathInfo.split("/");
  return WAYS[way!]!(Number(size), request);
};

/** How many answers have begun and not ended. */
let running = 0;

/** As `app`, but one in eight answers fails on its way; `running` knows of all of them. */
const failing: App = async function* (request, response) {
  running++;
  try {
    const fate = Number(request.query);
    if (fate === 1) throw new Error("on purpose");
    if (fate === 2) response.start(200, { "content-length": "5" });
    if (fate === 3) response.abort();
    const answer = await app(request, response);
    if (typeof answer === "string" || answer instanceof Uint8Array) yield answer;
    else yield* answer as AsyncIterable<string>;
    if (fate === 4) throw new Error("on purpose");
    if (fate === 5) response.close();
  } finally {
    running--;
  }
};

interface Planned {
  readonly request: string;
  readonly answer: string;
}

function plan(random: Random): Planned {
  const way = random.pick(Object.keys(WAYS));
  const reads = way === "echo" || way === "whole";
  const size = random.oneIn(4) ? random.below(200_000) : random.below(3000);
  const bodySize = reads ? size : way === "unread" ? random.below(100_000) : 0;
  const head = `${reads || way === "unread" ? "POST" : "GET"} /${way}/${size} HTTP/1.1\r\nhost: x\r\n`;
  const body = content(bodySize);
  if (bodySize === 0 && !reads) return { request: head + "\r\n", answer: content(size) };
  const request = random.oneIn(2)
    ? `${head}content-length: ${bodySize}\r\n\r\n${body}`
    : `${head}transfer-encoding: chunked\r\n\r\n${chunked(body, random)}`;
  return { request, answer: content(size) };
}

function chunked(body: string, random: Random): string {
  let text = "";
  for (let at = 0; at < body.length;) {
    const piece = body.slice(at, at + 1 + random.below(20_000));
    text += `${piece.length.toString(16)}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return text + "0\r\n\r\n";
}

/** The bodies of the answers in what was received. */
function bodiesIn(text: string): string[] {
  const bodies: string[] = [];
  for (let at = 0; at < text.length;) {
    const end = text.indexOf("\r\n\r\n", at) + 4;
    const head = text.slice(at, end);
    if (end < 4 || !head.startsWith("HTTP/1.1 200 OK\r\n")) {
      throw new Error(`Not an answer: ${text.slice(at, at + 200)}`);
    }
    const length = /content-length: (\d+)\r\n/.exec(head);
    at = end;
    let body = "";
    if (length !== null) {
      body = text.slice(at, at += Number(length[1]));
    } else {
      for (let size = -1; size !== 0;) {
        const line = text.indexOf("\r\n", at);
        size = parseInt(text.slice(at, line), 16);
        body += text.slice(line + 2, line + 2 + size);
        at = line + 2 + size + 2;
      }
    }
    bodies.push(body);
  }
  return bodies;
}

async function round(seed: number, mounts: Mounts, settings: ReturnType<typeof settingsOf>): Promise<void> {
  const random = new Random(seed);
  const errors: string[] = [];
  const log = new ErrorLog("test");
  log.protocolError = log.appError = (error: unknown) => void errors.push(String(error));
  const host = new ProcessHost(settings, mounts, log, undefined);
  const transport = new SteppedTransport(true);
  const over = host.serve(transport, new HttpCore(settings.limits), new HttpEndpoints(LOOPBACK));
  const planned = Array.from({ length: 1 + random.below(12) }, () => plan(random));
  let input = planned.map(({ request }) => request).join("");
  let ending = random.oneIn(2);
  const largest = Math.ceil(input.length / random.pick([1, 10, 100])) + random.pick([100, 10_000, 1_000_000]);
  for (let idle = 0; idle < 50 && !transport.closed;) {
    const before = transport.taken.length + input.length;
    if (input.length > 0 && random.oneIn(2)) {
      const size = 1 + random.below(largest);
      transport.send(input.slice(0, size));
      input = input.slice(size);
    } else if (input.length === 0 && ending) {
      ending = false;
      transport.send(null);
    }
    if (transport.writing && !random.oneIn(3)) transport.take(1 + random.below(largest));
    if (!random.oneIn(4)) await turn();
    idle = transport.taken.length + input.length !== before || transport.writing || input.length > 0
      ? 0
      : idle + 1;
  }
  host.stop();
  await over;
  assertEquals(errors, [], `seed ${seed}`);
  const bodies = bodiesIn(transport.taken);
  assertEquals(
    bodies.map(({ length }) => length),
    planned.map(({ answer }) => answer.length),
    `seed ${seed}`,
  );
  assertEquals(bodies.every((body, i) => body === planned[i]!.answer), true, `seed ${seed}`);
}

Deno.test("Connection answers every request, in order, whatever the order of events", async () => {
  const settings = settingsOf(app);
  const mounts = new Mounts(settings);
  await mounts.load(true);
  for (let seed = 0; seed < ROUNDS; seed++) await round(seed, mounts, settings);
});

/** A connection that comes to a bad end: the client goes away, sends nonsense, or the server stops. */
async function badEnd(seed: number, mounts: Mounts, settings: ReturnType<typeof settingsOf>): Promise<void> {
  const random = new Random(seed);
  const bugs: string[] = [];
  const log = new ErrorLog("test");
  log.appError = () => {};
  log.protocolError = (error) => void (error.code === "bug" && bugs.push(error.message));
  const host = new ProcessHost(settings, mounts, log, undefined);
  const transport = new SteppedTransport(true);
  const over = host.serve(transport, new HttpCore(settings.limits), new HttpEndpoints(LOOPBACK));
  let input = "";
  for (let i = random.below(8); i >= 0; i--) {
    input += plan(random).request.replace(" HTTP", `?${random.below(40)} HTTP`);
  }
  if (random.oneIn(4)) {
    input = input.slice(0, random.below(input.length)) + "\0" + input.slice(random.below(input.length));
  }
  for (let i = random.below(60); i > 0 && !transport.closed; i--) {
    const size = 1 + random.below(60_000);
    if (input.length > 0) transport.send(input.slice(0, size));
    input = input.slice(size);
    if (transport.writing && random.oneIn(2)) transport.take(1 + random.below(60_000));
    if (random.oneIn(2)) await turn();
  }
  const end = random.below(4);
  if (end === 0) transport.send(null);
  else if (end === 1) transport.break();
  else if (end === 2) host.drain(random.oneIn(2));
  for (let i = 0; i < 20; i++) await turn();
  host.stop();
  await over;
  for (let i = 0; i < 100 && running > 0; i++) await turn();
  assertEquals([running, host.clock.watched, bugs], [0, 0, []], `seed ${seed}`);
}

Deno.test("Connection leaves nothing behind, however it ends", async () => {
  const settings = settingsOf(failing);
  const mounts = new Mounts(settings);
  await mounts.load(true);
  for (let seed = 0; seed < ROUNDS; seed++) await badEnd(seed, mounts, settings);
});
