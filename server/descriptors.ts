/**
 * How many connections, and files being sent, the descriptors of this process allow. A process that has none left
 * cannot open a file, and the runtime ends when it cannot read a source file for an error's stack; so before that
 * connections wait in the kernel's queue, as they do at `limits.connections`, and requests for files get a 503.
 *
 * @module
 */

/** Least descriptors for everything but connections: listeners, logs, the runtime's own, files being sent. */
const RESERVE = 64;
/** Of these, what is not for files being sent: a worker at rest has 28 open. */
const OWN = 40;
/** Deno reads a file by a second descriptor. */
const FOR_A_FILE = 2;

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
  return descriptors === Infinity ? Infinity : Math.max(1, descriptors - reserveOf(descriptors));
}

/**
 * The files that may be sent at a time: what connections leave, less the server's own.
 *
 * @param descriptors How many this process may have open; `Infinity` if it is not known.
 * @returns How many files may be open.
 */
export function filesWithin(descriptors: number): number {
  return descriptors === Infinity ? Infinity : Math.floor((reserveOf(descriptors) - OWN) / FOR_A_FILE);
}

function reserveOf(descriptors: number): number {
  return Math.max(RESERVE, Math.floor(descriptors / 8));
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
