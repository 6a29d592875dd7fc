/**
 * `archangel compile`: a config, its apps and folders, and Archangel itself in one executable.
 *
 * @module
 */
import { type CommandLine, configInput, UsageError } from "../command_line.ts";
import { flagsOf } from "../command_table.ts";
import { compileArguments, type CompilePlan, missingRuntime, planCompile, siteOf } from "../compile.ts";
import { loadConfig } from "../config.ts";
import { EXIT } from "../exit_codes.ts";
import { resolvePath } from "../paths.ts";
import { detectProgram } from "../spawn.ts";
import { red, type Terminal } from "../terminal.ts";

const MiB = 1024 * 1024;

/**
 * Compiles.
 *
 * @param line The command line.
 * @param terminal Where to print.
 * @returns 0 if the executable is written, else 1.
 * @throws {UsageError} If it is not said where it is to go, or there is nothing to compile.
 * @throws {ConfigError} If the config is wrong.
 */
export async function run(line: CommandLine, terminal: Terminal): Promise<number> {
  const library = detectProgram();
  if (library === undefined) throw new UsageError("A compiled Archangel cannot compile: run it with Deno");
  const { output } = line.flags;
  if (typeof output !== "string") {
    throw new UsageError("Nowhere to write to: name the executable with --output");
  }
  const target = line.arguments[0];
  const input = configInput(line, target);
  const settings = loadConfig(input);
  const absolute = (path: string) => resolvePath(Deno.cwd(), path);
  const site = siteOf(
    settings.source,
    target === undefined ? undefined : absolute(target),
    settingFlags(line),
  );
  const plan = planCompile(settings, site, library);
  const denoFlags = line.flags["deno-flag"];
  const args = compileArguments(plan, absolute(output), Array.isArray(denoFlags) ? denoFlags : []);
  return await compile(plan, args, absolute(output), terminal);
}

/** The flags that hold when the executable runs, too. */
function settingFlags(line: CommandLine): CommandLine["flags"] {
  const names = flagsOf(line.command).filter(({ key }) => key !== undefined && key !== "deno_config");
  const given = Object.entries(line.flags).filter(([name]) => names.some((flag) => flag.name === name));
  return Object.fromEntries(given);
}

async function compile(
  { program, text }: CompilePlan,
  args: string[],
  output: string,
  terminal: Terminal,
): Promise<number> {
  const failed = (why: string) => {
    terminal.error(`${red(terminal, "archangel:")} ${why}`);
    return EXIT.failure;
  };
  if (!writeNew(program, text)) {
    return failed(
      `Cannot compile: ${program} is in the way; remove it if a compile that was killed has left it`,
    );
  }
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
    const said = new TextDecoder().decode(stderr).trimEnd();
    if (success) {
      terminal.error(said);
      terminal.out(`Wrote ${output} (${Math.ceil(Deno.statSync(output).size / MiB)} MiB)`);
      return EXIT.ok;
    }
    return failed(missingRuntime(said) ?? `Cannot compile:\n${said}`);
  } finally {
    Deno.removeSync(program);
  }
}

/** Whether the file was written: one that is there stays, it may be the user's. */
function writeNew(path: string, text: string): boolean {
  try {
    Deno.writeTextFileSync(path, text, { createNew: true });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) return false;
    throw error;
  }
}
