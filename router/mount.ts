/**
 * Where an app is put: a host pattern and a path prefix. This file owns what a mount may look like
 * and the one form in which its path is compared. It refuses to know how a request is matched.
 *
 * A mount's path is compared segment by segment after decoding percent-escapes once (RFC 3986
 * §6.2.2.2), so `/%61pi` and `/api` are the same place, and so are `/café` and `/caf%C3%A9`.
 *
 * @module
 */
import { checkHostPattern } from "./host.ts";

/** An app and the requests it is for. */
export interface Mount<T> {
  /** `"www.example.org"`, `"*.example.org"` for every name below it, or `undefined` for every host. */
  readonly host: string | undefined;
  /** Path prefix: `"/"`, or segments each led by a slash and none after the last: `"/api/v1"`. */
  readonly path: string;
  /** What is mounted. The router hands it back and never looks into it. */
  readonly app: T;
}

/** What a router found for a request. Frozen and shared between requests: keep nothing in it. */
export interface Match<T> {
  /** What is mounted there. */
  readonly app: T;
  /** The mount, as it was given. */
  readonly mount: Mount<T>;
  /**
   * How many characters of the raw path are the script name; the rest is the path info. 0 for a mount
   * at `/`. More than the mount's path has if the request wrote it with percent-escapes.
   */
  readonly prefixLength: number;
}

/** A mount that passed its check, in the forms that are compared. */
export interface CheckedMount<T> {
  /** The mount, as it was given. */
  readonly mount: Mount<T>;
  /** Host pattern in lower case, without a trailing dot; `undefined` for every host. */
  readonly host: string | undefined;
  /** Path as decoded bytes, one character each; empty for `/`. Has no `%` and no slash at its end. */
  readonly prefix: string;
}

/**
 * Checks a mount.
 *
 * @param mount The mount.
 * @returns The mount in the forms that are compared.
 * @throws {TypeError} If its host or its path could match no request, or not the ones it seems to.
 */
export function checkMount<T>(mount: Mount<T>): CheckedMount<T> {
  const host = mount.host === undefined ? undefined : checkHostPattern(mount.host);
  return { mount, host, prefix: checkPath(mount.path) };
}

function checkPath(path: string): string {
  const refuse = (reason: string) => new TypeError(`Cannot mount at ${JSON.stringify(path)}: ${reason}`);
  if (path === "/") return "";
  if (!path.startsWith("/")) throw refuse("the path must begin with a slash");
  if (path.includes("//")) throw refuse("empty segment");
  if (path.endsWith("/")) throw refuse("the path must not end with a slash");
  if (/[?#]/.test(path)) throw refuse("a path has no query and no fragment");
  const segments = path.slice(1).split("/").map(decodeSegment);
  for (const segment of segments) {
    if (segment === undefined) throw refuse("malformed percent-escape");
    if (segment === "." || segment === "..") throw refuse("a dot segment is never a place of its own");
    if (/[\0/%]/.test(segment)) throw refuse("a segment cannot hold an escaped slash, percent sign or NUL");
  }
  return "/" + segments.join("/");
}

/** Decodes to bytes, one character each, as they arrive on a wire; `undefined` if malformed. */
function decodeSegment(segment: string): string | undefined {
  if (/%(?![0-9a-f]{2})/i.test(segment)) return undefined;
  const bytes = new TextEncoder().encode(segment);
  return String.fromCharCode(...bytes)
    .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
}
