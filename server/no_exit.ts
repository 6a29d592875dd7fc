/**
 * Keeps apps from ending the process that loads them: `archangel check` and `archangel fetch` would end
 * without a word, and with whatever exit code the app has chosen.
 *
 * @module
 */

/**
 * Runs something during which `Deno.exit()`, and `process.exit()` of Node with it, throws where it is called.
 *
 * @param run What to run.
 * @returns What it returns.
 */
export async function withoutExit<T>(run: () => Promise<T>): Promise<T> {
  const { exit } = Deno;
  Deno.exit = (code = Deno.exitCode) => {
    throw new Error(`it calls Deno.exit(${code}), which would end the process that serves it`);
  };
  try {
    return await run();
  } finally {
    Deno.exit = exit;
  }
}
