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
}

/**
 * Counts the calls in a log of strace, each line with the thread in front.
 *
 * @param log The log. Calls that were interrupted in it by those of other threads count once.
 * @returns What the busiest thread did: the others do not answer.
 */
export function countCalls(log: string): Counts {
  const threads = new Map<
    string,
    { reads: number; writes: number; polls: number; mostReads: number; now: number }
  >();
  for (const [, thread, call, rest] of log.matchAll(/^(\d+) +(\w+)\((.*)$/gm)) {
    const counts = threads.get(thread!) ?? { reads: 0, writes: 0, polls: 0, mostReads: 0, now: 0 };
    threads.set(thread!, counts);
    if (call === "epoll_wait") {
      counts.polls++;
      counts.now = 0;
    } else if (!rest!.includes("HTTP/1.1")) {
      // Wake-ups of other threads, signals, reads that found nothing.
    } else if (/^(recvfrom|readv?)$/.test(call!)) {
      counts.reads++;
      counts.mostReads = Math.max(counts.mostReads, ++counts.now);
    } else counts.writes++;
  }
  const none = { reads: 0, writes: 0, polls: 0, mostReads: 0 };
  const busiest = [...threads.values()].reduce((a, b) => b.reads > a.reads ? b : a, { ...none, now: 0 });
  const { now: _, ...counts } = busiest;
  return counts;
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
  return countCalls(Deno.readTextFileSync(log));
}

async function count(rival: Rival, connections: number, config: string): Promise<string[]> {
  const folder = Deno.makeTempDirSync({ prefix: "archangel_calls_" });
  const place = { port: freePort(), backend: freePort(), app: "hello", workers: 1, files: folder, folder };
  const server = await ServerProcess.start(rival, { ...place, config, root: ROOT }, "0");
  try {
    const { reads, writes, polls, mostReads } = await watch(server, connections, folder);
    return [
      rival.title,
      String(connections),
      (writes / reads).toFixed(2),
      (reads / polls).toFixed(1),
      String(mostReads),
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
  for (const connections of [64, 512]) {
    for (const name of ["raw_loop", "deno_serve", "archangel"]) {
      rows.push(await count(RIVALS[name]!, connections, config));
    }
  }
  print(table(["server", "connections", "writes/read", "reads/poll", "most reads between polls"], rows));
  return 0;
}
