/**
 * Lines for the person who runs this, on stderr. Start, stop, reload and trouble, not requests.
 *
 * @module
 */

const encoder = new TextEncoder();

/**
 * Writes a message to stderr, at once and whole. It never throws: when nobody reads stderr any
 * more, the server still serves.
 *
 * @param speaker Whose message: `archangel`, or `worker 3`.
 * @param text The message; may have several lines.
 */
export function say(speaker: string, text: string): void {
  try {
    writeAll(Deno.stderr, encoder.encode(`${speaker}: ${text}\n`));
  } catch {
    // stderr is closed
  }
}

/**
 * Writes all bytes to a stream of this process, as often as it takes.
 *
 * @param stream `Deno.stdout` or `Deno.stderr`.
 * @param bytes What to write.
 * @throws {Deno.errors.BrokenPipe} If nobody reads the stream.
 */
export function writeAll(stream: { writeSync(bytes: Uint8Array): number }, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(stream.writeSync(rest));
}

/**
 * An error as a person wants to read it: the message, and the stack of what caused it.
 *
 * @param error Anything thrown.
 * @returns One line, or several if there is a cause.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause === undefined) return error.message;
  const cause = error.cause instanceof Error ? error.cause.stack ?? error.cause.message : error.cause;
  return `${error.message}\n${cause}`;
}
