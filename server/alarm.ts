/**
 * The timer of the supervisor. In Deno the global `setTimeout` is Node's, and its first use loads so many of Node's
 * modules that it takes a third as long as the start of an empty program: just then workers start, and need the
 * processor. Workers load them anyway, but with other flags of V8, and Deno caches code for one set of flags: a
 * supervisor that loads them, even at its end, makes workers compile them anew at the next start.
 * `AbortSignal.timeout` is the runtime's own and takes nothing.
 *
 * What it lacks is a way to take it back. A signal that nobody listens to any more neither does anything nor keeps the
 * program running; that it wakes the process up once, in vain, is the price.
 *
 * @module
 */

/** Rings at the time that it was last set to. While it is set, the program goes on. */
export class Alarm {
  readonly #ring: () => void;
  #at: number | undefined;
  #signal: AbortSignal | undefined;

  /**
   * @param ring What to do at that time.
   */
  constructor(ring: () => void) {
    this.#ring = ring;
  }

  /**
   * Sets it, instead of what it was set to.
   *
   * @param at When to ring, once, on the clock of `performance.now()`; `undefined`: not at all.
   */
  set(at: number | undefined): void {
    if (at === this.#at) return;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#at = at;
    if (at === undefined) return;
    this.#signal = AbortSignal.timeout(Math.max(0, Math.ceil(at - performance.now())));
    this.#signal.addEventListener("abort", this.#onAbort);
  }

  readonly #onAbort = () => {
    this.#at = undefined;
    this.#ring();
  };
}
