/**
 * Counts the system calls of servers under load, by `strace`, which slows them down many times: these are
 * counts, not times. `deno task bench calls` prints them.
 *
 * @module
 */
import { choosePackages, ROOT } from "../../tests/support/packages.ts";
import { freePort } from "../../tests/support/ports.ts";
import { table } from "./report.ts";
import { missingPrograms, type Rival, RIVALS } from "./rivals.ts";
import { pinned, ServerProcess } from "./server_process.ts";
import { outputOf, parseWrk, wrkCommand } from "./wrk.ts";

const SECONDS = 2;
/** Not Archangel with 512: to let busy connections take turns it goes by the clock, which strace upsets. */
const WATCHED = [[64, ["raw_loop", "deno_serve", "archangel"]], [512, ["raw_loop", "deno_serve"]]] as const;
const CALLS = "recvfrom,read,readv,sendto,write,writev,sendmsg,epoll_wait";

/** What one server did. */
export interface Counts {
  /** Reads from sockets that brought something. */
  readonly reads: number;
  /** Writes to sockets. */
  readonly writes: number;
  /** Times that the kernel was asked what is ready. */
  readonly polls: number;
  /** The most reads between two such times. */
  readonly mostReads: number;
  /** Of as many reads in a row as there are connections, how many were of different ones; the mean. */
  readonly different: number;
}

/** What one thread has done so far. */
class Thread {
  reads = 0;
  writes = 0;
  polls = 0;
  mostReads = 0;
  #inRow = 0;
  readonly #connections: number;
  #sockets = new Set<string>();
  readonly #different: number[] = [];

  constructor(connections: number) {
    this.#connections = connections;
  }

  get different(): number {
    return this.#different.reduce((a, b) => a + b, 0) / this.#different.length;
  }

  poll(): void {
    this.polls++;
    this.#inRow = 0;
  }

  read(socket: string): void {
    this.mostReads = Math.max(this.mostReads, ++this.#inRow);
    this.#sockets.add(socket);
    if (++this.reads % this.#connections !== 0) return;
    this.#different.push(this.#sockets.size);
    this.#sockets = new Set();
  }
}

/**
 * Counts the calls in a log of strace, each line with the thread in front.
 *
 * @param log The log. Calls that were interrupted in it by those of other threads count once.
 * @param connections How many the load had.
 * @returns What the busiest thread did: the others do not answer.
 */
export function countCalls(log: string, connections: number): Counts {
  const threads = new Map<string, Thread>();
  for (const [, id, call, rest] of log.matchAll(/^(\d+) +(\w+)\((.*)$/gm)) {
    const thread = threads.get(id!) ?? new Thread(connections);
    threads.set(id!, thread);
    // What has no HTTP in it are wake-ups of other threads, and reads that found nothing.
    if (call === "epoll_wait") thread.poll();
    else if (rest!.includes("HTTP/1.1") && /^(recvfrom|readv?)$/.test(call!)) {
      thread.read(rest!.split(",")[0]!);
    } else if (rest!.includes("HTTP/1.1")) thread.writes++;
  }
  return [...threads.values()].reduce((a, b) => b.reads > a.reads ? b : a, new Thread(connections));
}

/** Runs a load on a server while strace watches it. */
async function watch(server: ServerProcess, connections: number, folder: string): Promise<Counts> {
  const log = `${folder}/strace.log`;
  const args = ["-f", "-s", "16", "-e", `trace=${CALLS}`, "-o", log];
  const pids = server.pids.flatMap((pid) => ["-p", String(pid)]);
  const strace = new Deno.Command("strace", { args: [...args, ...pids], stderr: "null" }).spawn();
  const command = pinned("1", wrkCommand({ connections, path: "/" }, `${server.url}/`, SECONDS, false));
  const [program, ...rest] = command;
  parseWrk(outputOf(command, await new Deno.Command(program!, { args: rest }).output()));
  strace.kill("SIGINT");
  await strace.status;
  return countCalls(Deno.readTextFileSync(log), connections);
}

async function count(rival: Rival, connections: number, config: string): Promise<string[]> {
  const folder = Deno.makeTempDirSync({ prefix: "archangel_calls_" });
  const place = { port: freePort(), backend: freePort(), app: "hello", workers: 1, files: folder, folder };
  const server = await ServerProcess.start(rival, { ...place, config, root: ROOT }, {
    server: "0",
    load: "0",
  });
  try {
    const { reads, writes, polls, mostReads, different } = await watch(server, connections, folder);
    return [
      rival.title,
      String(connections),
      (writes / reads).toFixed(2),
      (reads / polls).toFixed(1),
      String(mostReads),
      different.toFixed(0),
    ];
  } finally {
    await server.stop();
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Prints the table. Returns the exit code. */
export async function main(): Promise<number> {
  const print = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  const lacks = missingPrograms({ title: "", needs: ["strace", "wrk", "taskset"], start: () => [] });
  if (lacks.length > 0) {
    print(`Cannot count system calls without ${lacks.join(" and ")}`);
    return 1;
  }
  const { config } = await choosePackages();
  const rows: string[][] = [];
  for (const [connections, names] of WATCHED) {
    for (const name of names) rows.push(await count(RIVALS[name]!, connections, config));
  }
  const counts = ["writes/read", "reads/poll", "most reads between polls", "connections in as many reads"];
  print(table(["server", "connections", ...counts], rows));
  return 0;
}
