/**
 * Errors that an app throws where nobody awaits them: in a timer, or out of a forgotten promise. Deno
 * would end the process, and with it the requests of everybody else.
 *
 * @module
 */
import type { ErrorLog } from "./error_log.ts";

/**
 * Logs stray errors from now on, and lets the process live.
 *
 * @param errors The error log of this process.
 */
export function surviveStrayErrors(errors: ErrorLog): void {
  const log = (event: Event, error: unknown) => {
    event.preventDefault();
    errors.strayError(error);
  };
  globalThis.addEventListener("error", (event) => log(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => log(event, event.reason));
}
