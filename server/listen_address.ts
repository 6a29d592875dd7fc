/**
 * Reads the notation of listeners: `http://HOST:PORT`, `fcgi://HOST:PORT`, `http+unix:PATH`,
 * `fcgi+unix:PATH`, `http+fd:0`, `fcgi+fd:0`. Knows nothing of sockets; `address.ts` writes the same notation.
 *
 * @module
 */
import { resolvePath } from "./paths.ts";
import { didYouMean } from "./nearest.ts";
import type { InheritedAddress, TcpAddress, UnixAddress } from "./settings.ts";

/** A listener as far as its URL says; mode and group of a Unix socket stand beside the URL. */
export type ListenUrl = TcpAddress | InheritedAddress | Omit<UnixAddress, "mode" | "group">;

const SCHEMES = ["http", "fcgi", "http+unix", "fcgi+unix", "http+fd", "fcgi+fd"];
/** `sun_path` has 108 bytes in Linux and one is the NUL at the end (unix(7)). */
export const LONGEST_UNIX_PATH = 107;
const HOST_AND_PORT = /^\/\/(\[[0-9A-Fa-f:.]+\]|[^:/[\]@?#\s]+)(?::(\d+))?\/?$/;
const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/**
 * Reads a listener.
 *
 * @param text `"http://0.0.0.0:8000"`, `"fcgi+unix:/run/archangel.sock"`, …
 * @param folder What a relative socket path is relative to.
 * @returns The listener.
 * @throws {TypeError} If it is no such address; the message completes a sentence: `must begin with …`.
 *
 * @example Usage
 * ```ts
 * import { parseListenUrl } from "./listen_address.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseListenUrl("http://[::1]:8000", "/"), {
 *   protocol: "http",
 *   transport: "tcp",
 *   hostname: "::1",
 *   port: 8000,
 * });
 * ```
 */
export function parseListenUrl(text: string, folder: string): ListenUrl {
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined || !SCHEMES.includes(scheme) || /^[\w.]+:\d+$/.test(text)) {
    throw new TypeError(schemeMessage(text, scheme));
  }
  const protocol = scheme.startsWith("http") ? "http" : "fcgi";
  const rest = text.slice(scheme.length + 1);
  if (scheme.endsWith("+fd")) return inheritedUrl(protocol, rest);
  return scheme.endsWith("+unix") ? unixUrl(protocol, rest, folder) : tcpUrl(protocol, rest);
}

function schemeMessage(text: string, scheme: string | undefined): string {
  const expected = "must begin with http://, fcgi://, http+unix:, fcgi+unix:, http+fd: or fcgi+fd:";
  if (scheme === "https") return `${expected}, got ${JSON.stringify(text)}; TLS is left to a front end`;
  if (/^[\w.]*:\d+$/.test(text)) {
    return `${expected}, got ${JSON.stringify(text)}; write http://${
      text.startsWith(":") ? "0.0.0.0" : ""
    }${text}`;
  }
  const suggestion = scheme === undefined ? "" : didYouMean(scheme, SCHEMES);
  return `${expected}, got ${JSON.stringify(text)}${suggestion}`;
}

function tcpUrl(protocol: "http" | "fcgi", rest: string): TcpAddress {
  const match = HOST_AND_PORT.exec(rest);
  if (match === null) {
    const everywhere = /^\/\/:\d+\/?$/.test(rest)
      ? `; for all addresses ${protocol}://0.0.0.0${rest.slice(2)}`
      : "";
    throw new TypeError(
      `must be ${protocol}://HOST:PORT and nothing more, got "${protocol}:${rest}"${everywhere}`,
    );
  }
  if (match[2] === undefined) throw new TypeError(`must have a port: ${protocol}://${match[1]}:8000`);
  const port = Number(match[2]);
  if (port > 65535) throw new TypeError(`must have a port from 0 to 65535, got ${match[2]}`);
  return { protocol, transport: "tcp", hostname: checkHost(match[1]!), port };
}

function checkHost(host: string): string {
  const refuse = () => new TypeError(`must have an IP address or a host name, got ${JSON.stringify(host)}`);
  if (host === "*") {
    throw new TypeError('must have an address instead of "*": 0.0.0.0 or [::] takes them all');
  }
  if (host.startsWith("[")) {
    if (!URL.canParse(`http://${host}/`)) throw refuse();
    return host.slice(1, -1).toLowerCase();
  }
  // Digits and dots alone are an address or a mistake (RFC 3986 §3.2.2), never a name.
  const address = /^[\d.]+$/.test(host);
  if (address && !/^(\d{1,3})(\.\d{1,3}){3}$/.test(host)) throw refuse();
  if (address && host.split(".").some((part) => Number(part) > 255)) throw refuse();
  if (!HOST_NAME.test(host)) throw refuse();
  return host.toLowerCase();
}

function inheritedUrl(protocol: "http" | "fcgi", rest: string): InheritedAddress {
  if (rest !== "0") {
    throw new TypeError(`must be ${protocol}+fd:0: the socket that a process is started with is its stdin`);
  }
  return { protocol, transport: "fd", descriptor: 0 };
}

function unixUrl(
  protocol: "http" | "fcgi",
  rest: string,
  folder: string,
): Omit<UnixAddress, "mode" | "group"> {
  const written = rest.startsWith("///") ? rest.slice(2) : rest;
  if (written === "" || written.startsWith("//") || written.endsWith("/")) {
    throw new TypeError(`must name a socket file: ${protocol}+unix:/run/archangel.sock`);
  }
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f]/.test(written)) throw new TypeError("must not have control characters in its path");
  const path = resolvePath(folder, written);
  // The number of a worker takes the place of {worker}.
  const bytes = new TextEncoder().encode(path.replaceAll("{worker}", "1")).length;
  if (bytes > LONGEST_UNIX_PATH) {
    throw new TypeError(
      `must have a socket path of at most ${LONGEST_UNIX_PATH} bytes, got ${bytes}: ${path}`,
    );
  }
  return { protocol, transport: "unix", path };
}
