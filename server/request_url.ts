/**
 * The URL argument of `explain` and `fetch`: what a client would put on the wire for it.
 *
 * @module
 */
import { UsageError } from "./command_line.ts";
import type { ListenAddress } from "./settings.ts";

/** A URL as a request carries it. */
export interface RequestUrl {
  /** `host[:port]` for the `Host` field. */
  readonly authority: string;
  /** Path and query as the request line has them. */
  readonly target: string;
  /** The path as it was given, beginning with a slash; what cannot be sent is percent-encoded. */
  readonly path: string;
  /** The query likewise, without `?`; empty if there is none. */
  readonly query: string;
  /** Host without port and brackets. */
  readonly hostname: string;
  /** The port, also where it is the scheme's own. */
  readonly port: number;
  /** Whether it was a path alone, and the first listener was put in front. */
  readonly isPath: boolean;
}

/**
 * Reads the URL argument. Only its authority is read as a `URL`, which would resolve dot segments of the path.
 *
 * @param text A URL, or a path.
 * @param listen The listeners; a path alone means the first TCP listener.
 * @returns Its parts.
 * @throws {UsageError} If it is neither.
 */
export function readRequestUrl(text: string, listen: readonly ListenAddress[]): RequestUrl {
  const isPath = text.startsWith("/");
  const origin = isPath ? `http://${firstAuthority(listen)}` : ORIGIN.exec(text)?.[0] ?? "";
  if (!URL.canParse(origin)) {
    throw new UsageError(`Cannot read URL ${JSON.stringify(text)}: write http://HOST:PORT/PATH or /PATH`);
  }
  const url = new URL(origin);
  return {
    authority: url.host,
    ...readTarget(isPath ? text : text.slice(origin.length)),
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
    isPath,
  };
}

/** Ends where path, query or fragment begin. A backslash is refused: `URL` alone takes it for a slash. */
const ORIGIN = /^https?:\/\/[^/?#\\\s]+(?=[/?#]|$)/i;

/**
 * What a URL cannot hold, as `URL` escapes it (WHATWG URL §1.3), but for the `'` of a query: that can be sent
 * as it is. A path has further ones.
 */
const UNFIT_FOR_QUERY = /[^\x21-\x7e]+|["<>]/g;
const UNFIT_FOR_PATH = /[^\x21-\x7e]+|["<>`{}]/g;

/** Everything else stays as it was given: the server does not resolve anything either (TWIG 8.2). */
function readTarget(text: string): Pick<RequestUrl, "target" | "path" | "query"> {
  const [sent] = text.split("#", 1) as [string];
  const question = sent.includes("?") ? sent.indexOf("?") : sent.length;
  const path = escapeAll(sent.slice(0, question) || "/", UNFIT_FOR_PATH);
  const search = escapeAll(sent.slice(question), UNFIT_FOR_QUERY);
  return { target: path + search, path, query: search.slice(1) };
}

/** A lone surrogate has no UTF-8; like `URL`, this sends U+FFFD in its place. */
function escapeAll(text: string, unfit: RegExp): string {
  return text.replace(unfit, (part) => encodeURIComponent(part.toWellFormed()));
}

function firstAuthority(listen: readonly ListenAddress[]): string {
  const first = listen.find((address) => address.transport === "tcp");
  return first === undefined || first.port === 0 ? "localhost" : `localhost:${first.port}`;
}
