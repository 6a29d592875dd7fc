/**
 * The request bodies of one connection's exchanges, taken together: who waits for input, what may still
 * come, and whether more of it can be held.
 *
 * Owns these questions and the bounds; refuses to know how a body arrives, and what the connection does
 * about the answers. None of the questions makes anything: they are asked several times a request.
 *
 * @module
 */
import { HttpError } from "../twig/errors.ts";
import type { Exchange } from "../twig/exchange.ts";
import type { OpenExchanges } from "./open_exchanges.ts";

/**
 * Unread body of one exchange that a multiplexed connection holds before it stops reading, in bytes. What stands behind
 * it on the connection is not heard then, so it is as large as memory allows: a photograph fits.
 */
const WINDOW = 4 * 1024 * 1024;
/** The same of all its exchanges together. */
const WINDOWS = 4 * WINDOW;

const waits = ({ bodyAsked, body }: Exchange): boolean => bodyAsked && body.wanted;
const holds = ({ bodyAsked, body }: Exchange): boolean => bodyAsked && body.buffered > 0;
// An exchange makes its body when the app first asks for it: until then the head has to tell.
const expects = (exchange: Exchange): boolean =>
  exchange.bodyAsked ? !exchange.body.ended : exchange.wireHead.bodyLength !== 0;
const leaves = (exchange: Exchange): boolean =>
  exchange.bodyAsked ? !exchange.body.ended && !exchange.body.wanted : exchange.wireHead.bodyLength !== 0;

/**
 * @param open The open exchanges.
 * @returns Whether an app waits for more of its request's body.
 */
export function bodyWanted(open: OpenExchanges): boolean {
  return open.some(waits);
}

/**
 * @param open The open exchanges.
 * @returns Whether more of a body may come.
 */
export function bodyExpected(open: OpenExchanges): boolean {
  return open.some(expects);
}

/**
 * @param open The open exchanges.
 * @returns Whether more of a body may come that no app waits for.
 */
export function bodyLeft(open: OpenExchanges): boolean {
  return open.some(leaves);
}

/**
 * @param open The open exchanges of a multiplexed connection.
 * @returns Whether so much is unread that no more can be held.
 */
export function bodiesOverflow(open: OpenExchanges): boolean {
  if (!open.some(holds)) return false;
  return unreadBytes(open) >= WINDOWS || (largestGrowing(open)?.body.buffered ?? 0) >= WINDOW;
}

/**
 * @param open The open exchanges.
 * @returns How much of their bodies is held, in bytes.
 */
export function unreadBytes(open: OpenExchanges): number {
  let held = 0;
  for (const exchange of open.list()) if (exchange.bodyAsked) held += exchange.body.buffered;
  return held;
}

/**
 * Gives up the largest body of those that still grow, for others could not be heard because of it.
 *
 * @param open The open exchanges of a multiplexed connection.
 */
export function refuseLargest(open: OpenExchanges): void {
  largestGrowing(open)?.fail(new HttpError(503, "The request body could not be held"));
}

function largestGrowing(open: OpenExchanges): Exchange | undefined {
  let largest: Exchange | undefined;
  for (const exchange of open.list()) {
    if (!exchange.bodyAsked || exchange.body.ended) continue;
    if (exchange.body.buffered > (largest?.body.buffered ?? 0)) largest = exchange;
  }
  return largest;
}

/**
 * Who waits for input since too long.
 *
 * @param open The open exchanges.
 * @param since Milliseconds of the worker's clock: who was last fed then, or before, has waited too long.
 * @returns Those exchanges.
 */
export function starved(open: OpenExchanges, since: number): Exchange[] {
  return open.list().filter((exchange) => waits(exchange) && exchange.body.fedAt <= since);
}

/**
 * @param open The open exchanges.
 * @returns When the one that waits longest for input was last fed, in milliseconds of the worker's clock;
 * `Infinity` if none waits.
 */
export function longestUnfed(open: OpenExchanges): number {
  return open.list().reduce((at, one) => waits(one) ? Math.min(at, one.body.fedAt) : at, Infinity);
}
