/**
 * Waiting with a limit, for what may never come.
 *
 * @module
 */
import { Alarm } from "./alarm.ts";

/**
 * Waits for a promise, but not longer than so many milliseconds. Nothing is left that keeps the program running.
 *
 * @param milliseconds The longest wait.
 * @param done What to wait for.
 * @returns Resolves at the earlier of the two; rejects if the promise does before.
 */
export async function within(milliseconds: number, done: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const alarm = new Alarm(late.resolve);
  alarm.set(performance.now() + milliseconds);
  try {
    await Promise.race([done, late.promise]);
  } finally {
    alarm.set(undefined);
  }
}
