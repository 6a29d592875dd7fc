/**
 * Errors that an app throws where nobody awaits them: in a timer, or out of a forgotten promise. Deno
 * would end the process, and with it the requests of everybody else.
 *
 * @module
 */
import { say } from "./say.ts";

/**
 * Logs stray errors from now on, and lets the process live.
 *
 * @param speaker Whose process this is: `worker 3`.
 */
export function surviveStrayErrors(speaker: string): void {
  const log = (event: Event, error: unknown) => {
    event.preventDefault();
    say(
      speaker,
      `an app left an error unhandled: ${error instanceof Error ? error.stack : String(error)}`,
    );
  };
  globalThis.addEventListener("error", (event) => log(event, event.error));
  globalThis.addEventListener("unhandledrejection", (event) => log(event, event.reason));
}
