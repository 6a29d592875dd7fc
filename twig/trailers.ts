/**
 * Which fields may stand in a trailer section, of requests and of answers (RFC 9110 §6.5.1).
 *
 * @module
 */
import type { HeaderFields } from "./headers.ts";

/**
 * Fields whose late arrival could change what was decided from the header section: framing, routing,
 * credentials, what the content is and whether it may be kept, the connection itself (RFC 9110 §6.5.1).
 */
const NOT_IN_TRAILERS: ReadonlySet<string> = new Set([
  "age",
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "date",
  "expect",
  "expires",
  "forwarded",
  "host",
  "keep-alive",
  "location",
  "max-forwards",
  "pragma",
  "proxy",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "retry-after",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
  "via",
  "www-authenticate",
]);

/**
 * Takes out of a trailer section what may not stand in one.
 *
 * @param fields The section's fields; changed in place.
 * @returns The same fields, or `undefined` if none is left.
 */
export function harmlessTrailers(fields: HeaderFields): HeaderFields | undefined {
  const names = new Set<string>();
  for (const [name] of fields) {
    if (NOT_IN_TRAILERS.has(name) || name.startsWith("if-") || name.startsWith("x-forwarded-")) {
      names.add(name);
    }
  }
  for (const name of names) fields.delete(name);
  return fields.size === 0 ? undefined : fields;
}
