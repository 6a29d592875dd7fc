/**
 * Lines for the person who runs this, on stderr. Start, stop, reload and trouble, not requests.
 *
 * @module
 */

import { withoutColours } from "../twig/errors.ts";
import { standardLines } from "./standard_lines.ts";

/**
 * Has a message written to stderr, whole and after those before it. It neither waits nor throws: when
 * nobody reads stderr any more, the server still serves. Call `flushLines()` before the process ends.
 *
 * @param speaker Whose message: `archangel`, or `worker 3`.
 * @param text The message; may have several lines.
 */
export function say(speaker: string, text: string): void {
  standardLines("stderr").add(`${speaker}: ${text}\n`);
}

/**
 * An error as a person wants to read it: the message, and the stack of what caused it. Of several in one,
 * each is shown.
 *
 * @param error Anything thrown.
 * @returns One line, or several if there is a cause.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError) return [error.message, ...error.errors.map(describeError)].join("\n");
  const stack = causeOf(error);
  return stack === "" ? error.message : `${error.message}\n${stack}`;
}

/** Of a module's stack, what is below these functions of `app_host.ts` is only how this program came to load it. */
const LOADING = /\n? +at (async )?(loadApp|makeApp|pickApp)\d*[ ][^]*$/;

/** What caused an error: its stack, without the message if the error's own says that already. */
function causeOf({ message, cause }: Error): string {
  if (cause === undefined) return "";
  if (!(cause instanceof Error)) return message.endsWith(String(cause)) ? "" : String(cause);
  const stack = withoutColours(cause.stack ?? cause.message).replace(LOADING, "");
  const told = withoutColours(cause.message);
  const end = told !== "" && message.endsWith(told) ? stack.indexOf(told) : -1;
  return end < 0 ? stack : stack.slice(end + told.length).replace(/^\n/, "");
}
