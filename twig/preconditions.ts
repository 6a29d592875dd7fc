/**
 * Whether a client has what it asks for already, or asks for something else than there is: `If-Match`,
 * `If-Unmodified-Since`, `If-None-Match`, `If-Modified-Since` and `If-Range`, for GET and HEAD
 * (RFC 9110 §13). Pure: what is asked, what there is and the time come in.
 *
 * @module
 */
import type { HeaderFields } from "./headers.ts";
import { parseHttpDate } from "./http_date.ts";

/** What tells one version from another (RFC 9110 §8.8). */
export interface Validators {
  /** The entity tag with its quotes, `W/` before it if it is weak; `undefined` if there is none. */
  readonly etag: string | undefined;
  /** When it was last modified, in milliseconds since 1970; `undefined` if that is not known. */
  readonly modified: number | undefined;
}

const SECOND = 1_000;
const TAGS = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g;

/**
 * Looks at the conditions of a request, in the order of RFC 9110 §13.2.2.
 *
 * @param headers The request's fields.
 * @param validators What there is.
 * @param now The time in milliseconds since 1970.
 * @returns What to answer instead: 304 Not Modified, 412 Precondition Failed; `undefined` if nothing.
 */
export function precondition(
  headers: HeaderFields,
  validators: Validators,
  now: number,
): 304 | 412 | undefined {
  const { etag } = validators;
  const match = headers.get("if-match");
  if (match !== undefined) {
    if (match !== "*" && !hasTag(match, etag, isSameStrong)) return 412;
  } else if (isModifiedSince(headers.get("if-unmodified-since"), validators, now) === true) {
    return 412;
  }
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== undefined) {
    return noneMatch === "*" || hasTag(noneMatch, etag, isSameWeak) ? 304 : undefined;
  }
  return isModifiedSince(headers.get("if-modified-since"), validators, now) === false ? 304 : undefined;
}

/**
 * Whether a part may be sent: if the client has other parts, they are of this very version (RFC 9110 §13.1.5).
 *
 * @param condition The value of `If-Range`, if there is one.
 * @param validators What there is.
 * @param now The time in milliseconds since 1970.
 * @returns Whether `Range` counts.
 */
export function allowsPart(
  condition: string | undefined,
  { etag, modified }: Validators,
  now: number,
): boolean {
  if (condition === undefined) return true;
  if (condition.includes('"')) return etag !== undefined && isSameStrong(condition, etag);
  // In the second of a change there may come another, so its date is no strong validator (§8.8.2.2).
  return modified !== undefined && now - modified >= 2 * SECOND &&
    parseHttpDate(condition, now) === wholeSeconds(modified);
}

/** `undefined` where it cannot be said: no date, or not a valid one. */
function isModifiedSince(
  date: string | undefined,
  { modified }: Validators,
  now: number,
): boolean | undefined {
  const since = date === undefined ? undefined : parseHttpDate(date, now);
  return since === undefined || modified === undefined ? undefined : wholeSeconds(modified) > since;
}

/** Dates in fields have no fractions. */
function wholeSeconds(time: number): number {
  return Math.floor(time / SECOND) * SECOND;
}

function hasTag(
  list: string,
  etag: string | undefined,
  same: (one: string, other: string) => boolean,
): boolean {
  return etag !== undefined && (list.match(TAGS) ?? []).some((tag) => same(tag, etag));
}

/** RFC 9110 §8.8.3.2. */
function isSameWeak(one: string, other: string): boolean {
  return one.replace(/^W\//, "") === other.replace(/^W\//, "");
}

function isSameStrong(one: string, other: string): boolean {
  return one === other && !one.startsWith("W/");
}
