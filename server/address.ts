/**
 * How a listen address is written, in the config and in every message about it.
 *
 * @module
 */
import type { ListenUrl } from "./listen_address.ts";

/**
 * Writes a listen address as the config spells it.
 *
 * @param address The address.
 * @returns `http://127.0.0.1:8000`, `http://[::1]:8000`, `fcgi+unix:/run/app.sock`, `fcgi+fd:0`.
 *
 * @example Usage
 * ```ts
 * import { formatAddress } from "./address.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const address = { protocol: "http", transport: "tcp", hostname: "::1", port: 8000 } as const;
 * assertEquals(formatAddress(address), "http://[::1]:8000");
 * ```
 */
export function formatAddress(address: ListenUrl): string {
  if (address.transport === "fd") return `${address.protocol}+fd:${address.descriptor}`;
  if (address.transport === "unix") return `${address.protocol}+unix:${address.path}`;
  const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
  return `${address.protocol}://${host}:${address.port}`;
}
