/**
 * What commands print to: stdout for what was asked for, stderr for everything else, with colour
 * where a person sees it. Tests hand in their own.
 *
 * @module
 */
import type { ConfigError } from "./errors.ts";

/** Where a command prints. Lines are given without a line feed at the end. */
export interface Terminal {
  /** Prints what was asked for. */
  out(text: string): void;
  /** Prints bytes as they are. */
  bytes(bytes: Uint8Array): void;
  /** Prints errors and remarks. */
  error(text: string): void;
  /** Whether stderr takes colour. */
  readonly colour: boolean;
}

const encoder = new TextEncoder();

/**
 * The terminal of this process. Colour only if stderr is a terminal and `NO_COLOR` is not set.
 *
 * @returns The terminal.
 */
export function processTerminal(): Terminal {
  return {
    out: (text) => writeAll(Deno.stdout, encoder.encode(`${text}\n`)),
    bytes: (bytes) => writeAll(Deno.stdout, bytes),
    error: (text) => writeAll(Deno.stderr, encoder.encode(`${text}\n`)),
    colour: !Deno.noColor && Deno.stderr.isTerminal(),
  };
}

/**
 * Writes all bytes to a stream of this process, as often as it takes, and waits for a reader that is slow.
 *
 * @param stream `Deno.stdout` or `Deno.stderr`.
 * @param bytes What to write.
 * @throws {Deno.errors.BrokenPipe} If nobody reads the stream.
 */
export function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
}

/**
 * Puts a text in red, where there is colour.
 *
 * @param terminal The terminal.
 * @param text The text.
 * @returns The text, perhaps with escape sequences around it (ECMA-48 §8.3.117).
 */
export function red(terminal: Terminal, text: string): string {
  return terminal.colour ? `\x1b[31m${text}\x1b[39m` : text;
}

/**
 * Shows everything that is wrong with a config, and how much that is.
 *
 * @param terminal The terminal.
 * @param error What was thrown for it.
 */
export function showProblems(terminal: Terminal, { message, problems }: ConfigError): void {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  terminal.error(`${message}\n${red(terminal, count)}`);
}
