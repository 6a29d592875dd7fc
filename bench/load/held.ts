/**
 * Measures what connections cost that are only held: memory for each, CPU time for an event or for
 * nothing at all, wake-ups. All contenders are measured at the same time, since none of them
 * needs more than a small part of the core.
 *
 * @module
 */
import { contextSwitches, cpuSince, residentMemory, switchesSince } from "./processes.ts";
import type { Sample } from "./results.ts";
import { pinned, type ServerProcess } from "./server_process.ts";

const delay = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
/** From the last answer to the first look: what a server still has to tidy up. */
const SETTLE_SECONDS = 2;

/** Someone who holds connections. */
class Holder {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;

  constructor(url: string, connections: number, cores: string) {
    const { port, pathname } = new URL(url);
    const program = new URL("./holder.ts", import.meta.url).pathname;
    const argv = [Deno.execPath(), "run", "-A", "--no-config", program, port, pathname, String(connections)];
    const [command, ...args] = pinned(cores, argv);
    this.#child = new Deno.Command(command!, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** @throws {Error} If it could not open all connections. */
  async ready(): Promise<void> {
    const { value } = await this.#lines.read();
    if (value !== "ready\n") {
      throw new Error("Cannot hold that many connections; is `ulimit -n` large enough?");
    }
  }

  /** Events received by all connections. */
  async end(): Promise<number> {
    await this.#child.stdin.close();
    const { value } = await this.#lines.read();
    await this.#child.status;
    return JSON.parse(value ?? "{}").events ?? NaN;
  }
}

/**
 * Holds connections to some servers for a while.
 *
 * @param lanes Servers, just started, and what to ask them for.
 * @param connections For each.
 * @param seconds How long to look.
 * @param cores Cores of the load.
 * @returns A sample for each.
 */
export async function hold(
  lanes: readonly { readonly server: ServerProcess; readonly url: string }[],
  connections: number,
  seconds: number,
  cores: string,
): Promise<Sample[]> {
  const memory = lanes.map(({ server }) => residentMemory(server.pids));
  const holders: Holder[] = [];
  for (const { url } of lanes) {
    const holder = new Holder(url, connections, cores);
    await holder.ready();
    holders.push(holder);
  }
  await delay(SETTLE_SECONDS);
  const before = lanes.map(({ server }) => look(server));
  const start = performance.now();
  await delay(seconds);
  const after = lanes.map(({ server }) => look(server));
  const passed = (performance.now() - start) / 1000;
  const ended = await Promise.all(holders.map((holder) => holder.end()));
  return lanes.map((_, i) => {
    const cpu = cpuSince(before[i]!.cpu, after[i]!.cpu).total;
    return {
      ...(ended[i]! > 0 && { cpu: cpu * 1e6 / (connections * passed) }),
      busy: cpu * 1000 / passed,
      switches: switchesSince(before[i]!.switches, after[i]!.switches) / passed,
      memory: (after[i]!.memory - memory[i]!) / connections,
    };
  });
}

function look(server: ServerProcess) {
  const { pids } = server;
  return { cpu: server.cpu(), switches: contextSwitches(pids), memory: residentMemory(pids) };
}
