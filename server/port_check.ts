/**
 * Finds out, before any worker starts, whether the ports of a config can be had.
 *
 * Workers share each port through `SO_REUSEPORT`. The kernel lets any process of the same user join
 * such a port, so a second Archangel would not fail: it would quietly take half of the requests.
 * Therefore the supervisor binds each port once without sharing, which fails if anybody is there, and
 * lets go of it at once. Ports that its own workers hold already, at a reload, are not tried.
 *
 * The same bind turns port 0 into a port of the kernel's choice, which all workers can then share
 * and which stays the same over reloads.
 *
 * Unix sockets are left to the worker, which can ask whether anybody answers there.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import { ListenError, whyNotBound } from "./errors.ts";
import type { ListenAddress, Settings, TcpAddress } from "./settings.ts";

/** What a config asked for, and what it got. */
export interface Claim {
  /** The listener as configured, perhaps with port 0. */
  readonly asked: ListenAddress;
  /** The listener with its port. */
  readonly got: ListenAddress;
}

/**
 * Tries every TCP listener that is not held yet.
 *
 * @param settings The settings as configured.
 * @param held What the workers that serve now hold; empty at the first start.
 * @returns One claim for each listener, in the same order.
 * @throws {ListenError} If a port is taken or may not be used.
 */
export function claimPorts(settings: Settings, held: readonly Claim[]): Claim[] {
  const free = [...held];
  const open: Deno.Listener[] = [];
  try {
    return settings.listen.map((asked) => {
      const known = free.findIndex((claim) => formatAddress(claim.asked) === formatAddress(asked));
      if (known >= 0) return { asked, got: free.splice(known, 1)[0]!.got };
      return { asked, got: asked.transport === "tcp" ? tryPort(asked, open, held) : asked };
    });
  } finally {
    for (const listener of open) listener.close();
  }
}

/**
 * The settings with every port 0 replaced.
 *
 * @param settings The settings as configured.
 * @param claims What {@linkcode claimPorts} returned for them.
 * @returns The settings to give to workers.
 */
export function withPorts(settings: Settings, claims: readonly Claim[]): Settings {
  return { ...settings, listen: claims.map((claim) => claim.got) };
}

/** A port of the kernel's choice stays open until all are tried, or it might be chosen twice. */
function tryPort(asked: TcpAddress, open: Deno.Listener[], held: readonly Claim[]): TcpAddress {
  let listener: Deno.TcpListener;
  try {
    listener = Deno.listen({ hostname: asked.hostname, port: asked.port });
  } catch (error) {
    const text = formatAddress(asked);
    const own = error instanceof Deno.errors.AddrInUse && held.find(({ got }) => overlap(got, asked));
    throw new ListenError(text, own ? ownPort(formatAddress(own.got)) : whyNotBound(error, text));
  }
  if (asked.port !== 0) {
    listener.close();
    return asked;
  }
  open.push(listener);
  return { ...asked, port: listener.addr.port };
}

const EVERYWHERE = ["0.0.0.0", "::"];

/** Whether two listeners want the same port of the same address, be it by another protocol or as one of all. */
function overlap(one: ListenAddress, other: TcpAddress): boolean {
  if (one.transport !== "tcp" || one.port !== other.port) return false;
  return one.hostname === other.hostname ||
    [one, other].some(({ hostname }) => EVERYWHERE.includes(hostname));
}

function ownPort(address: string): string {
  return `Archangel's own workers have the port, as ${address}, and a reload cannot take it from them: ` +
    "stop Archangel and start it anew, or name another port";
}
