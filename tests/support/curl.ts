/** curl, as people use it. */
import { findProgram } from "./front_ends.ts";

/** The path of curl; `undefined` if it is not installed, which is said. */
export const curl: string | undefined = findProgram("curl");

/** How a run ended, and what it wrote. */
export interface Curled {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Starts curl; its output is read when `output()` is called, and until then it is kept waiting. */
export function startCurl(args: readonly string[], stdin: "null" | "piped" = "null"): Deno.ChildProcess {
  return new Deno.Command(curl!, {
    args: ["-sS", "--max-time", "20", ...args],
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs curl, with an input if there is one. */
export async function runCurl(args: readonly string[], input?: Uint8Array<ArrayBuffer>): Promise<Curled> {
  const child = startCurl(args, input === undefined ? "null" : "piped");
  if (input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(input).then(() => writer.close()).catch(() => {});
  }
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}
