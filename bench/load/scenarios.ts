/**
 * What is measured, as data. A scenario is a load, the right answer to it, and who competes.
 *
 * The names are those of the HttpArena benchmark where it has the same thing.
 *
 * @module
 */
import { LIGHTHOUSE } from "./lighthouse.ts";
import type { Load } from "./wrk.ts";

/** Who takes part in a scenario. */
export interface Contender {
  /** A key of the rivals. */
  readonly rival: string;
  /** Its name in this scenario, if not the rival's: two contenders may be one rival with two apps. */
  readonly name?: string;
  /** Its name for readers, if not the rival's. */
  readonly title?: string;
  /** Path to ask for, if not the load's. */
  readonly path?: string;
}

/** The right answer: what is checked before anything is timed. */
export interface Expected {
  /** The body, or a test of its bytes, or how an endless one begins. */
  readonly body: string | RegExp | ((bytes: Uint8Array) => boolean);
  /** What `content-type` begins with; not looked at if left out. */
  readonly type?: string;
}

/** One request, as the check sends it. */
export interface Probe {
  /** Method; GET if left out. */
  readonly method?: string;
  /** Value of the Host field, if it matters. */
  readonly host?: string;
  /** Body to send. */
  readonly body?: Uint8Array<ArrayBuffer>;
}

/** When connections that are held are looked at, in seconds. */
export interface Watch {
  /** From the last connection to the first look. */
  readonly settle: number;
  /** From the first look to the second. */
  readonly look: number;
}

/**
 * For connections that say nothing. Of a server that was just opened 10,000 connections to, memory and wake-ups tell
 * what it did before: for 10 s the deadlines of heads pass, and V8 looks every 8 s whether there is something to tidy
 * up, but does so unasked only 100 s after its last collection. So the first look comes after that, and the second
 * takes in two of these 8 s, whenever they begin.
 */
const SILENCE: Watch = { settle: 110, look: 16 };

/** One thing to measure. */
export interface Scenario {
  /** Its name; `--only hello` takes `hello` and all of `hello-…`. */
  readonly name: string;
  /** One line for readers. */
  readonly about: string;
  /** Handler of the rivals. */
  readonly app: string;
  /** What is sent. */
  readonly load: Load;
  /** What the check sends. */
  readonly probe?: Probe;
  /** What has to come back. */
  readonly expected: Expected;
  /** Who competes; the first is ours, the second the baseline. */
  readonly contenders: readonly Contender[];
  /**
   * What is measured. `cpu`: CPU time for a request, in slices side by side. `latency`: percentiles, each
   * contender alone for whole seconds. `held`: what the connections cost that are only held.
   */
  readonly measures: readonly ("cpu" | "latency" | "held")[];
  /** When held connections are looked at. Default: soon, and for a few seconds. */
  readonly watch?: Watch;
  /** Worker processes, on the cores of servers and load together. Default: one, on the servers' core. */
  readonly workers?: number;
}

const us: Contender = { rival: "archangel" };
const baseline: Contender = { rival: "deno_serve" };
const rivals = (...names: string[]): Contender[] => names.map((rival) => ({ rival }));

const hello = { body: "Hello, World!", type: "text/plain" };
const ours = (path: string): Contender => ({ ...us, path });
const generator: Contender = {
  rival: "archangel",
  name: "archangel_generator",
  title: "Archangel, async generator",
  path: "/generator",
};
const fetchApp: Contender = {
  rival: "archangel",
  name: "archangel_fetch",
  title: "Archangel, fetch handler",
  path: "/fetch",
};

const lines = Array.from({ length: 100 }, (_, n) => `line ${n} of the answer\n`).join("");

/** The scenarios of a whole run, in the order in which they run. */
export const SCENARIOS: readonly Scenario[] = [
  {
    name: "hello-64",
    about: "Hello, World!, 64 connections",
    app: "hello",
    load: { connections: 64, path: "/" },
    expected: hello,
    contenders: [us, baseline, generator, fetchApp, ...rivals("hono", "raw_loop", "node_http", "nginx")],
    measures: ["cpu", "latency"],
  },
  {
    name: "hello-512",
    about: "Hello, World!, 512 connections",
    app: "hello",
    load: { connections: 512, path: "/" },
    expected: hello,
    contenders: [us, baseline, ...rivals("hono", "node_http", "nginx")],
    measures: ["cpu"],
  },
  {
    name: "browser",
    about: "a browser's head of 650 bytes, route by host and path, JSON answer",
    app: "users",
    load: { connections: 64, path: "/v1/users/42", script: "browser.lua" },
    probe: { host: "api.example.org" },
    expected: { body: `{"id":"42","name":"Ada Lovelace","admin":false}`, type: "application/json" },
    contenders: [us, baseline, ...rivals("hono", "node_http", "nginx")],
    measures: ["cpu", "latency"],
  },
  {
    name: "pipelined",
    about: "16 requests in one packet",
    app: "hello",
    load: { connections: 64, path: "/", script: "pipelined.lua" },
    expected: hello,
    contenders: [us, baseline, generator, ...rivals("node_http", "nginx")],
    measures: ["cpu"],
  },
  {
    name: "echo",
    about: "POST of 1 KiB, sent back",
    app: "echo",
    load: { connections: 64, path: "/", script: "echo.lua" },
    probe: { method: "POST", body: new Uint8Array(1024).fill(120) },
    expected: { body: "x".repeat(1024) },
    contenders: [ours("/echo"), baseline, ...rivals("hono", "node_http")],
    measures: ["cpu"],
  },
  {
    name: "upload",
    about: "POST of 20 MB, counted",
    app: "upload",
    load: { connections: 4, path: "/", script: "upload.lua" },
    probe: { method: "POST", body: new Uint8Array(20_000_000) },
    expected: { body: "20000000" },
    contenders: [ours("/upload"), baseline, ...rivals("node_http")],
    measures: ["cpu"],
  },
  {
    name: "limited-conn",
    about: "a new connection for every ten requests",
    app: "hello",
    load: { connections: 64, path: "/", script: "limited_conn.lua" },
    expected: hello,
    contenders: [us, baseline, ...rivals("hono", "node_http", "nginx")],
    measures: ["cpu"],
  },
  {
    name: "stream",
    about: "100 small chunks that are there when asked for",
    app: "stream",
    load: { connections: 64, path: "/" },
    expected: { body: lines },
    contenders: [ours("/stream"), baseline, ...rivals("node_http")],
    measures: ["cpu"],
  },
  {
    name: "stream-waits",
    about: "100 small chunks, a timer before each",
    app: "slow_stream",
    load: { connections: 64, path: "/" },
    expected: { body: lines },
    contenders: [ours("/slow_stream"), baseline],
    measures: ["cpu"],
  },
  ...([["1k", 1], ["64k", 64], ["1m", 1024]] as const).map(([name, kib]): Scenario => ({
    name: `static-${name}`,
    about: `a file of ${kib} KiB`,
    app: "files",
    load: { connections: 16, path: `/${name}.bin` },
    expected: { body: (bytes) => bytes.length === kib * 1024 && bytes.every((byte) => byte === 120) },
    contenders: [ours(`/files/${name}.bin`), baseline, ...rivals("nginx")],
    measures: ["cpu"],
  })),
  {
    name: "fcgi",
    about: "Hello, World! behind nginx, which runs on the core of the load",
    app: "hello",
    load: { connections: 64, path: "/" },
    expected: hello,
    contenders: [
      { rival: "archangel_fcgi", path: "/fcgi" },
      { rival: "deno_proxied" },
      { rival: "archangel_fcgi_unix", path: "/fcgi" },
      { rival: "deno_proxied_unix" },
      {
        rival: "archangel_fcgi",
        name: "archangel_fcgi_few",
        title: "Archangel, 4 variables of FastCGI",
        path: "/few",
      },
      {
        rival: "archangel_fcgi",
        name: "archangel_fcgi_all",
        title: "Archangel, all of fastcgi_params",
        path: "/all_fcgi",
      },
      { rival: "archangel_proxied" },
      { rival: "php_fpm", path: "/php" },
    ],
    measures: ["cpu", "latency"],
  },
  {
    name: "sse",
    about: "1,000 open event streams, one event a second on each",
    app: "events",
    load: { connections: 1000, path: "/" },
    expected: { body: /^data: \d+\n\n/, type: "text/event-stream" },
    contenders: [ours("/events"), baseline, ...rivals("node_http")],
    measures: ["held"],
  },
  {
    name: "idle",
    about: "10,000 connections that were answered once and then say nothing",
    app: "hello",
    load: { connections: 10_000, path: "/" },
    expected: hello,
    contenders: [us, baseline, ...rivals("node_http", "nginx")],
    measures: ["held"],
    watch: SILENCE,
  },
  {
    name: "parallel",
    about: "Hello, World! from two processes on two cores, the load beside them",
    app: "hello",
    load: { connections: 128, path: "/" },
    expected: hello,
    contenders: [us, ...rivals("deno_parallel", "raw_loops", "node_cluster")],
    measures: ["cpu"],
    workers: 2,
  },
  ...[64, 128, 256, 512, 1024].map((connections): Scenario => ({
    name: `fairness-${connections}`,
    about: `Hello, World!, latency with ${connections} connections that never pause`,
    app: "hello",
    load: { connections, path: "/" },
    expected: hello,
    contenders: [us, baseline, ...rivals("raw_loop")],
    measures: ["latency"],
  })),
];

/** Sizes in bytes of the files that `static` serves. */
export const FILES: Readonly<Record<string, number>> = {
  "1k.bin": 1024,
  "64k.bin": 65536,
  "1m.bin": 1048576,
};

/**
 * Picks scenarios.
 *
 * @param only Names, or the part of names before a hyphen; if empty all but those of the lighthouse.
 * @returns The scenarios.
 * @throws {Error} If a name is not known.
 */
export function chooseScenarios(only: readonly string[]): Scenario[] {
  const matches = (name: string, scenario: Scenario) =>
    scenario.name === name || scenario.name.startsWith(`${name}-`);
  const all = [...SCENARIOS, ...LIGHTHOUSE];
  const unknown = only.find((name) => !all.some((scenario) => matches(name, scenario)));
  if (unknown !== undefined) {
    throw new Error(
      `Unknown scenario "${unknown}": expected some of ${all.map(({ name }) => name).join(", ")}`,
    );
  }
  if (only.length === 0) return [...SCENARIOS];
  return all.filter((scenario) => only.some((name) => matches(name, scenario)));
}

/**
 * Checks the names of rivals.
 *
 * @param names Names; `none` is nobody's.
 * @throws {Error} If a name is no contender's in any scenario.
 */
export function checkRivals(names: readonly string[]): void {
  const contenders = [...SCENARIOS, ...LIGHTHOUSE].flatMap(({ contenders }) => contenders);
  const known = new Set(["none", ...contenders.map(({ name, rival }) => name ?? rival)]);
  const unknown = names.find((name) => !known.has(name));
  if (unknown === undefined) return;
  throw new Error(`Unknown rival "${unknown}": expected some of ${[...known].join(", ")}`);
}
