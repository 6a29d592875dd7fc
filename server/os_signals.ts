/**
 * The OS signals of the supervisor.
 *
 * | signal | what the supervisor does |
 * |---|---|
 * | TERM, first INT | finishes what is in flight, then exits with 0 |
 * | second INT, QUIT | stops now |
 * | HUP | reads the config again and starts a new generation |
 * | TTIN, TTOU | one worker more, one worker less (at least one stays) |
 *
 * USR1 is left alone: Deno opens its inspector on it, whether or not a program listens.
 *
 * @module
 */
import type { OsSignal } from "./supervisor_state.ts";

const SIGNALS: readonly OsSignal[] = Deno.build.os === "windows"
  ? ["INT"]
  : ["HUP", "INT", "QUIT", "TERM", "TTIN", "TTOU"];

/**
 * A second INT within this many milliseconds is the first one: `deno task` and npm pass Ctrl-C on to a
 * child that the terminal told already.
 */
export const SAME_KEYPRESS = 300;

/**
 * Tells of each signal until disposed of.
 *
 * @param tell Called with the name, without `SIG`.
 * @returns Dispose of it to give the signals back their default action.
 */
export function listenToSignals(tell: (signal: OsSignal) => void): Disposable {
  const listeners = SIGNALS.map((signal) => [signal, () => tell(signal)] as const);
  for (const [signal, listener] of listeners) Deno.addSignalListener(`SIG${signal}`, listener);
  return {
    [Symbol.dispose]() {
      for (const [signal, listener] of listeners) Deno.removeSignalListener(`SIG${signal}`, listener);
    },
  };
}
