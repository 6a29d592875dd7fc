/**
 * A server under test: started on its cores, asked whether it answers right, ended by process id.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { delay } from "../../tests/support/delay.ts";
import { type CpuTime, cpuTime, peakMemory, processTree } from "./processes.ts";
import type { Place, Rival } from "./rivals.ts";
import type { Expected, Probe } from "./scenarios.ts";
import { lastLines } from "./wrk.ts";

const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;

/** What came back. */
export interface Reply {
  /** Status code. */
  readonly status: number;
  /** Value of `content-type`. */
  readonly type: string;
  /** The body. */
  readonly body: Uint8Array;
}

/** Words that run a command on some cores only. */
export function pinned(cores: string, argv: readonly string[]): string[] {
  return ["taskset", "-c", cores, ...argv];
}

/** A running server. */
export class ServerProcess {
  readonly #place: Place;
  readonly #children: Deno.ChildProcess[] = [];
  readonly #log: string;
  /** How a process of it ended, as soon as one has. */
  #ended: string | undefined;
  #stopping = false;

  private constructor(place: Place) {
    this.#place = place;
    this.#log = `${place.folder}/output.log`;
  }

  /**
   * Starts a rival and waits until it accepts connections.
   *
   * @param rival What to start.
   * @param place Where.
   * @param cores Cores for it, and those of the load for what stands in front of it, as `taskset -c` takes them.
   * @throws {Error} If it does not come up; with what it printed.
   */
  static async start(
    rival: Rival,
    place: Place,
    cores: { readonly server: string; readonly load: string },
  ): Promise<ServerProcess> {
    const server = new ServerProcess(place);
    try {
      for (const { argv, port, env, inFront = false } of rival.start(place)) {
        server.#spawn(pinned(inFront ? cores.load : cores.server, argv), env ?? {});
        await server.#accepts(port);
      }
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** `http://127.0.0.1:PORT`. */
  get url(): string {
    return `http://127.0.0.1:${this.#place.port}`;
  }

  /** Its processes that live now. */
  get pids(): number[] {
    return this.#children.flatMap((child) => processTree(child.pid));
  }

  /** CPU time of all its processes so far. */
  cpu(): CpuTime {
    return cpuTime(this.pids);
  }

  /** Peak resident memory of all its processes, in bytes. */
  peakMemory(): number {
    return peakMemory(this.pids);
  }

  /** The end of what it printed. */
  output(): string {
    return lastLines(Deno.readTextFileSync(this.#log));
  }

  /**
   * Looks whether it still is what was started: CPU time and memory of a process that ended are lost, even
   * where another has taken its place.
   *
   * @param before Its `pids` at an earlier time.
   * @throws {Error} If a process of it has ended; with the end of what it printed.
   */
  check(before: readonly number[] = []): void {
    const now = this.#ended === undefined ? this.pids : [];
    const lost = before.filter((pid) => !now.includes(pid));
    if (this.#ended === undefined && lost.length === 0) return;
    const how = this.#ended ?? `lost process ${lost.join(", ")}`;
    throw new Error(`It ${how}. Its last lines:\n${this.output()}`);
  }

  /**
   * Sends one request. Of an endless answer only the first chunk is read.
   *
   * @throws {Error} If there is no answer, or not all of it.
   */
  async ask(path: string, probe: Probe = {}, firstChunk = false): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const headers = { ...(probe.host && { host: probe.host }), connection: "close" };
    const sent = httpRequest(this.url + path, { method: probe.method ?? "GET", headers }, resolve);
    sent.on("error", reject);
    sent.end(probe.body);
    const reply = await promise;
    const chunks: Uint8Array[] = [];
    for await (const chunk of reply) {
      chunks.push(chunk);
      if (firstChunk) break;
    }
    return {
      status: reply.statusCode ?? 0,
      type: reply.headers["content-type"] ?? "",
      body: Buffer.concat(chunks),
    };
  }

  /** Ends it: politely, then for good. */
  async stop(): Promise<void> {
    this.#stopping = true;
    const pids = this.pids;
    for (const child of this.#children) end(child.pid, "SIGTERM");
    const ended = Promise.all(this.#children.map((child) => child.status));
    let timer: ReturnType<typeof setTimeout> | undefined;
    await Promise.race([ended, new Promise((resolve) => timer = setTimeout(resolve, STOP_LIMIT_MS))]);
    clearTimeout(timer);
    for (const pid of pids) endNow(pid);
    await ended;
  }

  /** The shell gives a server a file to print to, so that nobody has to read a pipe while timing. */
  #spawn(argv: readonly string[], env: Record<string, string>): void {
    const args = ["-c", `exec "$@" >>'${this.#log}' 2>&1`, "sh", ...argv];
    const { folder } = this.#place;
    const child = new Deno.Command("sh", { args, env, stdin: "null", cwd: folder }).spawn();
    this.#children.push(child);
    child.status.then(({ code, signal }) => {
      if (!this.#stopping) this.#ended ??= `ended with ${signal ?? `exit code ${code}`}`;
    });
  }

  async #accepts(port: number): Promise<void> {
    for (const until = Date.now() + START_LIMIT_MS; Date.now() < until; await delay(50)) {
      this.check();
      try {
        (await Deno.connect({ hostname: "127.0.0.1", port })).close();
        return;
      } catch {
        // Not yet.
      }
    }
    throw new Error(`It did not start within ${START_LIMIT_MS / 1000} s:\n${this.output()}`);
  }
}

/** Kills a process, if it has not ended yet. */
export function endNow(pid: number): void {
  end(pid, "SIGKILL");
}

function end(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch {
    // It has ended.
  }
}

/**
 * Compares an answer with what it has to be.
 *
 * @param reply The answer.
 * @param expected What it has to be.
 * @returns What is wrong, or `undefined`.
 */
export function complaint(reply: Reply, expected: Expected): string | undefined {
  if (reply.status !== 200) return `status ${reply.status}`;
  if (expected.type !== undefined && !reply.type.startsWith(expected.type)) {
    return `content-type ${JSON.stringify(reply.type)}`;
  }
  const { body } = expected;
  const right = typeof body === "function"
    ? body(reply.body)
    : matches(new TextDecoder().decode(reply.body), body);
  return right ? undefined : `a body of ${reply.body.length} bytes that is not the right one`;
}

function matches(text: string, expected: string | RegExp): boolean {
  return typeof expected === "string" ? text === expected : expected.test(text);
}
