/**
 * Starts Archangel as a real process with a config and apps of its own, and looks at its processes
 * from outside through `/proc`. Everything started here is ended by its process id.
 */
import { delay } from "./delay.ts";
import { choosePackages } from "./packages.ts";
import { freePort } from "./ports.ts";

/** What to start. */
export interface Start {
  /** Worker processes. Default: 2. */
  workers?: number;
  /** Source of the one app, a module that exports `{ fetch }`. Default: {@linkcode PID_APP}. */
  app?: string;
  /** Further keys of the config, such as `timeouts`. */
  config?: Record<string, unknown>;
  /** Port of 127.0.0.1. Default: a free one. */
  port?: number;
  /** Permissions. Default: all. */
  permissions?: string[];
  /** Whether it leads a process group, as under a terminal. Default: false. */
  leads?: boolean;
  /** The folder that it is started in. Default: that of the tests. */
  cwd?: string;
  /** Streams that nobody reads: pipes which take some 64 KiB and no more. Default: none. */
  unread?: readonly ("stdout" | "stderr")[];
}

/** How a process ended. */
export interface Ended {
  code: number;
  signal: Deno.Signal | null;
}

/** An app that says which process answers, can take its time, and can leave errors behind. */
export const PID_APP = `
  export default {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/slow") {
        console.error("slow request begun");
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      if (pathname === "/forever") {
        console.error("endless request begun");
        await new Promise(() => setInterval(() => {}, 1000));
      }
      if (pathname === "/stray") {
        setTimeout(() => { throw new Error("thrown in a timer"); });
        Promise.reject(new Error("rejected and forgotten"));
      }
      if (pathname === "/print") {
        console.log("an app's line");
        console.error("half a line, then \\x1e{}");
      }
      if (pathname === "/may-write") return new Response(Deno.permissions.querySync({ name: "write" }).state);
      return new Response(String(Deno.pid));
    },
  };
`;

const deadlineMs = 20_000;

/** A running Archangel. */
export class Archangel implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly ended: Promise<Ended>;
  /** All that it and its workers wrote so far. */
  stdout = "";
  /** All that it and its workers wrote so far. */
  stderr = "";
  readonly #child: Deno.ChildProcess;
  readonly #start: Start;
  readonly #heard: Promise<unknown>;
  #tell: (() => void) | undefined;

  constructor(start: Start = {}) {
    this.#start = start;
    this.port = start.port ?? freePort();
    this.folder = Deno.makeTempDirSync({ prefix: "archangel_test_" });
    this.writeApp(start.app ?? PID_APP);
    this.writeConfig();
    const args = serveArguments(`${this.folder}/archangel.yaml`, start.permissions ?? ["-A"]);
    const pipes = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    const { leads: detached = false, cwd = Deno.cwd() } = start;
    this.#child = new Deno.Command(Deno.execPath(), { args, ...pipes, detached, cwd }).spawn();
    const read = (["stdout", "stderr"] as const).filter((name) => !start.unread?.includes(name));
    this.#heard = Promise.all(read.map((name) => this.#hear(name)));
    this.ended = this.#child.status.then(async ({ code, signal }) => {
      await this.#heard;
      return { code, signal };
    });
  }

  /** Starts one and waits until it serves. */
  static async serving(start: Start = {}): Promise<Archangel> {
    const archangel = new Archangel(start);
    await archangel.says("serving");
    return archangel;
  }

  get pid(): number {
    return this.#child.pid;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Writes the app module again; workers that have loaded it do not notice. */
  writeApp(source: string): void {
    Deno.writeTextFileSync(`${this.folder}/app.js`, source);
  }

  /** Writes the config again, with other keys. JSON is YAML. */
  writeConfig(changes: Record<string, unknown> = {}): void {
    const config = {
      listen: [`http://127.0.0.1:${this.port}`],
      workers: this.#start.workers ?? 2,
      apps: { test: { fetch: "./app.js", preload: true } },
      routes: [{ path: "/", app: "test" }],
      log: { access: "off" },
      ...this.#start.config,
      ...changes,
    };
    this.writeConfigText(JSON.stringify(config, null, 2));
  }

  /** Writes the config again, right or wrong. */
  writeConfigText(text: string): void {
    Deno.writeTextFileSync(`${this.folder}/archangel.yaml`, text);
  }

  /** Waits until a text has been written to stderr so often. */
  async says(text: string, times = 1): Promise<void> {
    const until = Date.now() + deadlineMs;
    let over = false;
    this.#heard.then(() => over = true);
    while (this.stderr.split(text).length <= times) {
      if (over || Date.now() > until) {
        throw new Error(`It never said "${text}" ${times} times:\n${this.stderr}`);
      }
      await new Promise<void>((resolve) => {
        this.#tell = resolve;
        this.#heard.then(() => resolve());
        setTimeoutUnref(resolve, 200);
      });
    }
  }

  /** Sends it an OS signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Process ids of the workers that live now. */
  workers(): number[] {
    return childrenOf(this.pid);
  }

  /** Text of an answer, over a connection of its own. */
  async get(path: string): Promise<string> {
    const response = await fetch(this.url + path, { headers: { connection: "close" } });
    return await response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const workers = this.workers();
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.ended;
    for (const name of this.#start.unread ?? []) await this.#child[name].cancel();
    await waitUntil(() => workers.every((pid) => !isAlive(pid)), "its workers end");
    Deno.removeSync(this.folder, { recursive: true });
  }

  async #hear(name: "stdout" | "stderr"): Promise<void> {
    for await (const text of this.#child[name].pipeThrough(new TextDecoderStream())) {
      this[name] += text;
      this.#tell?.();
    }
  }
}

function setTimeoutUnref(call: () => void, milliseconds: number): void {
  Deno.unrefTimer(setTimeout(call, milliseconds));
}

/** Waits until something holds, looking every 20 ms, and fails after 20 s. */
export async function waitUntil(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const until = Date.now() + deadlineMs; !(await holds());) {
    if (Date.now() > until) throw new Error(`Waited in vain: ${what}`);
    await delay(20);
  }
}

/** Whether a process lives; one that ended but was not waited for by its parent does not. */
export function isAlive(pid: number): boolean {
  const fields = statFields(pid);
  return fields !== undefined && fields.state !== "Z" && fields.state !== "X";
}

/** Process ids of the living children of a process. */
export function childrenOf(parent: number): number[] {
  const pids = [...Deno.readDirSync("/proc")].map((entry) => Number(entry.name)).filter(Number.isInteger);
  return pids.filter((pid) => statFields(pid)?.parent === parent && isAlive(pid));
}

/** How often the threads of a process were given a processor since they started. */
export function contextSwitches(pid: number): number {
  let sum = 0;
  for (const task of Deno.readDirSync(`/proc/${pid}/task`)) {
    const status = Deno.readTextFileSync(`/proc/${pid}/task/${task.name}/status`);
    for (const [, count] of status.matchAll(/ctxt_switches:\s+(\d+)/g)) sum += Number(count);
  }
  return sum;
}

function statFields(pid: number): { state: string; parent: number } | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { state: state!, parent: Number(parent) };
  } catch {
    return undefined; // It has ended.
  }
}

/** Which packages the tests run with, found out once. */
const packages = await choosePackages();

/** Arguments of Deno for `archangel serve` with a config file. */
export function serveArguments(file: string, permissions: readonly string[]): string[] {
  const program = new URL("../../server/cli.ts", import.meta.url).href;
  const { config } = packages;
  return ["run", ...permissions, "-c", config, program, "serve", "--config", file, "--deno-config", config];
}
