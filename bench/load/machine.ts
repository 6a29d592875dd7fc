/**
 * The machine a run ran on, and the commit it ran.
 *
 * @module
 */
import type { Machine } from "./results.ts";

async function firstLine(program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await new Deno.Command(program, { args }).output();
    const text = new TextDecoder().decode(stdout) || new TextDecoder().decode(stderr);
    return text.split("\n")[0]!.trim();
  } catch {
    return "";
  }
}

const VERSION = /\d+(\.\d+)+/;

/** Versions of what takes part, of those programs that are there. */
async function versions(): Promise<Record<string, string>> {
  const asked = {
    Deno: Deno.version.deno,
    wrk: VERSION.exec(await firstLine("wrk", "-v"))?.[0],
    Node: VERSION.exec(await firstLine("node", "--version"))?.[0],
    nginx: VERSION.exec(await firstLine("nginx", "-v"))?.[0],
    PHP: VERSION.exec(await firstLine("php", "--version"))?.[0],
  };
  return Object.fromEntries(Object.entries(asked).flatMap(([name, found]) => found ? [[name, found]] : []));
}

/** Describes this machine. */
export async function describeMachine(): Promise<Machine> {
  const model = /^model name\s*: (.*)$/m.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown";
  return {
    cpu: model,
    cpus: navigator.hardwareConcurrency,
    memory: Deno.systemMemoryInfo().total,
    kernel: `Linux ${Deno.osRelease()}`,
    versions: await versions(),
    load: Deno.loadavg()[0]!,
  };
}

/** The commit of a work tree, with `+` behind it if files were changed; `unknown` without git. */
export async function describeCommit(root: string): Promise<string> {
  const commit = await firstLine("git", "-C", root, "rev-parse", "--short", "HEAD");
  const changes = await firstLine("git", "-C", root, "status", "--porcelain", "--untracked-files=no");
  return commit === "" ? "unknown" : commit + (changes === "" ? "" : "+");
}
