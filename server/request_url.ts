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
  /** The path, percent-encoded, beginning with a slash. */
  readonly path: string;
  /** The query without `?`; empty if there is none. */
  readonly query: string;
  /** Host without port and brackets. */
  readonly hostname: string;
  /** The port, also where it is the scheme's own. */
  readonly port: number;
  /** Whether it was a path alone, and the first listener was put in front. */
  readonly isPath: boolean;
}

/**
 * Reads the URL argument.
 *
 * @param text A URL, or a path.
 * @param listen The listeners; a path alone means the first TCP listener.
 * @returns Its parts.
 * @throws {UsageError} If it is neither.
 */
export function readRequestUrl(text: string, listen: readonly ListenAddress[]): RequestUrl {
  const isPath = text.startsWith("/");
  const full = isPath ? `http://${firstAuthority(listen)}${text}` : /^https?:\/\//i.test(text) ? text : "";
  if (!URL.canParse(full)) {
    throw new UsageError(`Cannot read URL ${JSON.stringify(text)}: write http://HOST:PORT/PATH or /PATH`);
  }
  const url = new URL(full);
  return {
    authority: url.host,
    path: url.pathname,
    query: url.search.slice(1),
    hostname: url.hostname.replace(/^\[|\]$/g, ""),
    port: Number(url.port || (url.protocol === "https:" ? 443 : 80)),
    isPath,
  };
}

function firstAuthority(listen: readonly ListenAddress[]): string {
  const first = listen.find((address) => address.transport === "tcp");
  return first === undefined || first.port === 0 ? "localhost" : `localhost:${first.port}`;
}
