/**
 * What each kind of TWIG answer costs from the bytes of a request to the bytes of its answer: protocol core,
 * connection loop, exchange, app; everything but the socket and the router. Run with
 * `deno task bench bench/micro/twig_bench.ts`.
 *
 * @module
 */
import type { Route, Transport } from "../../server/connection_host.ts";
import { HttpEndpoints } from "../../server/endpoints.ts";
import { ErrorLog } from "../../server/error_log.ts";
import { HttpCore } from "../../server/http/mod.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { Mounts } from "../../server/mounts.ts";
import { ProcessHost } from "../../server/process_host.ts";
import { settingsFor } from "../../tests/support/settings.ts";
import { type App, fromFetch } from "../../twig/mod.ts";

const LOOPBACK: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 8000 };
const text = new TextEncoder();
const GET = text.encode("GET /articles/42 HTTP/1.1\r\nhost: www.example.org\r\n\r\n");
const POST = (body: string, framing: string) =>
  text.encode(`POST / HTTP/1.1\r\nhost: www.example.org\r\n${framing}\r\n\r\n${body}`);

/** Hands over one request at a time, and notices when its answer is complete: by its number of bytes. */
class Pump implements Transport {
  readonly #request: Uint8Array;
  #sent = 0;
  #waiting: (() => void) | undefined;
  #done = () => {};
  #size = Infinity;
  #written = 0;

  constructor(request: Uint8Array) {
    this.#request = request;
    this.#sent = request.length;
  }

  read(buffer: Uint8Array): Promise<number> {
    if (this.#sent < this.#request.length) return Promise.resolve(this.#fill(buffer));
    return new Promise((resolve) => {
      this.#waiting = () => resolve(this.#fill(buffer));
    });
  }

  write(bytes: Uint8Array): Promise<number> {
    this.#written += bytes.length;
    if (this.#written >= this.#size) this.#done();
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {}

  /** Sends the request once and waits until nothing more comes: that is the size of an answer. */
  async learn(): Promise<void> {
    this.ask();
    await new Promise((resolve) => setTimeout(resolve, 20));
    this.#size = this.#written;
  }

  /** Sends the request and waits for the whole answer. */
  ask(): Promise<void> {
    this.#written = 0;
    this.#sent = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
    return new Promise((resolve) => this.#done = resolve);
  }

  #fill(buffer: Uint8Array): number {
    const piece = this.#request.subarray(this.#sent, this.#sent + buffer.length);
    buffer.set(piece);
    this.#sent += piece.length;
    return piece.length;
  }
}

/** What connections of one worker share, with one app for all of them. */
class OneApp extends ProcessHost {
  readonly #route: Route;

  constructor(app: App) {
    const limits = { ...DEFAULT_LIMITS, requestsPerConnection: Infinity };
    const settings = settingsFor({ limits, serverName: "archangel" });
    super(settings, new Mounts(settings), new ErrorLog("bench"), undefined);
    this.#route = { app: { app, bodyBytes: limits.bodyBytes }, prefixLength: 0 };
  }

  override route(): Route {
    return this.#route;
  }
}

function serve(app: App, transport: Transport): void {
  const ends = new HttpEndpoints({ remoteAddr: LOOPBACK, localAddr: LOOPBACK });
  new OneApp(app).serve(transport, new HttpCore(DEFAULT_LIMITS), ends);
}

async function bench(group: string, name: string, app: App, request = GET, baseline = false): Promise<void> {
  const pump = new Pump(request);
  serve(app, pump);
  await pump.learn();
  Deno.bench(name, { group, baseline }, async () => await pump.ask());
}

const hello = "Hello, World!";
const bytes = text.encode(hello);
const lines = Array.from({ length: 100 }, (_, n) => `line ${n} of the answer\n`);

const kinds: Record<string, App> = {
  "text": () => hello,
  "bytes": () => bytes,
  "start() with two fields, then text": (_request, response) => {
    response.start(200, { "content-type": "text/plain", "cache-control": "no-store" });
    return hello;
  },
  "a promise of text": () => Promise.resolve(hello),
  "a generator": function* () {
    yield hello;
  },
  "an async generator": async function* () {
    yield hello;
  },
  "a fetch handler": fromFetch(() => new Response(hello)),
};
for (const [name, app] of Object.entries(kinds)) {
  await bench("one small answer", name, app, GET, name === "text");
}

const streams: Record<string, App> = {
  "all as one text": () => lines.join(""),
  "an array": () => lines,
  "a generator": function* () {
    yield* lines;
  },
  "an async generator": async function* () {
    for (const line of lines) yield line;
  },
};
for (const [name, app] of Object.entries(streams)) {
  await bench("a hundred small chunks", name, app, GET, name === "all as one text");
}

const KIB = "x".repeat(1024);
const CHUNKED = "80\r\n".concat("x".repeat(128), "\r\n").repeat(8) + "0\r\n\r\n";
const readBody: App = async (request) => String((await request.body.bytes()).length);
await bench("a body of 1 KiB", "with its length", readBody, POST(KIB, "content-length: 1024"), true);
await bench("a body of 1 KiB", "in 8 chunks", readBody, POST(CHUNKED, "transfer-encoding: chunked"));
await bench("a body of 1 KiB", "not read by the app", () => hello, POST(KIB, "content-length: 1024"));
