/**
 * Offline stand-in for `@std/cli/parse-args`, over npm's `minimist`, which that package descends from.
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
  const { collect, negatable, unknown, ...shared } = options;
  const { kept, literal } = withoutNegation(args, listOf(negatable), unknown);
  const booleans = typeof shared.boolean === "boolean"
    ? shared.boolean
    : [...listOf(shared.boolean), ...literal];
  const parsed: Args = minimist(kept, {
    ...shared,
    boolean: booleans,
    ...(unknown && { unknown: (arg: string) => unknown(arg, keyOf(arg)) !== false }),
  });
  const lists = listOf(collect);
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

/**
 * minimist takes every `--no-NAME` for a negation. Where NAME was not declared to be negatable, it is made a flag of
 * that very name, which is unknown to the caller.
 */
function withoutNegation(args: string[], negatable: readonly string[], unknown: ParseOptions["unknown"]) {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const literal: string[] = [];
  const kept = args.flatMap((arg, at) => {
    const [, name] = /^--no-([^=]+)$/.exec(arg) ?? [];
    if (at >= end || name === undefined || negatable.includes(name)) return [arg];
    if (unknown?.(arg, `no-${name}`, true) === false) return [];
    literal.push(`no-${name}`);
    return [`${arg}=true`];
  });
  return { kept, literal };
}

function keyOf(arg: string): string | undefined {
  return /^--?([^=]+)/.exec(arg)?.[1];
}
