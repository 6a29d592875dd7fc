/**
 * Time that passes only when a test says so, for whatever asks `performance.now()` and waits by `setTimeout`. Timers
 * of 0 ms go on as ever: they are how a test lets happen what waits for nothing.
 */

type Timer = ReturnType<typeof setTimeout>;

interface Waiting {
  readonly at: number;
  readonly call: () => void;
}

/** Stopped from when it is made until it is disposed of. */
export class StoppedTime implements Disposable {
  readonly #own = { setTimeout, clearTimeout, now: performance.now };
  readonly #waiting = new Map<Timer, Waiting>();
  #now: number = performance.now();

  constructor() {
    const { setTimeout, clearTimeout } = this.#own;
    performance.now = () => this.#now;
    globalThis.setTimeout = ((call: () => void, milliseconds = 0) => {
      if (milliseconds <= 0) return setTimeout(call, 0);
      // It never goes off: it is there to have an id, for whoever takes the reference of a timer.
      const id = setTimeout(() => {}, 2 ** 31 - 1);
      this.#waiting.set(id, { at: this.#now + milliseconds, call });
      return id;
    }) as typeof globalThis.setTimeout;
    globalThis.clearTimeout = (id) => {
      if (id !== undefined) this.#waiting.delete(id as Timer);
      clearTimeout(id);
    };
  }

  /** How many timers run. */
  get timers(): number {
    return this.#waiting.size;
  }

  /** Lets so many milliseconds pass: timers go off in their order, each at its time. */
  pass(milliseconds: number): void {
    const until = this.#now + milliseconds;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      const [id, { at, call }] = next;
      globalThis.clearTimeout(id);
      this.#now = Math.max(this.#now, at);
      call();
    }
    this.#now = until;
  }

  /** The timer that goes off first, if it does so by then. */
  #next(until: number): [Timer, Waiting] | undefined {
    let first: [Timer, Waiting] | undefined;
    for (const each of this.#waiting) {
      if (each[1].at <= until && each[1].at < (first?.[1].at ?? Infinity)) first = each;
    }
    return first;
  }

  [Symbol.dispose](): void {
    const { setTimeout, clearTimeout, now } = this.#own;
    for (const id of this.#waiting.keys()) clearTimeout(id);
    this.#waiting.clear();
    Object.assign(globalThis, { setTimeout, clearTimeout });
    performance.now = now;
  }
}
