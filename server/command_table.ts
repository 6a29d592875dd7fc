/**
 * The commands and their flags, from which the command line is read and `--help` is written. Flags
 * that stand for settings come from the settings table.
 *
 * @module
 */
import type { CommandLine } from "./command_line.ts";
import { SETTINGS } from "./settings_table.ts";
import type { Terminal } from "./terminal.ts";

/** A flag of a command. */
export interface FlagSpec {
  /** Its name without dashes. */
  readonly name: string;
  /** Its one-letter name, without dash. */
  readonly letter?: string;
  /** `text` takes a value, `list` takes one each time it is given, `switch` takes none. */
  readonly kind: "text" | "list" | "switch";
  /** What stands for the value in help texts. */
  readonly value?: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What holds without it, in words. */
  readonly otherwise?: string;
  /** The setting that it stands for. */
  readonly key?: string;
}

/** A command. */
export interface CommandSpec {
  /** Its name. */
  readonly name: string;
  /** What stands for its arguments in help texts, in order; those in brackets may be left out. */
  readonly arguments: readonly string[];
  /** What it does, in one line. */
  readonly summary: string;
  /** What else there is to know, also what it does not do. */
  readonly details: string;
  /** Its own flags. */
  readonly flags: readonly FlagSpec[];
  /** Whether it takes the flags that stand for settings. */
  readonly takesSettings: boolean;
  /** Loads the code of this command, and of no other. */
  readonly load: () => Promise<{ run: Run }>;
}

/**
 * Carries a command out.
 *
 * @param line The command line.
 * @param terminal Where to print.
 * @returns The exit code.
 */
export type Run = (line: CommandLine, terminal: Terminal) => number | Promise<number>;

/** Flags that every command takes. */
export const COMMON_FLAGS: readonly FlagSpec[] = [
  { name: "help", letter: "h", kind: "switch", summary: "Show this help." },
  { name: "version", letter: "V", kind: "switch", summary: "Show the version." },
];

const CONFIG_FLAG: FlagSpec = {
  name: "config",
  letter: "c",
  kind: "text",
  value: "FILE",
  summary: "The config file.",
  otherwise: "archangel.yaml in this folder",
};

const HERE_FLAG: FlagSpec = {
  name: "here",
  kind: "switch",
  summary: "Load apps in this process, without the deno.json of deno_config.",
};

const TARGET = "[FOLDER | MODULE]";

/** The commands; the first one is meant if none is named. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "serve",
    arguments: [TARGET],
    summary: "Serve a config, a folder of files, or one module.",
    details: "TERM and the first Ctrl-C finish the requests in flight, a second Ctrl-C stops at once, HUP\n" +
      "reads the config again and replaces the workers as soon as new ones are ready.",
    flags: [],
    takesSettings: true,
    load: () => import("./commands/serve.ts"),
  },
  {
    name: "check",
    arguments: [TARGET],
    summary: "Check the config and load every app, without serving.",
    details:
      "Shows every problem at once with its line. Ends with 0 if all is well, with 2 if the command line is\n" +
      "wrong or there is nothing to check, else with 1. Prints the permissions that Deno has to grant instead\n" +
      "of all of them (-A); what apps need for themselves only where the config says so. App modules are\n" +
      "really loaded, so what they do on import is done. No port is touched; where a Unix socket is to be, it\n" +
      "looks whether one can get there.",
    flags: [
      { name: "json", kind: "switch", summary: "Print the outcome as JSON, for tools." },
      HERE_FLAG,
    ],
    takesSettings: true,
    load: () => import("./commands/check.ts"),
  },
  {
    name: "explain",
    arguments: ["URL", TARGET],
    summary: "Show which listener, route, app and limits would serve a URL.",
    details: "Nothing is run or loaded. Ends with 0 if an app would be asked, else with 1.\n" +
      "The URL may be a path alone; it then means the first listener.",
    flags: [],
    takesSettings: true,
    load: () => import("./commands/explain.ts"),
  },
  {
    name: "fetch",
    arguments: ["URL", TARGET],
    summary: "Run one request through the whole server and print the answer.",
    details:
      "It runs in this process, and its app with it; no port of the config is touched. The body goes\n" +
      "to stdout. Ends with 0 for a status below 400, else with 1.",
    flags: [
      {
        name: "request",
        letter: "X",
        kind: "text",
        value: "METHOD",
        summary: "The method.",
        otherwise: "GET, with data POST",
      },
      { name: "header", letter: "H", kind: "list", value: "LINE", summary: "A header field, 'name: value'." },
      {
        name: "data",
        letter: "d",
        kind: "text",
        value: "TEXT",
        summary: "The body; @FILE reads a file, @- stdin.",
      },
      { name: "include", letter: "i", kind: "switch", summary: "Print status and header fields, too." },
      HERE_FLAG,
    ],
    takesSettings: true,
    load: () => import("./commands/fetch.ts"),
  },
  {
    name: "compile",
    arguments: [TARGET],
    summary: "Make one executable of a config, its apps and folders.",
    details:
      "It runs without Deno and without these files, takes the same commands and flags, and serves the\n" +
      "embedded site unless another is named. Flags that are given here hold there, unless overridden.\n" +
      "Files that the config names by absolute paths, and all that apps open by themselves, stay outside.",
    flags: [
      { name: "output", letter: "o", kind: "text", value: "FILE", summary: "Where the executable goes." },
      {
        name: "deno-flag",
        kind: "list",
        value: "FLAG",
        summary: "A flag for deno compile, such as --target=aarch64-apple-darwin or --allow-net.",
        otherwise: "-A",
      },
    ],
    takesSettings: true,
    load: () => import("./commands/compile.ts"),
  },
  {
    name: "init",
    arguments: ["[FOLDER]"],
    summary: "Write a commented archangel.yaml and a first app.",
    details: "Never overwrites a file.",
    flags: [],
    takesSettings: false,
    load: () => import("./commands/init.ts"),
  },
];

/**
 * All flags of a command, in the order in which help shows them.
 *
 * @param command The command.
 * @returns Its own flags, those of settings, and those of every command.
 */
export function flagsOf(command: CommandSpec): readonly FlagSpec[] {
  const settings = command.takesSettings ? [CONFIG_FLAG, ...settingFlags()] : [];
  return [...command.flags, ...settings, ...COMMON_FLAGS];
}

function settingFlags(): FlagSpec[] {
  return SETTINGS.flatMap((row) => {
    if (row.flag === undefined) return [];
    const { name, value } = row.flag;
    const kind = "section" in row ? "list" : value === undefined ? "switch" : "text";
    const otherwise = kind === "switch" ? undefined : defaultText(row);
    return [{
      name,
      kind,
      key: row.key,
      summary: row.summary.replaceAll("`", ""),
      ...(value !== undefined && { value }),
      ...(otherwise !== undefined && { otherwise }),
    }];
  });
}

/**
 * A setting's default in words.
 *
 * @param row Its row in the table.
 * @returns The default as the config would write it, or what holds without one.
 */
export function defaultText(row: typeof SETTINGS[number]): string {
  if ("section" in row || row.default === undefined) return row.otherwise ?? "none";
  return (row.kind.format as (value: unknown) => string)(row.default);
}
