/**
 * Pulls chunks out of an app, one at a time, as the peer takes them: the next one is asked for only when there is
 * room for it, so that backpressure needs no word between server and app.
 *
 * Owns the order of the steps; refuses to know what becomes of a chunk. Both functions end when the app has yielded
 * everything, when it fails, and when the exchange is over for another reason, which each step may bring about.
 *
 * @module
 */
import type { Chunk } from "./types.ts";

/** What pulling needs of the exchange that it is done for. */
export interface Puller {
  /** Whether nothing more will be sent. */
  readonly over: boolean;
  /** Whether the app's `next` is being called, which nobody may end then. */
  running: boolean;
  /** Takes a chunk in; returns what to wait for before the next one. */
  take(chunk: Chunk): Promise<void> | undefined;
  /** The app may wait before its next chunk: what is held has to leave then. */
  mayWait(): void;
  /** The app has yielded everything. */
  ended(): void;
  /** The app has failed. */
  fail(error: unknown): void;
  /** Nobody wants the rest: lets the app's `finally` blocks run. */
  stopApp(): void;
}

/**
 * Pulls from an async iterator. Never rejects.
 *
 * @param puller For whom.
 * @param iterator The app's.
 */
export async function pull(puller: Puller, iterator: AsyncIterator<Chunk>): Promise<void> {
  try {
    for (;;) {
      const step: IteratorResult<Chunk> = await iterator.next();
      if (puller.over) return puller.stopApp();
      if (step.done === true) break;
      const drained = puller.take(step.value);
      // Also when the peer is slow: once it has room, the app may wait before its next chunk.
      puller.mayWait();
      if (drained !== undefined) await drained;
      if (puller.over) return puller.stopApp();
    }
    puller.ended();
  } catch (error) {
    puller.fail(error);
  }
}

/**
 * Pulls from a plain iterator; becomes asynchronous only when the peer cannot take more.
 *
 * @param puller For whom.
 * @param iterator The app's.
 * @throws {unknown} What the app throws before that; later it is told to `puller`.
 */
export function pullNow(puller: Puller, iterator: Iterator<Chunk>): void {
  for (;;) {
    const step = next(puller, iterator);
    if (puller.over) return puller.stopApp();
    if (step.done === true) break;
    const drained = puller.take(step.value);
    if (puller.over) return puller.stopApp();
    if (drained === undefined) continue;
    drained.then(() => puller.over ? puller.stopApp() : pullNow(puller, iterator))
      .catch((error) => puller.fail(error));
    return;
  }
  puller.ended();
}

/** The app may do anything meanwhile that ends the exchange: ask for its body, uncork, fail. */
function next(puller: Puller, iterator: Iterator<Chunk>): IteratorResult<Chunk> {
  puller.running = true;
  try {
    return iterator.next();
  } finally {
    puller.running = false;
  }
}
