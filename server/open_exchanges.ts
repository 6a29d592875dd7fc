/**
 * The exchanges of one connection that are not over. HTTP has at most one, and for that one neither a
 * map is made nor an iterator.
 *
 * @module
 */
import type { Exchange } from "../twig/exchange.ts";

/** Exchanges by number. */
export class OpenExchanges {
  /** How many there are. */
  size = 0;
  #only: Exchange | undefined;
  #many: Map<number, Exchange> | undefined;

  /** @param exchange One that has begun. */
  add(exchange: Exchange): void {
    this.size++;
    if (this.#only === undefined) this.#only = exchange;
    else (this.#many ??= new Map()).set(exchange.id, exchange);
  }

  /**
   * @param id The number of an exchange.
   * @returns The exchange, if it is open.
   */
  get(id: number): Exchange | undefined {
    return this.#only?.id === id ? this.#only : this.#many?.get(id);
  }

  /** @param exchange One that is over; ignored if it is not here. */
  delete(exchange: Exchange): void {
    if (this.#only === exchange) {
      this.#only = undefined;
      this.size--;
    } else if (this.#many?.get(exchange.id) === exchange) {
      this.#many.delete(exchange.id);
      this.size--;
    }
  }

  /**
   * @param test What to ask of each.
   * @returns Whether the answer was yes for one of them.
   */
  some(test: (exchange: Exchange) => boolean): boolean {
    if (this.#only !== undefined && test(this.#only)) return true;
    if (this.#many === undefined) return false;
    for (const exchange of this.#many.values()) if (test(exchange)) return true;
    return false;
  }

  /** All of them, as a list of its own. */
  list(): Exchange[] {
    const all = this.#only === undefined ? [] : [this.#only];
    if (this.#many !== undefined) all.push(...this.#many.values());
    return all;
  }

  /** Takes all of them out. */
  takeAll(): Exchange[] {
    const all = this.list();
    this.#only = undefined;
    this.#many = undefined;
    this.size = 0;
    return all;
  }
}
