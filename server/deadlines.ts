/**
 * The deadlines of one connection: what its peer is to send next, the heads that others overtake, and what
 * it is to take next.
 *
 * Owns when the clock has to look again, which is not at every change: deadlines move to later with
 * every request, and the clock finds that out when the one it knows of has passed. Refuses to know what is
 * waited for, how long that may take and what follows if it does not come: that is the connection's.
 *
 * @module
 */
import type { Clock, Expiring } from "./clock.ts";

/** Whose deadlines they are. */
export interface Overdue {
  /**
   * One of the deadlines has passed. It stays until it is set anew.
   *
   * @param now Milliseconds of the clock.
   */
  expired(now: number): void;
}

/** The deadlines of one connection, in milliseconds of the clock; `Infinity` for none. */
export class Deadlines implements Expiring {
  /** {@linkcode Expiring}: not after the earliest of them. */
  deadline = Infinity;
  readonly #clock: Clock;
  readonly #owner: Overdue;
  #read = Infinity;
  #write = Infinity;
  #heads = Infinity;

  /**
   * @param clock The worker's.
   * @param owner Whom to tell.
   */
  constructor(clock: Clock, owner: Overdue) {
    this.#clock = clock;
    this.#owner = owner;
  }

  /** When something has to have come. */
  get read(): number {
    return this.#read;
  }

  set read(at: number) {
    this.#read = at;
    if (at < this.deadline) this.#expectBy(at);
  }

  /** When something has to have been taken. */
  get write(): number {
    return this.#write;
  }

  set write(at: number) {
    this.#write = at;
    if (at < this.deadline) this.#expectBy(at);
  }

  /** When heads that began on a connection where others overtake them have to have come. */
  get heads(): number {
    return this.#heads;
  }

  set heads(at: number) {
    this.#heads = at;
    if (at < this.deadline) this.#expectBy(at);
  }

  /** All are off. */
  clear(): void {
    this.deadline =
      this.#read =
      this.#write =
      this.#heads =
        Infinity;
  }

  #expectBy(at: number): void {
    this.deadline = at;
    this.#clock.arm(at);
  }

  /** {@linkcode Expiring}: a deadline has passed, or has moved to later meanwhile. */
  expire(now: number): void {
    if (Math.min(this.#read, this.#write, this.#heads) <= now) this.#owner.expired(now);
    this.deadline = Math.min(this.#read, this.#write, this.#heads);
  }
}
