/**
 * Waiting with a limit, for what may never come.
 *
 * @module
 */

/**
 * Waits for a promise, but not longer than so many milliseconds. No timer is left running.
 *
 * @param milliseconds The longest wait.
 * @param done What to wait for.
 * @returns Resolves at the earlier of the two; rejects if the promise does before.
 */
export async function within(milliseconds: number, done: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
