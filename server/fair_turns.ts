/**
 * Gives every busy connection its turn when there are more than the runtime looks at in one go.
 *
 * The cause: Deno polls all pending reads as one task, and Tokio lets a task finish 128 operations
 * before it has to yield. Reads that were ready but came too late are woken again only after the next
 * `epoll_wait`, and behind the reads which that has just found ready. With more than 128 saturating
 * connections the same 128 are answered, ask again at once, and are found ready again; the others wait
 * for as long as that goes on: 120 ms at 256 connections and 760 ms at 512, at the 99th percentile.
 *
 * The cure: whoever was just answered does not read again until as many others have been answered as
 * there are busy ones beyond the first 64. So no more reads compete than one turn serves, nobody is
 * overtaken, and there is always something to do. Where that number is not reached, since some have
 * gone quiet, a timer of a millisecond lets go on those who have stood longest: not everybody, for what
 * looks like quiet may be a pause of the machine, and whoever comes back first would be served twice.
 *
 * None of this runs with 128 busy connections or fewer, however many idle ones there are: those are found ready
 * in one go or two, nobody starves, and a turn would cost each request more than it evens out.
 * Measured by the `fairness` scenario of `bench/load`.
 *
 * @module
 */

/**
 * How many reads may compete. Tokio lets one task do 128 operations in one go (its cooperative budget), and
 * each request takes two: the read and the write of its answer. With more, writes have to wait for the next
 * go; with 120 there was a quarter less throughput at 256 connections, and four times the p99.
 */
const AT_ONCE = 64;
/** So many busy connections need no turns: what one go leaves over the next one serves. */
const ENOUGH_FOR_ALL = 128;
/** Busy connections are counted over this many requests, or until few are left. */
const WINDOW = 4096;
/** A turn of the timer with no more requests than this: nearly all who are busy stand back. */
const FEW = 32;

/** Somebody who takes turns. */
export interface TurnTaker {
  /** The last window in which it sent a request; for {@linkcode FairTurns} to use. */
  turnWindow: number;
}

interface Standing {
  /** How many requests of all connections must have been received. */
  readonly until: number;
  readonly go: () => void;
}

/** The turns of one worker. */
export class FairTurns {
  /** Requests that were received, ever. */
  #received = 0;
  /** Who stands back, longest first. */
  #queue: Standing[] = [];
  #first = 0;
  #window = 0;
  /** How many connections sent requests in this window, and in the one before. */
  #busyNow = 0;
  #busyBefore = Infinity;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #receivedAtTimer = 0;
  /** How many the timer has let go the last time, and how many requests there had been then. */
  #letGoLast = Infinity;
  #receivedAtLetGo = 0;

  /**
   * Whether there are so many connections that anybody could starve. With fewer nothing is counted.
   *
   * @param connections How many connections are open.
   */
  needed(connections: number): boolean {
    return connections > ENOUGH_FOR_ALL;
  }

  /**
   * A read brought something.
   *
   * @param taker Whose read.
   * @returns The place of this request among those of all connections, for `turn`.
   */
  received(taker: TurnTaker): number {
    const place = ++this.#received;
    if (taker.turnWindow !== this.#window) {
      taker.turnWindow = this.#window;
      this.#busyNow++;
    }
    if (place % WINDOW === 0) this.#beginWindow(this.#busyNow);
    if (this.#first < this.#queue.length) this.#release(place);
    return place;
  }

  /**
   * Asks whether a connection that was just answered may read again. Its turn is counted from the place
   * of its request, not from now: all requests of one turn of the event loop are received before the
   * first is answered, and counted from there they would all have to wait for the last one.
   *
   * @param place The place of its request.
   * @param connections How many connections are open.
   * @returns `undefined` if it may now; else resolves when it is its turn.
   */
  turn(place: number, connections: number): Promise<void> | undefined {
    const busy = Math.min(connections, Math.max(this.#busyBefore, this.#busyNow));
    const until = place + busy - AT_ONCE;
    if (busy <= ENOUGH_FOR_ALL || until <= this.#received) return undefined;
    if (this.#timer === undefined) this.#arm();
    return new Promise((go) => this.#queue.push({ until, go }));
  }

  #beginWindow(busy: number): void {
    this.#window++;
    this.#busyBefore = busy;
    this.#busyNow = 0;
  }

  /** Lets go whoever has waited for enough others. */
  #release(received: number): void {
    const queue = this.#queue;
    let at = this.#first;
    while (at < queue.length && (queue[at] as Standing).until <= received) at++;
    this.#letGo(at - this.#first);
  }

  /** Lets go those who have stood longest. */
  #letGo(count: number): void {
    const queue = this.#queue;
    for (const end = this.#first + count; this.#first < end; this.#first++) {
      (queue[this.#first] as Standing).go();
    }
    // The front is cut off now and then rather than at every step.
    if (this.#first === queue.length || this.#first > 1024) {
      this.#queue = queue.slice(this.#first);
      this.#first = 0;
    }
  }

  #arm(): void {
    this.#receivedAtTimer = this.#received;
    this.#timer = setTimeout(() => this.#onTimer(), 1);
  }

  #onTimer(): void {
    this.#timer = undefined;
    if (this.#received - this.#receivedAtTimer <= FEW) this.#onQuiet(this.#queue.length - this.#first);
    if (this.#first < this.#queue.length) this.#arm();
  }

  /**
   * Nearly nothing came for a turn of the timer. If those who were let go the last time have come back, and
   * nobody else, then the others are quiet, and are not to be waited for; a window may last for minutes now.
   * If nobody came at all it was a pause of the machine, or of the network, and all may come back at once.
   */
  #onQuiet(standing: number): void {
    const since = this.#received - this.#receivedAtLetGo;
    if (standing <= FEW && since * 2 >= this.#letGoLast && since <= FEW * 2) this.#beginWindow(standing);
    this.#letGoLast = Math.min(AT_ONCE, standing);
    this.#receivedAtLetGo = this.#received;
    this.#letGo(this.#letGoLast);
  }
}
