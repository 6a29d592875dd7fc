/**
 * What a person sees when the server is up: where it listens, what it serves, and whether a reload
 * can lose a request on this kernel.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import { appText } from "./app_text.ts";
import type { ListenAddress, RouteSpec, Settings } from "./settings.ts";

const MIGRATE = "/proc/sys/net/ipv4/tcp_migrate_req";

/**
 * Whether the kernel hands the queued connections of a closing listener to its siblings (Linux 5.14
 * and later, `net.ipv4.tcp_migrate_req`). Where it does not, a reload under load can reset a few
 * connections that no worker had accepted yet.
 *
 * @returns `undefined` where that cannot be found out: another system, or no permission to read it.
 */
export function migratesRequests(): boolean | undefined {
  try {
    return Deno.readTextFileSync(MIGRATE).trim() === "1";
  } catch {
    return undefined;
  }
}

/**
 * The text shown when the first generation serves.
 *
 * @param settings What is served.
 * @param addresses Where, as bound.
 * @param migrates What {@linkcode migratesRequests} said.
 * @returns Several lines, without a line feed at the end.
 *
 * @example Usage
 * ```ts
 * import { reloadLine } from "./banner.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(reloadLine(true), "loss-free");
 * ```
 */
export function banner(
  settings: Settings,
  addresses: readonly ListenAddress[],
  migrates: boolean | undefined,
): string {
  const rows: Row[] = [
    ...addresses.map((address, at): Row => ["listen", formatAddress(common(address, at, settings))]),
    ["workers", String(settings.workers)],
    ...settings.routes.map((route): Row => ["route", routeLine(route, settings)]),
    ["config", settings.source ?? "none"],
    ["reload", settings.workers === 0 ? reloadWithout(settings) : reloadLine(migrates)],
  ];
  const shown = rows.map(([head, value], at) =>
    `  ${(head === rows[at - 1]?.[0] ? "" : head).padEnd(9)}${value}`
  );
  return ["serving", ...shown].join("\n");
}

/**
 * Whether a reload is loss-free, and what to set if not.
 *
 * @param migrates What {@linkcode migratesRequests} said.
 * @returns One line.
 */
export function reloadLine(migrates: boolean | undefined): string {
  if (migrates === true) return "loss-free";
  const remedy = "sysctl -w net.ipv4.tcp_migrate_req=1";
  if (migrates === false) return `may reset a few waiting connections under load; to prevent it: ${remedy}`;
  return "cannot tell whether it is loss-free; it is on Linux 5.14 or later with net.ipv4.tcp_migrate_req=1";
}

/**
 * What to do instead of a reload where there are no workers.
 *
 * @param settings What is served.
 * @returns Part of a line, after "a reload".
 */
export function reloadWithout({ listen }: Settings): string {
  return listen.some(({ transport }) => transport === "fd")
    ? "takes a new process: end this one with TERM, and start another on the same socket"
    : "needs workers: with 0 of them, start anew";
}

type Row = readonly [head: string, value: string];

/** Each of several workers has a Unix socket of its own; the config's path, with `{worker}`, stands for all. */
function common(bound: ListenAddress, at: number, { workers, listen }: Settings): ListenAddress {
  const asked = listen[at];
  return workers > 1 && asked?.transport === "unix" ? asked : bound;
}

function routeLine(route: RouteSpec, settings: Settings): string {
  const app = settings.apps[route.app];
  const what = app === undefined ? route.app : appText(app, settings);
  return `${route.host ?? ""}${route.path} -> ${what}`;
}
