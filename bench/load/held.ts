/**
 * Measures what connections cost that are only held: memory for each, CPU time for an event or for
 * nothing at all, wake-ups. All contenders are measured at the same time, since none of them
 * needs more than a small part of the core.
 *
 * @module
 */
import { delay } from "../../tests/support/delay.ts";
import { contextSwitches, cpuSince, residentMemory, switchesSince } from "./processes.ts";
import type { Sample } from "./results.ts";
import type { Watch } from "./scenarios.ts";
import { pinned, type ServerProcess } from "./server_process.ts";
import { outputOf } from "./wrk.ts";

/** Someone who holds connections. */
class Holder {
  readonly #command: readonly string[];
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #complaint: Promise<Uint8Array<ArrayBuffer>>;

  constructor(url: string, connections: number, cores: string) {
    const { port, pathname } = new URL(url);
    const program = new URL("./holder.ts", import.meta.url).pathname;
    const argv = [Deno.execPath(), "run", "-A", "--no-config", program, port, pathname, String(connections)];
    this.#command = pinned(cores, argv);
    const [command, ...args] = this.#command;
    const pipes = { stdin: "piped", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(command!, { args, ...pipes }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#complaint = new Response(this.#child.stderr).bytes();
  }

  /** @throws {Error} If it could not open all connections. */
  async ready(): Promise<void> {
    const { value } = await this.#lines.read();
    if (value !== "ready\n") {
      await this.#ended();
      throw new Error("Its connections cannot be opened; is `ulimit -n` large enough?");
    }
  }

  /**
   * Closes the connections.
   *
   * @returns Events received by all of them.
   * @throws {Error} If one was closed before that.
   */
  async end(): Promise<number> {
    await this.#child.stdin.close().catch(() => {});
    const { value } = await this.#lines.read();
    await this.#ended();
    return Number(value);
  }

  async #ended(): Promise<void> {
    const [status, stderr] = await Promise.all([this.#child.status, this.#complaint]);
    outputOf(this.#command, { ...status, stdout: new Uint8Array(), stderr });
  }
}

/**
 * Holds connections to some servers for a while.
 *
 * @param lanes Servers, just started, and what to ask them for.
 * @param connections For each.
 * @param watch When to look.
 * @param cores Cores of the load.
 * @returns For each a sample, or why there is none.
 */
export async function hold(
  lanes: readonly { readonly server: ServerProcess; readonly url: string }[],
  connections: number,
  watch: Watch,
  cores: string,
): Promise<PromiseSettledResult<Sample>[]> {
  const memory = lanes.map(({ server }) => residentMemory(server.pids));
  const holders: PromiseSettledResult<Holder>[] = [];
  for (const { url } of lanes) {
    holders.push(...await Promise.allSettled([ready(new Holder(url, connections, cores))]));
  }
  await delay(watch.settle * 1000);
  const before = lanes.map(({ server }) => look(server));
  const start = performance.now();
  await delay(watch.look * 1000);
  const after = lanes.map(({ server }) => look(server));
  const passed = (performance.now() - start) / 1000;
  return await Promise.allSettled(holders.map(async (holder, i): Promise<Sample> => {
    if (holder.status === "rejected") throw holder.reason;
    const events = await holder.value.end();
    const cpu = cpuSince(before[i]!.cpu, after[i]!.cpu).total;
    return {
      ...(events > 0 && { cpu: cpu * 1e6 / (connections * passed) }),
      busy: cpu * 1000 / passed,
      switches: switchesSince(before[i]!.switches, after[i]!.switches) / passed,
      memory: (after[i]!.memory - memory[i]!) / connections,
    };
  }));
}

async function ready(holder: Holder): Promise<Holder> {
  await holder.ready();
  return holder;
}

function look(server: ServerProcess) {
  const { pids } = server;
  return { cpu: server.cpu(), switches: contextSwitches(pids), memory: residentMemory(pids) };
}
