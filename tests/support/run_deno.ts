/** Starts Deno again, in the folder of the repository, and stays out of the way until it ends. */

import { ROOT } from "./packages.ts";

/**
 * What the server and its tests need: they start processes, and `reusePort` ends a process that was started without
 * `--unstable-net`.
 */
export const PERMISSIONS: readonly string[] = ["-A", "--unstable-net"];

/** Passed on to the child, so that ending the task ends what it started. */
const FORWARDED: readonly Deno.Signal[] = ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"];

/** Runs a Deno command with this process's terminal and returns its exit code. */
export async function runDeno(args: readonly string[], cwd: string = ROOT): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  const stopForwarding = forwardSignals(child);
  const { code } = await child.status;
  stopForwarding();
  return code;
}

function forwardSignals(child: Deno.ChildProcess): () => void {
  const listeners = FORWARDED.map((signal) => {
    const listener = () => {
      // A terminal sends Ctrl-C to every process in front of it: a second one would mean "stop now".
      if (signal === "SIGINT" && Deno.stdin.isTerminal()) return;
      child.kill(signal);
    };
    Deno.addSignalListener(signal, listener);
    return () => Deno.removeSignalListener(signal, listener);
  });
  return () => listeners.forEach((remove) => remove());
}

/** Prints a line beside the output of the commands. */
export function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
