/**
 * The claims of `docs/lighthouse.md` that need a socket: small loops over `Deno.listen` that differ in one
 * thing. They run with `deno task bench lighthouse`, not with the other scenarios.
 *
 * @module
 */
import { deno, type Rival } from "./rivals.ts";
import type { Contender, Scenario } from "./scenarios.ts";

function loop(title: string, file: string, env: Record<string, string> = {}): Rival {
  const start = deno(`lighthouse/${file}.ts`);
  return {
    title,
    needs: [],
    start: (place) => start(place).map((command) => ({ ...command, env: { ...command.env, ...env } })),
  };
}

const reads = (kib: number, title = `reads of ${kib} KiB`) =>
  loop(title, "reads", { READ: String(kib * 1024) });
const turn = (name: string, title: string) => loop(title, "turns", { TURN: name });

/** The loops, by name. */
export const LIGHTHOUSE_RIVALS: Readonly<Record<string, Rival>> = {
  streams: loop("conn.readable and writable", "streams"),
  node_net: loop("node:net", "node_net"),
  helper: loop("an async helper around each", "helper"),
  unawaited: loop("writes are not awaited", "unawaited"),
  two_writes: loop("head and body in two writes", "two_writes"),
  write_each: loop("a write for each answer", "pipelined", { EACH: "1" }),
  write_all: loop("one write for all answers", "pipelined"),
  error: loop("an error for each request", "error"),
  serve_page: loop("Deno.serve, path and field", "serve_page"),
  reads_tiny: reads(0.25, "reads of 256 bytes"),
  reads_4: reads(4),
  reads_16: reads(16),
  reads_64: reads(64),
  reads_256: reads(256),
  backlog: loop("a backlog of 4096", "backlog"),
  immediate: turn("setImmediate", "setImmediate before each write"),
  message: turn("MessageChannel", "a message before each write"),
  thread_pool: turn("threadPool", "the thread pool before each write"),
  timer: turn("timer", "a timer before each write"),
  fair: loop("connections take turns", "fair"),
};

const rivals = (...names: string[]): Contender[] => names.map((rival) => ({ rival }));
const hello = { body: "Hello, World!" };
const load = { connections: 64, path: "/" };

/** The scenarios; the second contender of each is what the others are compared with. */
export const LIGHTHOUSE: readonly Scenario[] = [
  {
    name: "lighthouse-sockets",
    about: "ways to read and to write",
    app: "hello",
    load,
    expected: hello,
    contenders: rivals("streams", "raw_loop", "node_net", "helper", "unawaited", "error", "two_writes"),
    measures: ["cpu"],
  },
  {
    name: "lighthouse-serve",
    about: "Deno.serve that looks at the path and sets a field, and one that does neither",
    app: "hello",
    load,
    expected: hello,
    contenders: rivals("serve_page", "deno_serve"),
    measures: ["cpu"],
  },
  {
    name: "lighthouse-writes",
    about: "16 requests in one packet",
    app: "hello",
    load: { ...load, script: "pipelined.lua" },
    expected: hello,
    contenders: rivals("write_all", "write_each"),
    measures: ["cpu"],
  },
  {
    name: "lighthouse-reads",
    about: "memory to read into, for requests of 41 bytes",
    app: "hello",
    load,
    expected: hello,
    contenders: rivals("reads_16", "reads_4", "reads_64", "reads_tiny"),
    measures: ["cpu"],
  },
  {
    name: "lighthouse-bodies",
    about: "memory to read into, for bodies of 20 MB",
    app: "upload",
    load: { connections: 4, path: "/", script: "upload.lua" },
    probe: { method: "POST", body: new Uint8Array(20_000_000) },
    expected: hello,
    contenders: rivals("reads_16", "reads_4", "reads_64", "reads_256"),
    measures: ["cpu"],
  },
  {
    name: "lighthouse-idle",
    about: "5,000 connections that were answered once and then say nothing",
    app: "hello",
    load: { connections: 5000, path: "/" },
    expected: hello,
    contenders: rivals("reads_tiny", "reads_4", "reads_16", "deno_serve"),
    measures: ["held"],
  },
  {
    name: "lighthouse-fairness",
    about: "latency with 512 connections that never pause",
    app: "hello",
    load: { connections: 512, path: "/" },
    expected: hello,
    contenders: rivals(
      "fair",
      "raw_loop",
      "backlog",
      "unawaited",
      "immediate",
      "message",
      "thread_pool",
      "timer",
      "deno_serve",
    ),
    measures: ["latency"],
  },
];
