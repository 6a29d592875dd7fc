/**
 * What may stand where in HTTP/1.1, one bit per rule in one table of 256 bytes, so that a scanner asks
 * one question per byte: `CLASS[byte] & RULE`.
 *
 * Octets, never text: `trim()`, `toLowerCase()` on decoded UTF-8, `parseInt()` and `Number()` accept
 * NBSP, U+212A, `0x5`, `5e0` and `+5`, and each of these has let a request through that a proxy in front
 * had understood otherwise. This file knows bytes and rules; it knows no message.
 *
 * @module
 */

/** `tchar`: what a token is made of (RFC 9110 §5.6.2). Methods, field names, chunk extension names. */
export const TOKEN = 1;
/** A field value: SP, HTAB, VCHAR and obs-text; no other control byte (RFC 9110 §5.5). */
export const VALUE = 2;
/** A request target before its `?`: visible ASCII but `#` and `?` (RFC 9112 §3.2). */
export const PATH = 4;
/** A request target after its `?`: visible ASCII but `#`. Fragments are never sent (RFC 9110 §7.1). */
export const QUERY = 8;
/**
 * `reg-name` without percent-escapes: unreserved and sub-delims (RFC 3986 §3.2.2), but no comma, which
 * in `Host` is always two values that something joined.
 */
export const HOST = 16;
/** `DIGIT` (RFC 5234 §B.1). */
export const DIGIT = 32;
/** `HEXDIG`, in both cases (RFC 9112 §7.1). */
export const HEX = 64;
/** `qdtext`: a quoted string without quote and backslash (RFC 9110 §5.6.4). */
export const QUOTED = 128;

/** The horizontal tab. */
export const HTAB = 0x09;
/** The line feed. */
export const LF = 0x0a;
/** The carriage return. */
export const CR = 0x0d;
/** The space. */
export const SP = 0x20;

const ALPHA_DIGIT = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** The rules that each byte satisfies, as bits. */
export const CLASS: Uint8Array = new Uint8Array(256);

function allow(rule: number, bytes: string): void {
  for (let i = 0; i < bytes.length; i++) allowRange(rule, bytes.charCodeAt(i), bytes.charCodeAt(i));
}

function allowRange(rule: number, first: number, last: number): void {
  for (let byte = first; byte <= last; byte++) CLASS[byte] = (CLASS[byte] as number) | rule;
}

function forbid(rule: number, bytes: string): void {
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes.charCodeAt(i);
    CLASS[byte] = (CLASS[byte] as number) & ~rule;
  }
}

allow(TOKEN, ALPHA_DIGIT + "!#$%&'*+-.^_`|~");
allow(VALUE, "\t");
allowRange(VALUE, 0x20, 0x7e);
allowRange(VALUE, 0x80, 0xff);
allowRange(PATH, 0x21, 0x7e);
forbid(PATH, "#?");
allowRange(QUERY, 0x21, 0x7e);
forbid(QUERY, "#");
allow(HOST, ALPHA_DIGIT + "-._~!$&'()*+;=");
allow(DIGIT, "0123456789");
allow(HEX, "0123456789ABCDEFabcdef");
allow(QUOTED, "\t");
allowRange(QUOTED, 0x20, 0x7e);
allowRange(QUOTED, 0x80, 0xff);
forbid(QUOTED, '"\\');

/**
 * Compares bytes with a name, letters in either case. Adding 0x20 to a token's byte makes a lower-case
 * letter of letters only, so it cannot make two different tokens equal.
 *
 * @param bytes The buffer.
 * @param at Index of the first byte to compare.
 * @param name The name: lower-case letters, digits and hyphens only.
 * @returns Whether the bytes spell the name.
 */
export function spells(bytes: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if (((bytes[at + i] as number) | 0x20) !== name.charCodeAt(i)) return false;
  }
  return true;
}

/**
 * Splits a comma-separated list (RFC 9110 §5.6.1).
 *
 * @param text The list, one code unit per byte.
 * @returns The elements in lower case without blanks around them; an empty element stays, as `""`.
 */
export function listElements(text: string): string[] {
  // Not trim(): it takes U+00A0, which is an octet of a value here.
  return text.toLowerCase().split(",").map((element) => element.replace(/^[ \t]+|[ \t]+$/g, ""));
}

/**
 * Names a byte for an error message.
 *
 * @param byte The byte.
 * @returns `"0x0a"`.
 */
export function hex(byte: number): string {
  return "0x" + byte.toString(16).padStart(2, "0");
}
