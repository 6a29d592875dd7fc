/**
 * `uri-host [ ":" port ]`, the grammar of the Host field and of an absolute target's authority
 * (RFC 9110 §7.2, RFC 3986 §3.2.2).
 *
 * Stricter than the grammar where software disagrees on what a name means: no empty host (RFC 9110
 * §4.2.1), no user information (§4.2.4), no comma, no port above 65535, no IPvFuture address, no zone.
 * It says whether an authority is valid, and nothing about whose it is.
 *
 * @module
 */
import { latin1 } from "../../twig/bytes.ts";
import { CLASS, DIGIT, HEX, HOST } from "./grammar.ts";

const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const PERCENT = 0x25;

/**
 * Checks an authority.
 *
 * @param bytes The buffer.
 * @param start Index of its first byte.
 * @param end Index after its last byte.
 * @returns Whether it is a host that is not empty, with or without a port.
 */
export function isAuthority(bytes: Uint8Array, start: number, end: number): boolean {
  const hostEnd = bytes[start] === OPEN_BRACKET
    ? afterBracket(bytes, start, end)
    : afterName(bytes, start, end);
  if (hostEnd <= start) return false;
  return hostEnd === end || (bytes[hostEnd] === COLON && isPort(bytes, hostEnd + 1, end));
}

function afterName(bytes: Uint8Array, start: number, end: number): number {
  const table = CLASS;
  let i = start;
  while (i < end) {
    const byte = bytes[i] as number;
    if (((table[byte] as number) & HOST) !== 0) i++;
    else if (byte === PERCENT && i + 2 < end && isHex(bytes, i + 1) && isHex(bytes, i + 2)) i += 3;
    else break;
  }
  return i;
}

function isHex(bytes: Uint8Array, at: number): boolean {
  return ((CLASS[bytes[at] as number] as number) & HEX) !== 0;
}

/** The port may be empty after its colon (RFC 3986 §3.2.3). */
function isPort(bytes: Uint8Array, start: number, end: number): boolean {
  let port = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (((CLASS[byte] as number) & DIGIT) === 0) return false;
    port = port * 10 + byte - 0x30;
    if (port > 65535) return false;
  }
  return true;
}

function afterBracket(bytes: Uint8Array, start: number, end: number): number {
  const close = bytes.indexOf(0x5d, start);
  if (close < 0 || close >= end) return -1;
  return isIpv6(latin1(bytes, start + 1, close)) ? close + 1 : -1;
}

/** RFC 3986 §3.2.2: IPv6address: eight groups of 16 bits, one run of which may be left out as `::`. */
function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const [head = "", tail] = halves;
  const count = groups(head, tail === undefined) + (tail === undefined ? 0 : groups(tail, true));
  return tail === undefined ? count === 8 : count <= 7;
}

const INVALID = 100;

/** How many groups a half spells; {@linkcode INVALID} if it is none. The last may be an IPv4 address. */
function groups(half: string, isLast: boolean): number {
  if (half === "") return 0;
  let count = 0;
  const parts = half.split(":");
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) count++;
    else if (isLast && i === parts.length - 1 && isIpv4(part)) count += 2;
    else return INVALID;
  }
  return count;
}

function isIpv4(text: string): boolean {
  return /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/.test(text);
}
