/**
 * Says what a stop waits for, if it takes so long that a person wonders: a browser that reads an event
 * stream is a request in flight, too.
 *
 * @module
 */
import { Alarm } from "./alarm.ts";
import { say } from "./say.ts";
import type { OsSignal } from "./supervisor_state.ts";
import { formatDuration } from "./units.ts";

/** Nobody wonders sooner; milliseconds. */
const PATIENCE = 1000;

/**
 * Makes what hears the signals and speaks once, a second after the first that asks to finish.
 *
 * @param drain How long the stop may take, in milliseconds, asked when there is something to say.
 * @returns To be called with every signal.
 */
export function stopNotice(drain: () => number): (signal: OsSignal) => void {
  const alarm = new Alarm(() => say("archangel", text(drain())));
  let asked = false;
  return (signal) => {
    if (asked || (signal !== "TERM" && signal !== "INT")) return;
    asked = true;
    alarm.set(performance.now() + PATIENCE);
  };
}

function text(drain: number): string {
  return `finishing requests in flight, for up to ${formatDuration(drain)}; Ctrl-C stops now`;
}
