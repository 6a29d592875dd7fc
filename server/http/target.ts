/**
 * The request targets that do not begin with `/` (RFC 9112 §3.2): absolute-form, authority-form and
 * asterisk-form. Rare, so it may take its time; the common origin-form never comes here.
 *
 * A path is never read as a URL: `//host/path` and `/\host/path` stay paths.
 *
 * @module
 */
import { ProtocolError } from "../../twig/errors.ts";
import { isAuthority } from "./authority.ts";
import { spells } from "./grammar.ts";

const SLASH = 0x2f;
const ASTERISK = 0x2a;

/** Where the parts of a target are; indexes into the buffer that it was read from. */
export interface TargetParts {
  /** Index of the authority's first byte; equal to `authorityEnd` where there is none. */
  readonly authorityAt: number;
  /** Index after the authority's last byte. */
  readonly authorityEnd: number;
}

/**
 * Checks a target that is not in origin-form and finds its authority. What follows the authority is
 * the path and the query; an empty path means `/`.
 *
 * @param bytes The buffer.
 * @param start Index of the target's first byte.
 * @param end Index after its last byte.
 * @param method The method, since asterisk-form is for OPTIONS only and authority-form for CONNECT.
 * @returns Where its authority is; empty for asterisk-form.
 * @throws {ProtocolError} 400 if the target has none of the forms or its authority is not valid; 501
 * for CONNECT, which only a proxy can serve (RFC 9110 §9.3.6).
 */
export function otherTarget(bytes: Uint8Array, start: number, end: number, method: string): TargetParts {
  if (method === "CONNECT") {
    if (isAuthority(bytes, start, end)) {
      throw new ProtocolError(501, "connect", "Cannot serve CONNECT: this is not a proxy");
    }
    throw new ProtocolError(400, "bad-target", "Cannot parse request target: CONNECT needs host:port");
  }
  if (bytes[start] === ASTERISK && end === start + 1 && method === "OPTIONS") {
    return { authorityAt: start, authorityEnd: start };
  }
  const authorityAt = afterScheme(bytes, start, end);
  let authorityEnd = authorityAt;
  while (authorityEnd < end && bytes[authorityEnd] !== SLASH && bytes[authorityEnd] !== 0x3f) authorityEnd++;
  if (!isAuthority(bytes, authorityAt, authorityEnd)) {
    throw new ProtocolError(
      400,
      "bad-authority",
      "Cannot parse request target: its authority is not host[:port]",
    );
  }
  return { authorityAt, authorityEnd };
}

/** Schemes are case-insensitive (RFC 3986 §3.1); an origin server has only these two. */
function afterScheme(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > 7 && spells(bytes, start, "http://")) return start + 7;
  if (end - start > 8 && spells(bytes, start, "https://")) return start + 8;
  throw new ProtocolError(400, "bad-target", "Cannot parse request target: neither a path nor an http URI");
}
