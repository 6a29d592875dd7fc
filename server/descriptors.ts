/**
 * How many connections the descriptors of this process allow. A process that has none left cannot open
 * a file, and the runtime ends when it cannot read a source file for an error's stack; so connections
 * wait in the kernel's queue before that, as they do at `limits.connections`.
 *
 * @module
 */

/** Descriptors for everything but connections: listeners, logs, the runtime's own, files being sent. */
const RESERVE = 64;

/**
 * The connections that a number of descriptors leaves room for: all but an eighth, and at least 64.
 *
 * @param descriptors How many this process may have open; `Infinity` if it is not known.
 * @returns How many of them connections may take; at least 1.
 *
 * @example Usage
 * ```ts
 * import { connectionsWithin } from "./descriptors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(connectionsWithin(1024), 896);
 * ```
 */
export function connectionsWithin(descriptors: number): number {
  if (descriptors === Infinity) return Infinity;
  return Math.max(1, descriptors - Math.max(RESERVE, Math.floor(descriptors / 8)));
}

/**
 * Reads how many descriptors this process may have open. Deno raises its soft limit to the hard one.
 *
 * @param path Where Linux tells. Default: of this process.
 * @returns The number; `Infinity` where it is not told: on other systems, or without the permission.
 */
export function descriptorLimit(path = "/proc/self/limits"): number {
  // Asked first: a program of somebody's own must not be stopped by a prompt for this.
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return Infinity;
  try {
    const [, limit] = /^Max open files\s+(\d+)/m.exec(Deno.readTextFileSync(path)) ?? [];
    return limit === undefined ? Infinity : Number(limit);
  } catch {
    return Infinity;
  }
}
