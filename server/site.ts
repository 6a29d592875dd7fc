/**
 * A program that brings its site along, as the executables of `archangel compile` do: its command line is
 * that of Archangel, with the site wherever none is named.
 *
 * @module
 */
import type { CommandLine } from "./command_line.ts";
import { resolvePath } from "./paths.ts";

/** A site that a program brings along. */
export interface Site {
  /** Folder that its paths start from, as the program sees it when it runs: `import.meta.dirname`. */
  readonly folder: string;
  /** Path of its config. */
  readonly config?: string;
  /** Path of the folder or module that is served without a config. */
  readonly target?: string;
  /** Flags that hold unless the command line has others. */
  readonly flags?: Readonly<Record<string, string | boolean | readonly string[]>>;
}

/**
 * A command line with the site put in where it names none.
 *
 * @param line What was asked for.
 * @param site The site.
 * @returns What is meant.
 *
 * @example Usage
 * ```ts
 * import { readCommandLine } from "./command_line.ts";
 * import { withSite } from "./site.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const site = { folder: "/tmp/site", config: "archangel.yaml", flags: { workers: "2" } };
 * const line = withSite(readCommandLine(["serve", "--listen", "http://127.0.0.1:80"]), site);
 * assertEquals(line.flags, {
 *   workers: "2",
 *   listen: ["http://127.0.0.1:80"],
 *   config: "/tmp/site/archangel.yaml",
 * });
 * ```
 */
export function withSite(line: CommandLine, { folder, config, target, flags }: Site): CommandLine {
  const { takesSettings, arguments: names } = line.command;
  // The site is the last argument of every command that takes one.
  const isNamed = line.flags["config"] !== undefined || line.arguments.length >= names.length;
  if (!takesSettings || isNamed) return line;
  const own: CommandLine["flags"] = config === undefined ? {} : { config: resolvePath(folder, config) };
  const further = target === undefined ? [] : [resolvePath(folder, target)];
  return {
    ...line,
    arguments: line.arguments.length === names.length - 1 ? [...line.arguments, ...further] : line.arguments,
    flags: { ...flags, ...line.flags, ...own },
  };
}
