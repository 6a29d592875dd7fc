/**
 * A real server in this process, on a port of 127.0.0.1 that the kernel chose, for an app that is a function of a test.
 * What it logs is kept instead of printed.
 */
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS, type Limits, type Timeouts } from "../../server/limits.ts";
import { type Service, startService } from "../../server/service.ts";
import type { Settings } from "../../server/settings.ts";
import { flushLines, standardLines } from "../../server/standard_lines.ts";
import type { App, TwigRequest, TwigResponse } from "../../twig/mod.ts";
import { delay } from "./delay.ts";
import { RawClient, type RawResponse } from "./raw_client.ts";
import { moduleOf } from "./registered_apps.ts";
import { settingsFor } from "./settings.ts";

/** What is different from the defaults. */
export interface Differences
  extends
    Partial<Pick<Settings, "listen" | "development" | "serverName" | "strictHosts" | "log" | "routes">> {
  limits?: Partial<Limits>;
  timeouts?: Partial<Timeouts>;
  /** Largest body of the app. Default: as `limits.bodyBytes`. */
  bodyBytes?: number;
  /** Host of the one route. Default: every host. */
  host?: string;
  /** Apps beside that of the test, for `routes`. */
  apps?: Settings["apps"];
}

/** What {@linkcode inspect} saw of a request. */
export interface Seen {
  method: string;
  target: string;
  pathInfo: string;
  query: string;
  authority: string;
  protocol: string;
  headers: [string, string][];
  contentLength: number | undefined;
  body: string;
  trailers: [string, string][];
}

/** An app that reads the whole body and answers, as JSON, with everything that it saw. */
export const inspect: App = async (request: TwigRequest, response: TwigResponse) => {
  const body = await request.body.bytes();
  const seen: Seen = {
    method: request.method,
    target: request.target,
    pathInfo: request.pathInfo,
    query: request.query,
    authority: request.host,
    protocol: request.server.protocol,
    headers: [...request.headers],
    contentLength: request.contentLength,
    body: String.fromCharCode(...body),
    trailers: [...request.body.trailers ?? []],
  };
  response.start(200, { "content-type": "application/json" });
  // In ASCII, so that it is the same whether it is read as UTF-8 or byte by byte.
  return JSON.stringify(seen).replace(
    /[\x7f-\uffff]/g,
    (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"),
  );
};

/** Settings for one app at `/`, and what differs. */
export function settingsOf(app: App, differences: Differences = {}): Settings {
  const limits = { ...DEFAULT_LIMITS, ...differences.limits };
  const { host, bodyBytes = limits.bodyBytes, limits: _limits, timeouts, apps, ...rest } = differences;
  return settingsFor({
    listen: [{ protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 0 }],
    workers: 0,
    apps: {
      ...apps,
      test: { name: "test", kind: "twig", location: moduleOf(app), preload: true, bodyBytes },
    },
    routes: [{ host, path: "/", app: "test" }],
    limits,
    timeouts: { ...DEFAULT_TIMEOUTS, ...timeouts },
    ...rest,
  });
}

/** A running server. */
export class Served implements AsyncDisposable {
  readonly service: Service;
  readonly port: number;
  /** The lines that it wrote to the error log. */
  readonly log: readonly string[];
  readonly #clients: RawClient[] = [];
  readonly #stopListening: () => void;

  private constructor(service: Service, log: readonly string[], stopListening: () => void) {
    this.service = service;
    this.log = log;
    this.#stopListening = stopListening;
    const [address] = service.addresses;
    this.port = address?.transport === "tcp" ? address.port : 0;
  }

  /** Starts a server for one app. */
  static async start(app: App = inspect, differences: Differences = {}): Promise<Served> {
    const log: string[] = [];
    const stopListening = interceptStderr((text) => log.push(...text.split("\n").slice(0, -1)));
    return new Served(await startService(settingsOf(app, differences)), log, stopListening);
  }

  /** The first lines of the messages in the error log, without the stacks that may follow them. */
  get messages(): string[] {
    return this.log.filter((line) => /^[a-z]+( \d+)?: \d{4}-\d\d-\d\dT/.test(line));
  }

  /** Connects; the connection is closed with the server at the latest. */
  async connect(): Promise<RawClient> {
    const client = await RawClient.connect(this.port);
    this.#clients.push(client);
    return client;
  }

  /** Sends one request on a connection of its own and reads one answer; then hangs up. */
  async answer(request: string | Uint8Array, method?: string): Promise<RawResponse> {
    using client = await this.connect();
    await client.send(request);
    return await client.response(method ?? /^[\r\n]*([^ ]*)/.exec(String(request))![1]);
  }

  /** As `answer`, of {@linkcode inspect}, which has to answer 200: what it saw. */
  async seen(request: string): Promise<Seen> {
    const response = await this.answer(request, "GET");
    if (response.status !== 200) throw new Error(`Answered ${response.status}: ${response.body}`);
    return JSON.parse(response.body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.service.stop();
    await flushLines();
    this.#stopListening();
    // What the closing has set free runs to its end, so that nothing of this server outlives its test.
    await delay(0);
  }
}

/** Gives what this process would write to stderr to `hear` instead, until the function returned is called. */
function interceptStderr(hear: (text: string) => void): () => void {
  const lines = standardLines("stderr");
  const own = Object.getOwnPropertyDescriptor(lines, "add");
  Object.defineProperty(lines, "add", { configurable: true, writable: true, value: hear });
  return () => {
    if (own === undefined) delete (lines as { add?: unknown }).add;
    else Object.defineProperty(lines, "add", own);
  };
}
