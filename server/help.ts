/**
 * The texts of `--help`, from the tables of commands and settings.
 *
 * @module
 */
import { COMMANDS, type CommandSpec, COMMON_FLAGS, flagsOf, type FlagSpec } from "./command_table.ts";
import { VERSION } from "./version.ts";

/**
 * The overview of all commands.
 *
 * @returns Several lines, without a line feed at the end.
 */
export function overview(): string {
  const width = Math.max(...COMMANDS.map((command) => usage(command).length));
  return [
    `archangel ${VERSION}: a pre-forking web server and app runtime for Deno`,
    "",
    "Usage: archangel [COMMAND] [FLAGS]",
    "",
    ...COMMANDS.map((command) => `  ${usage(command).padEnd(width)}  ${command.summary}`),
    "",
    "Without a command, serve is meant: archangel, archangel ./site, archangel app.ts",
    "",
    ...flagLines(COMMON_FLAGS),
    "",
    "archangel COMMAND --help shows the flags of a command.",
  ].join("\n");
}

/**
 * The help of one command.
 *
 * @param command The command.
 * @returns Several lines, without a line feed at the end.
 */
export function helpFor(command: CommandSpec): string {
  return [
    `Usage: archangel ${usage(command)} [FLAGS]`,
    "",
    command.summary,
    command.details,
    "",
    ...flagLines(flagsOf(command)),
  ].join("\n");
}

function usage(command: CommandSpec): string {
  return [command.name, ...command.arguments].join(" ");
}

function flagLines(flags: readonly FlagSpec[]): string[] {
  const heads = flags.map(flagHead);
  const width = Math.max(...heads.map((head) => head.length));
  return flags.map((flag, i) => `  ${heads[i]!.padEnd(width)}  ${flag.summary}${flagNote(flag)}`);
}

function flagHead({ name, letter, value }: FlagSpec): string {
  const short = letter === undefined ? "    " : `-${letter}, `;
  return `${short}--${name}${value === undefined ? "" : ` ${value}`}`;
}

function flagNote({ kind, otherwise }: FlagSpec): string {
  const notes = [
    ...(kind === "list" ? ["may be repeated"] : []),
    ...(otherwise === undefined ? [] : [`default: ${otherwise}`]),
  ];
  return notes.length === 0 ? "" : ` [${notes.join("; ")}]`;
}
