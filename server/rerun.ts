/**
 * Runs a command line again in a process that has the user's deno.json. Deno reads one config a process,
 * at its start, and this process was started with another one or none. Commands that load apps
 * themselves need it; `serve` does not, as its workers are processes anyway.
 *
 * @module
 */
import type { CommandLine } from "./command_line.ts";
import { permissionFlags } from "./permissions.ts";
import type { Settings } from "./settings.ts";
import { detectProgram } from "./spawn.ts";

/**
 * Runs the command line again, if there is a config to run it with. stdin, stdout and stderr are shared.
 *
 * @param line The command line.
 * @param settings What it says.
 * @returns The exit code; `undefined` if the command is to go on in this process.
 */
export async function rerun(line: CommandLine, settings: Settings): Promise<number | undefined> {
  const program = detectProgram();
  if (settings.denoConfig === undefined || line.flags["here"] === true || program === undefined) {
    return undefined;
  }
  const denoFlags = [
    "--no-prompt",
    "--unstable-net",
    "-c",
    settings.denoConfig,
    ...permissionFlags(settings),
  ];
  const ownFlags = ["--here", ...Object.entries(line.flags).flatMap(flagArguments)];
  const args = ["run", ...denoFlags, program, line.command.name, ...ownFlags, "--", ...line.arguments];
  const child = new Deno.Command(Deno.execPath(), { args, stdin: "inherit" });
  return (await child.spawn().status).code;
}

function flagArguments([name, value]: [string, CommandLine["flags"][string]]): string[] {
  if (typeof value === "boolean") return [`--${name}=${value}`];
  return [value].flat().map((text) => `--${name}=${text}`);
}
