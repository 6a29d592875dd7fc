/**
 * The command line of Archangel: arguments in, exit code out. It finds the command, shows help, and
 * turns errors into text; what a command does is in `commands/`, loaded only when it is the one.
 *
 * @module
 */
import { type CommandLine, readCommandLine, UsageError } from "./command_line.ts";
import { AppLoadError, ConfigError, ListenError } from "./errors.ts";
import { EXIT } from "./exit_codes.ts";
import { describeError } from "./say.ts";
import type { Site } from "./site.ts";
import { flushLines } from "./standard_lines.ts";
import { processTerminal, red, showProblems, type Terminal } from "./terminal.ts";

export type { Site, Terminal };

/**
 * Runs a command line.
 *
 * @param args The arguments of the program.
 * @param terminal Where to print. Default: this process's own.
 * @param site What is meant where the arguments name no config, folder or module. Default: what is in the
 * current folder.
 * @returns The exit code, one of `exit_codes.ts`.
 */
export async function main(
  args: readonly string[],
  terminal: Terminal = processTerminal(),
  site?: Site,
): Promise<number> {
  try {
    const line = await readLine(args, site);
    return await helpOrVersion(line, args, terminal) ?? await run(line, terminal);
  } catch (error) {
    // The terminal does not wait for lines that are on their way.
    await flushLines();
    return report(error, terminal);
  }
}

async function readLine(args: readonly string[], site: Site | undefined): Promise<CommandLine> {
  const line = readCommandLine(args);
  if (site === undefined) return line;
  const { withSite } = await import("./site.ts");
  return withSite(line, site);
}

async function run(line: CommandLine, terminal: Terminal): Promise<number> {
  const { run } = await line.command.load();
  return await run(line, terminal);
}

async function helpOrVersion(
  line: CommandLine,
  args: readonly string[],
  terminal: Terminal,
): Promise<number | undefined> {
  if (line.flags["version"] === true) {
    const { VERSION } = await import("./version.ts");
    terminal.out(`archangel ${VERSION} (deno ${Deno.version.deno})`);
    return EXIT.ok;
  }
  if (line.flags["help"] !== true) return undefined;
  const { helpFor, overview } = await import("./help.ts");
  terminal.out(args.includes(line.command.name) ? helpFor(line.command) : overview());
  return EXIT.ok;
}

function report(error: unknown, terminal: Terminal): number {
  if (error instanceof UsageError) {
    const help = error.command === undefined ? "archangel --help" : `archangel ${error.command} --help`;
    terminal.error(`${red(terminal, "archangel:")} ${error.message}\nSee ${help}`);
    return EXIT.usage;
  }
  if (error instanceof ConfigError) {
    showProblems(terminal, error);
    return EXIT.config;
  }
  terminal.error(`${red(terminal, "archangel:")} ${describeError(error)}`);
  return isOfBoot(error) ? EXIT.boot : EXIT.failure;
}

function isOfBoot(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isOfBoot);
  return error instanceof ListenError || error instanceof AppLoadError;
}

/**
 * Runs the command line of this process and ends it.
 *
 * @param site As for {@linkcode main}.
 * @returns Never.
 */
export async function runAndExit(site?: Site): Promise<never> {
  const code = await main(Deno.args, undefined, site);
  await flushLines();
  Deno.exit(code);
}

if (import.meta.main) await runAndExit();
