/**
 * What this process logs to its stdout and stderr, as one queue each, so that lines of different origin
 * stay whole and in order. Whoever ends the process flushes them first.
 *
 * @module
 */
import { LineQueue } from "./line_queue.ts";

/** The standard streams that lines go to. */
export type StandardStream = "stdout" | "stderr";

const queues: { [name in StandardStream]?: LineQueue } = {};

/** Called before a flush: those who hold something back that they would say later. */
export const unsaid: Set<() => void> = new Set();

/**
 * The queue of a standard stream. Lines on stderr are rare and about trouble, so they are on their way at
 * once; those on stdout are many and written together.
 *
 * @param name Which stream.
 * @returns Its queue, always the same.
 */
export function standardLines(name: StandardStream): LineQueue {
  return queues[name] ??= new LineQueue(Deno[name], name === "stdout");
}

/**
 * Has everything said that is to be said, before the process ends.
 *
 * @returns Resolves when both streams have taken it, or after a second if one does not.
 */
export async function flushLines(): Promise<void> {
  for (const say of [...unsaid]) say();
  await Promise.all([queues.stdout?.flush(), queues.stderr?.flush()]);
}
