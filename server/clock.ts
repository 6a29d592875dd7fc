/**
 * Time for one worker: a coarse now, the Date field, and one timer for all deadlines.
 *
 * A timer per request would cost 1.5 µs; here arming a deadline is one store and one comparison. The
 * timer sleeps until the earliest deadline there may be and is off while nothing is connected, so an
 * idle worker makes no wake-ups.
 *
 * Deadlines go by the clock of `performance.now()`, which nobody sets: by the time of day they would all pass at
 * once when that is set, or not for hours. Asking for the time of day as well is for once a second.
 *
 * @module
 */

/** Somebody with a deadline. */
export interface Expiring {
  /** When to call `expire`, in milliseconds of {@linkcode Clock.now}; `Infinity` for never. */
  readonly deadline: number;
  /** The deadline has passed. */
  expire(now: number): void;
}

/** Deadlines are kept to about this many milliseconds, so that many of them share a wake-up. */
const GRAIN = 500;

/** The clock of one worker. */
export class Clock {
  /** Milliseconds of `performance.now()`, as of the last `tick`. */
  now = 0;
  /** The value of a Date field, an IMF-fixdate (RFC 9110 §5.6.7), made once a second at most. */
  date = "";
  /** When `date` is that of a second ago. */
  #nextSecond = -Infinity;
  /** `now` was read in this turn of the event loop, or nearly. */
  #fresh = false;
  readonly #age = (): void => void (this.#fresh = false);
  readonly #watched = new Set<Expiring>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wakeAt = Infinity;

  /** Reads the time. */
  constructor() {
    this.tick();
  }

  /**
   * Reads the time, once for everything that becomes ready together: asking costs 80 ns, and at full
   * load sixty connections wake up in one turn of the event loop.
   *
   * @returns {@linkcode now}.
   */
  tick(): number {
    if (this.#fresh) return this.now;
    this.#fresh = true;
    queueMicrotask(this.#age);
    return this.#read();
  }

  #read(): number {
    const now = this.now = performance.now();
    if (now >= this.#nextSecond) {
      const day = Date.now();
      this.#nextSecond = now + 1000 - day % 1000;
      this.date = new Date(day).toUTCString();
    }
    return now;
  }

  /** How many are watched. */
  get watched(): number {
    return this.#watched.size;
  }

  /**
   * Watches over somebody's deadline from now on.
   *
   * @param one Whose.
   */
  watch(one: Expiring): void {
    this.#watched.add(one);
  }

  /**
   * Forgets somebody. With the last one the timer goes.
   *
   * @param one Whom.
   */
  forget(one: Expiring): void {
    this.#watched.delete(one);
    if (this.#watched.size > 0 || this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wakeAt = Infinity;
  }

  /**
   * Makes sure that the timer goes off by `deadline`. Somebody whose deadline moved need not call
   * this when it moved to later.
   *
   * @param deadline Milliseconds of {@linkcode now}.
   */
  arm(deadline: number): void {
    if (deadline >= this.#wakeAt) return;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#wakeAt = deadline;
    const timer = setTimeout(() => this.#sweep(), Math.max(0, deadline - performance.now()) + 1);
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }

  #sweep(): void {
    this.#timer = undefined;
    this.#wakeAt = Infinity;
    const now = this.#read();
    let next = Infinity;
    for (const one of this.#watched) {
      if (one.deadline <= now) one.expire(now);
      if (one.deadline < next) next = one.deadline;
    }
    if (next !== Infinity && this.#watched.size > 0) this.arm(Math.max(next, now + GRAIN));
  }
}
