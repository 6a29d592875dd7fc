/**
 * The URL of a request as the URL standard writes it, which is what `Request.url` has to be: a host is in lower
 * case, what may not stand in a URL is escaped.
 *
 * The standard would also resolve `..`, and take a backslash for a slash. But the request was routed by its path as
 * sent: `/api/../admin` came to the app at `/api`, past whatever guards `/admin`, and must not become `/admin` there.
 *
 * Nearly every URL arrives in that form, and to see so is quicker than to parse it: the origin is looked
 * up, path and query need only be of characters that stay as they are.
 *
 * @module
 */
import { HttpError } from "./errors.ts";
import type { TwigRequest } from "./request.ts";

/** Characters that mean themselves in a path and in a query (URL standard, percent-encode sets). */
const PLAIN = /^\/[-\w~!$&()*+,;=:@%/.?]*$/;
/** What may be `.` or `..`, also in disguise. */
const DOT_SEGMENT = /\/(?:\.|%2e)/i;
/** What makes another path of it (URL standard, basic URL parser): dot segments, `\`, and what is dropped before. */
const REWRITTEN = /\/(?:\.|%2e){1,2}(?:[/?#]|$)|[\\\t\n\r]/i;

/** Origins by what was sent. Bounded, for clients can make hosts up. */
const origins = new Map<string, string>();
const KNOWN_LIMIT = 256;

/**
 * Writes the URL of a request.
 *
 * @param twig The request.
 * @returns The URL.
 * @throws {TypeError} If there is no such URL.
 * @throws {HttpError} 400 if its path would not be the one that was routed.
 */
export function urlOf(twig: TwigRequest): string {
  const origin = originOf(`${twig.secure ? "https" : "http"}://${twig.host || "localhost"}`);
  const path = twig.scriptName + twig.pathInfo;
  const { query } = twig;
  const rest = query === "" ? path : `${path}?${query}`;
  if (origin !== undefined && PLAIN.test(rest) && !DOT_SEGMENT.test(rest)) return origin + rest;
  if (REWRITTEN.test(path)) throw new HttpError(400, "The path has dot segments or a backslash");
  return new URL(twig.url).href;
}

function originOf(sent: string): string | undefined {
  const ready = origins.get(sent);
  if (ready !== undefined) return ready;
  const url = new URL(sent);
  if (url.href !== `${url.origin}/`) return undefined;
  if (origins.size < KNOWN_LIMIT) origins.set(sent, url.origin);
  return url.origin;
}
