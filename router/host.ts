/**
 * Host names in the one form in which they are compared: ASCII lower case, without port and without
 * the dot of a fully qualified name. An address in brackets stays in brackets and is compared as
 * text. The file knows patterns and the `Host` field's shape, and nothing of mounts or paths.
 *
 * RFC 9110 §7.2 (Host), RFC 3986 §3.2.2 (host is case-insensitive), RFC 9110 §4.3.3.
 *
 * @module
 */

/** Longest name that DNS can hold is 253; anything longer is no host of ours. */
const LONGEST_NAME = 253;

const UPPER_A = 65, UPPER_Z = 90, COLON = 58, DOT = 46, OPEN_BRACKET = 91;

/**
 * The host of an authority. Never throws, for whether it is valid is the wire's business.
 *
 * @param authority `host[:port]` as sent: any case, with or without a trailing dot, IPv6 in brackets.
 * @returns The host as hosts are compared; empty if there is none or no name can be that long.
 *
 * @example Usage
 * ```ts
 * import { hostOf } from "@archangel/archangel/router";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(hostOf("WWW.Example.org.:8000"), "www.example.org");
 * assertEquals(hostOf("[::1]:8000"), "[::1]");
 * ```
 */
export function hostOf(authority: string): string {
  let end = authority.length;
  let upper = false;
  const bracket = authority.charCodeAt(0) === OPEN_BRACKET ? authority.indexOf("]") : -1;
  for (let i = bracket + 1; i < end; i++) {
    const code = authority.charCodeAt(i);
    if (code === COLON) end = i;
    else if (code >= UPPER_A && code <= UPPER_Z) upper = true;
  }
  if (end > 0 && authority.charCodeAt(end - 1) === DOT) end--;
  if (end > LONGEST_NAME) return "";
  const host = end === authority.length ? authority : authority.slice(0, end);
  return upper || bracket >= 0 ? lowerCase(host) : host;
}

/** Lower case of ASCII letters only: `toLowerCase()` would turn U+212A, the Kelvin sign, into a k. */
function lowerCase(host: string): string {
  return host.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

const LABELS = /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$/;
const ADDRESS = /^\[[0-9a-f:.]+\]$/;

/**
 * Checks a mount's host pattern.
 *
 * @param pattern A host name, `*.` and a host name, or an IPv6 address in brackets.
 * @returns The pattern as hosts are compared.
 * @throws {TypeError} If no request can have such a host.
 */
export function checkHostPattern(pattern: string): string {
  const refuse = (reason: string) =>
    new TypeError(`Cannot mount on host ${JSON.stringify(pattern)}: ${reason}`);
  const host = lowerCase(pattern).replace(/\.$/, "");
  if (ADDRESS.test(host)) return host;
  if (host === "*") throw refuse("leave the host out to serve every host");
  if (/:[0-9]*$/.test(host)) throw refuse("a host has no port here, and an IPv6 address stands in brackets");
  // deno-lint-ignore no-control-regex
  if (/[^\x00-\x7f]/.test(host)) throw refuse(`write it as it is sent, ${JSON.stringify(asSent(host))}`);
  if (!LABELS.test(host)) throw refuse('it must be a name, or "*." and a name');
  if (host.length > LONGEST_NAME) throw refuse(`a name has at most ${LONGEST_NAME} characters`);
  return host;
}

/** The A-label form (RFC 5890) of an internationalised name, as browsers send it. */
function asSent(host: string): string {
  const wildcard = host.startsWith("*.") ? "*." : "";
  const url = `http://${host.slice(wildcard.length)}`;
  return URL.canParse(url) ? wildcard + new URL(url).hostname : "xn--…";
}
