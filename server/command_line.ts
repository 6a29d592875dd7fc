/**
 * Reads the command line: which command, which arguments, which flags. Owns what is a usage error,
 * and knows nothing of what commands do.
 *
 * @module
 */
import { parseArgs } from "jsr:@std/cli@^1/parse-args";
import { COMMANDS, type CommandSpec, flagsOf, type FlagSpec } from "./command_table.ts";
import { checkValues, CONFIG_FILE, type ConfigInput, type ConfigValues } from "./config.ts";
import type { ConfigProblem } from "./errors.ts";
import { didYouMean, nearest } from "./nearest.ts";
import { folderOf, resolvePath } from "./paths.ts";

/** Thrown when the command line is wrong: exit code 2. */
export class UsageError extends Error {
  /** Always `"UsageError"`. */
  override readonly name = "UsageError";
  /** The command whose help shows what would be right; none if there is no such command. */
  readonly command: string | undefined;

  /**
   * Says what is wrong.
   *
   * @param message What is wrong.
   * @param command The command whose help shows what would be right.
   */
  constructor(message: string, command?: string) {
    super(message);
    this.command = command;
  }
}

/** A command line that was understood. */
export interface CommandLine {
  /** The command. */
  readonly command: CommandSpec;
  /** Its arguments, without flags. */
  readonly arguments: readonly string[];
  /** Flags by name: text, `true` or `false`, or a list for those that may be repeated. */
  readonly flags: Readonly<Record<string, string | boolean | readonly string[]>>;
}

const LETTER = /^-[A-Za-z]/;
/** What other servers call the place to listen at. */
const HABITS = /^(--port|-p|--host|--hostname|--bind|-b)$/;

/**
 * Reads the command line.
 *
 * @param args The arguments of the program.
 * @returns What they say.
 * @throws {UsageError} If there is no such command or flag, or too many arguments.
 *
 * @example Usage
 * ```ts
 * import { readCommandLine } from "./command_line.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const line = readCommandLine(["check", "--workers", "2", "./site"]);
 * assertEquals(line.command.name, "check");
 * assertEquals(line.arguments, ["./site"]);
 * assertEquals(line.flags, { workers: "2" });
 * ```
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { command, rest } = splitCommand(asHelpFlag(args));
  const specs = flagsOf(command);
  refuseSwitchValues(rest, command, specs);
  const named = (kind: FlagSpec["kind"]) =>
    specs.filter((flag) => flag.kind === kind).map(({ name }) => name);
  const parsed = parseArgs(withNumbers(rest, specs), {
    string: ["_", ...named("text"), ...named("list")],
    boolean: named("switch"),
    collect: named("list"),
    alias: Object.fromEntries(
      specs.flatMap(({ name, letter }) => letter === undefined ? [] : [[letter, name]]),
    ),
    unknown: (argument, key) => key === undefined || key === "" || refuseFlag(argument, command, specs),
  });
  const positionals = parsed._.map(String);
  const line = { command, arguments: positionals, flags: presentFlags(parsed, rest, command, specs) };
  if (positionals.length > command.arguments.length && line.flags["help"] !== true) {
    const extra = positionals[command.arguments.length]!;
    throw new UsageError(`Unexpected argument ${JSON.stringify(extra)} for ${command.name}`, command.name);
  }
  return line;
}

/** A negative number behind a flag that takes a value is that value; the parser would take it for a flag. */
function withNumbers(args: readonly string[], specs: readonly FlagSpec[]): string[] {
  const taking = specs.filter(({ kind }) => kind !== "switch");
  const end = args.indexOf("--");
  const joined: string[] = [];
  args.forEach((argument, at) => {
    const before = args[at - 1];
    const flag = taking.find(({ name, letter }) => before === `--${name}` || before === `-${letter}`);
    const isValue = /^-[\d.]/.test(argument) && flag !== undefined && (end < 0 || at < end);
    if (isValue) joined[joined.length - 1] = `--${flag.name}=${argument}`;
    else joined.push(argument);
  });
  return joined;
}

/** The parser would take every value but `false` for `true`, and `--development=0` would turn it on. */
function refuseSwitchValues(args: readonly string[], command: CommandSpec, specs: readonly FlagSpec[]): void {
  const end = args.indexOf("--");
  for (const argument of end < 0 ? args : args.slice(0, end)) {
    const [, written, value] = /^(--?[^=]+)=([^]*)$/.exec(argument) ?? [];
    if (value === undefined || value === "true" || value === "false") continue;
    const flag = specs.find(({ name, letter }) => written === `--${name}` || written === `-${letter}`);
    if (flag?.kind !== "switch") continue;
    throw new UsageError(
      `Flag --${flag.name} is true or false, got ${
        JSON.stringify(value)
      }: write --${flag.name} alone, or --${flag.name}=false`,
      command.name,
    );
  }
}

/** Many programs have a command `help`; here it is the flag. */
function asHelpFlag(args: readonly string[]): readonly string[] {
  return args[0] === "help" && !exists("help") ? [...args.slice(1), "--help"] : args;
}

/** A first word that looks like a path is what to serve; without any word, `serve` is meant. */
function splitCommand(args: readonly string[]): { command: CommandSpec; rest: readonly string[] } {
  const [serve] = COMMANDS;
  const at = args.findIndex((argument) => !argument.startsWith("-"));
  const word = at === 0 ? args[0]! : undefined;
  const found = COMMANDS.find(({ name }) => name === word);
  if (found !== undefined) return { command: found, rest: args.slice(1) };
  if (word === undefined || /[./\\:]/.test(word)) return { command: serve!, rest: args };
  if (exists(word)) return { command: serve!, rest: args };
  const names = COMMANDS.map(({ name }) => name);
  throw new UsageError(
    `Unknown command ${JSON.stringify(word)}${didYouMean(word, names) || commandList(names)}`,
  );
}

function commandList(names: readonly string[]): string {
  return `: expected ${names.join(", ")}, or a folder or module to serve`;
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

/** A URL is a module, and so is what cannot be looked at: it is refused for that later. */
function kindOf(target: string): "module" | "folder" | "nothing" {
  if (/^[a-z]{2,}:/.test(target)) return "module";
  try {
    return Deno.statSync(target).isDirectory ? "folder" : "module";
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? "nothing" : "module";
  }
}

function refuseFlag(argument: string, command: CommandSpec, specs: readonly FlagSpec[]): never {
  const name = argument.replace(/=[^]*$/, "");
  const known = specs.map((flag) => `--${flag.name}`);
  const elsewhere = COMMANDS.filter((other) => flagsOf(other).some((flag) => `--${flag.name}` === name));
  const where = elsewhere.length === 0
    ? ""
    : `; it belongs to ${elsewhere.map((other) => other.name).join(", ")}`;
  const suggestion = nearest(name, known) === undefined || LETTER.test(name)
    ? where
    : didYouMean(name, known);
  const habit = command.takesSettings && HABITS.test(name) ? "; write --listen http://HOST:PORT" : suggestion;
  throw new UsageError(`Unknown flag ${name} for ${command.name}${habit}`, command.name);
}

/** What was really given: the parser also reports what was not. */
function presentFlags(
  parsed: Record<string, unknown>,
  args: readonly string[],
  command: CommandSpec,
  specs: readonly FlagSpec[],
): CommandLine["flags"] {
  const flags: Record<string, string | boolean | readonly string[]> = {};
  for (const { name, kind, value } of specs) {
    const given = parsed[name];
    if (kind === "switch") {
      if (given === true || args.includes(`--${name}=false`)) flags[name] = given === true;
      continue;
    }
    const texts = Array.isArray(given) ? given.map(String) : given === undefined ? [] : [String(given)];
    if (texts.includes("")) {
      throw new UsageError(`Flag --${name} needs a value: --${name} ${value}`, command.name);
    }
    if (texts.length > 0) flags[name] = kind === "list" ? texts : texts[0]!;
  }
  return flags;
}

/**
 * Where the settings of a command come from: a config file, a folder or module to serve without any,
 * and the flags that override.
 *
 * @param line The command line.
 * @param target The folder or module named on the command line, if one was.
 * @returns The input of `loadConfig`.
 * @throws {UsageError} If there is nothing to serve, too much, or a flag's value is wrong.
 */
export function configInput(line: CommandLine, target: string | undefined): ConfigInput {
  const { config } = line.flags;
  if (target !== undefined && config !== undefined) {
    throw new UsageError(`Cannot serve ${target} with --config: name one of them`, line.command.name);
  }
  if (target !== undefined && /\.ya?ml$/.test(target)) {
    throw new UsageError(`${target} is a config: give it with --config`, line.command.name);
  }
  const flags = flagValues(line);
  const problem = checkValues(flags).find((problem) => problem.key !== "" && !problem.key.startsWith("apps"));
  if (problem !== undefined) throw new UsageError(asFlag(problem, line.command), line.command.name);
  if (target !== undefined) {
    const kind = kindOf(target);
    if (kind === "nothing") {
      throw new UsageError(`There is no folder or module ${target}`, line.command.name);
    }
    if (kind === "folder") refuseSite(target, line);
    // There is nothing else to serve: what is wrong with the module is to be known at once.
    const app = kind === "folder" ? target : { auto: target, preload: true };
    return {
      values: { apps: { [nameFor(target)]: app }, ...flags },
      home: folderOf(resolvePath(Deno.cwd(), target)),
    };
  }
  const file = typeof config === "string" ? config : CONFIG_FILE;
  if (config === undefined && kindOf(file) === "nothing") {
    throw new UsageError(
      `There is no ${CONFIG_FILE} in this folder: name a folder or module to serve, or run archangel init`,
    );
  }
  return { file, values: flags };
}

/** Served as files, a site would show its config and its sources to everybody. */
function refuseSite(folder: string, { command, arguments: names }: CommandLine): void {
  const file = `${folder.replace(/[/\\]+$/, "")}/${CONFIG_FILE}`;
  if (!exists(file)) return;
  const own = command.name === "serve" ? [] : [command.name];
  const words = ["archangel", ...own, ...names.slice(0, -1), "--config", file];
  throw new UsageError(`${folder} has an ${CONFIG_FILE}: run ${words.join(" ")}`, command.name);
}

/** Whoever wrote `--listen` knows nothing of `listen[0]`. */
function asFlag({ key, message }: ConfigProblem, command: CommandSpec): string {
  const flag = flagsOf(command).find((flag) => flag.key !== undefined && key.split("[")[0] === flag.key);
  return flag === undefined ? message : message.replace(JSON.stringify(key), `--${flag.name}`);
}

/** The flags that stand for settings, with the keys of the config file. */
function flagValues(line: CommandLine): ConfigValues {
  const specs = flagsOf(line.command).filter((flag) => flag.key !== undefined && flag.name in line.flags);
  return Object.fromEntries(specs.map((flag) => [flag.key!, line.flags[flag.name]]));
}

/** The app's name in logs and messages: the last part of its path. */
function nameFor(target: string): string {
  const last = target.replace(/[?#].*$/, "").split(/[/\\]/).findLast((part) => /[A-Za-z]/.test(part)) ?? "";
  const name = last.replace(/\.\w+$/, "").replace(/[^\w-]+/g, "-").replace(/^[^A-Za-z]+/, "").slice(0, 64);
  return name === "" ? "app" : name;
}
