/**
 * What processes cost, seen from outside: CPU time, memory, context switches of a process and all its
 * descendants. Linux only, as is the whole load bench.
 *
 * CPU time comes from the kernel's clock of each process (`clock_getcpuclockid(3)`): nanoseconds, user and
 * system together, of all threads, those included that have ended. `/proc/PID/stat` has the same sum in
 * steps of 10 ms, too coarse for short slices; it serves here only to split user from system time.
 *
 * @module
 */

/** CPU time in seconds. */
export interface CpuTime {
  /** User and system time. */
  readonly total: number;
  /** User time, in steps of 10 ms. */
  readonly user: number;
  /** System time, in steps of 10 ms. */
  readonly system: number;
}

/** Kernel clock ticks per second; fixed for user space on Linux. */
const TICKS = 100;

const libc = Deno.dlopen("libc.so.6", {
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
});

/** Nanosecond clock of a process: the kernel's encoding of "CPU time used by process `pid`". */
const cpuClock = (pid: number) => ((~pid) << 3) | 2;

/** CPU seconds that a process has used, or 0 if it is gone. */
function cpuSeconds(pid: number): number {
  const timespec = new BigInt64Array(2);
  if (libc.symbols.clock_gettime(cpuClock(pid), timespec) !== 0) return 0;
  return Number(timespec[0]) + Number(timespec[1]) / 1e9;
}

interface Stat {
  readonly parent: number;
  readonly user: number;
  readonly system: number;
  /** User and system seconds of its children that have ended. */
  readonly children: number;
}

/**
 * Parses `/proc/PID/stat`. The command name in it may hold spaces and parentheses.
 *
 * @param text The file's text.
 * @returns Parent process, user and system seconds, those of its own and of children that have ended.
 */
export function parseStat(text: string): Stat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return {
    parent: Number(fields[1]),
    user: Number(fields[11]) / TICKS,
    system: Number(fields[12]) / TICKS,
    children: (Number(fields[13]) + Number(fields[14])) / TICKS,
  };
}

/** A file of `/proc`; empty if the process has ended. */
function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function readStat(pid: number): Stat | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text === "" ? undefined : parseStat(text);
}

/** A process and all its descendants that live now. */
export function processTree(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    const parent = Number.isInteger(pid) ? readStat(pid)?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...children.get(parent) ?? [], pid]);
  }
  const tree = [root];
  for (const pid of tree) tree.push(...children.get(pid) ?? []);
  return tree;
}

/** CPU time used so far by some processes together. */
export function cpuTime(pids: readonly number[]): CpuTime {
  let total = 0, user = 0, system = 0;
  for (const pid of pids) {
    const stat = readStat(pid);
    total += cpuSeconds(pid);
    user += stat?.user ?? 0;
    system += stat?.system ?? 0;
  }
  return { total, user, system };
}

/** CPU seconds that the driver and its load generators have used, those counted that have ended. */
export function driverSeconds(): number {
  const { user, system, children } = readStat(Deno.pid)!;
  return user + system + children;
}

/** The difference of two CPU times. */
export function cpuSince(before: CpuTime, after: CpuTime): CpuTime {
  return {
    total: after.total - before.total,
    user: after.user - before.user,
    system: after.system - before.system,
  };
}

function statusField(pid: number, field: string): number {
  const text = readText(`/proc/${pid}/status`);
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)?.[1] ?? 0);
}

/** Peak resident memory of some processes together, in bytes; pages they share count for each. */
export function peakMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + statusField(pid, "VmHWM") * 1024, 0);
}

/** Resident memory of some processes together, in bytes; pages they share count for each. */
export function residentMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + statusField(pid, "VmRSS") * 1024, 0);
}

/** The threads of a process; none if it has ended. */
function threads(pid: number): string[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
  } catch {
    return [];
  }
}

/** How often each thread of some processes was given a CPU since it started, by thread id. */
export function contextSwitches(pids: readonly number[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const pid of pids) {
    for (const name of threads(pid)) {
      const status = readText(`/proc/${pid}/task/${name}/status`);
      const found = [...status.matchAll(/ctxt_switches:\s+(\d+)/g)];
      counts.set(Number(name), found.reduce((sum, [, count]) => sum + Number(count), 0));
    }
  }
  return counts;
}

/** Context switches between two looks; those of threads that ended meanwhile are not known. */
export function switchesSince(before: Map<number, number>, after: Map<number, number>): number {
  return [...after].reduce((sum, [thread, count]) => sum + count - (before.get(thread) ?? 0), 0);
}

/** Seconds that some cores were busy since the machine started, whoever used them. */
export function busySeconds(cores: readonly number[]): number {
  let ticks = 0;
  for (const line of Deno.readTextFileSync("/proc/stat").split("\n")) {
    const [name, user, nice, system, , , irq, softirq] = line.split(/\s+/);
    if (!cores.some((core) => name === `cpu${core}`)) continue;
    for (const field of [user, nice, system, irq, softirq]) ticks += Number(field);
  }
  return ticks / TICKS;
}
