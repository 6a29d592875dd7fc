/**
 * Offline stand-in for `@std/cli/parse-args`, over npm's `minimist`, which that package descends from. It takes every
 * `--no-NAME` for a negation, where the real one asks `negatable` first.
 *
 * @module
 */

import minimist from "npm:minimist@^1";

/** How arguments are read. */
export interface ParseOptions {
  /** Collects what stands behind `--` under that name. */
  "--"?: boolean;
  /** Other names by name. */
  alias?: Record<string, string | readonly string[]>;
  /** Names that take no value. */
  boolean?: boolean | string | readonly string[];
  /** Values of names that do not occur. */
  default?: Record<string, unknown>;
  /** Whether everything after the first positional argument is positional. */
  stopEarly?: boolean;
  /** Names that take a text. */
  string?: string | readonly string[];
  /** Names that may repeat; their values are lists. */
  collect?: string | readonly string[];
  /** Names that `--no-NAME` sets to false. */
  negatable?: string | readonly string[];
  /** Told of every argument that was not declared; `false` drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

/** What was read: values by name, and the positional arguments. */
// deno-lint-ignore no-explicit-any
export type Args = Record<string, any> & { _: Array<string | number> };

function listOf(names: string | readonly string[] | undefined): readonly string[] {
  return typeof names === "string" ? [names] : names ?? [];
}

/** Reads command line arguments. */
export function parseArgs(args: string[], options: ParseOptions = {}): Args {
  const { collect, negatable: _always, unknown, ...shared } = options;
  const lists = listOf(collect);
  const parsed: Args = minimist(args, {
    ...shared,
    ...(unknown && { unknown: (arg: string) => unknown(arg, keyOf(arg)) !== false }),
  });
  for (const [name, value] of Object.entries(parsed)) {
    // minimist lists repeated values unasked, where the last one is meant to win.
    if (name !== "_" && name !== "--" && !lists.includes(name) && Array.isArray(value)) {
      parsed[name] = value.at(-1);
    }
  }
  for (const name of lists) {
    parsed[name] = parsed[name] === undefined ? [] : [parsed[name]].flat();
  }
  return parsed;
}

function keyOf(arg: string): string | undefined {
  return arg.match(/^--?(?:no-)?([^=]+)/)?.[1];
}
