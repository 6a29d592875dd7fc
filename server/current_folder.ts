/**
 * The current folder of this process, which somebody may have deleted. Neither can a config be read again
 * then, nor a process be started, and what the system says of it is that some file does not exist.
 *
 * @module
 */

/** What the matter is, and what to do. */
export const FOLDER_GONE = "the folder that Archangel was started in has been deleted; " +
  "start it in one that stays, and give the path of the config with --config";

/**
 * The current folder.
 *
 * @returns Its path.
 * @throws {Error} If it is gone; the message says what to do.
 */
export function currentFolder(): string {
  if (isFolderGone()) throw new Error(FOLDER_GONE);
  return Deno.cwd();
}

/** Whether the current folder has been deleted; `false` if Deno does not let this process look. */
export function isFolderGone(): boolean {
  try {
    Deno.cwd();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
