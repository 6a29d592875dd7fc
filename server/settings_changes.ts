/**
 * What a reload changed, in words for the person who asked for it. Compares settings and nothing else:
 * an app whose code is another, at the same place, is the same here.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import { appText } from "./app_text.ts";
import type { Settings } from "./settings.ts";

/**
 * Says what is different.
 *
 * @param before What was served.
 * @param after What is served now.
 * @returns Such as `opened http://0.0.0.0:80; closed fcgi://127.0.0.1:9000; new app shop (twig ./shop.ts);
 * dropped app old; changed app api; changed routes, limits`; empty if nothing is. The number of workers
 * is left out.
 *
 * @example Usage
 * ```ts
 * import { settingsChanges } from "./settings_changes.ts";
 * import { parseConfig } from "./config.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const around = { folder: "/srv", look: () => "file" as const, whyReadOnly: () => undefined, env: () => undefined };
 * const read = (text: string) => parseConfig("archangel.yaml", text, around);
 * const before = read("apps: { a: ./a.ts }");
 * const after = read("apps: { a: ./a.ts }\nlisten: http://127.0.0.1:80");
 * assertEquals(settingsChanges(before, after), "opened http://127.0.0.1:80; closed http://127.0.0.1:8000");
 * ```
 */
export function settingsChanges(before: Settings, after: Settings): string {
  const listeners = difference(listenersOf(before), listenersOf(after));
  const apps = difference(before.apps, after.apps);
  const rows: [string, readonly string[]][] = [
    ["opened", listeners.added],
    ["closed", listeners.dropped],
    ["changed", listeners.changed],
    ["new app", apps.added.map((name) => appText(after.apps[name]!, after))],
    ["dropped app", apps.dropped],
    ["changed app", apps.changed],
    ["changed", difference(othersOf(before), othersOf(after)).changed],
  ];
  const told = rows.filter(([, list]) => list.length > 0);
  return told.map(([what, list]) => `${what} ${list.join(", ")}`).join("; ");
}

type Named = Readonly<Record<string, unknown>>;

function difference(before: Named, after: Named): Record<"added" | "dropped" | "changed", string[]> {
  const isIn = (values: Named) => (name: string) => Object.hasOwn(values, name);
  const names = Object.keys(after);
  return {
    added: names.filter((name) => !isIn(before)(name)),
    dropped: Object.keys(before).filter((name) => !isIn(after)(name)),
    changed: names.filter(isIn(before)).filter((name) => !same(before[name], after[name])),
  };
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function listenersOf({ listen }: Settings): Named {
  return Object.fromEntries(listen.map((address) => [formatAddress(address), address]));
}

/** What is neither a listener, nor an app, nor told of elsewhere, by its name in the config. */
function othersOf(settings: Settings): Named {
  return {
    routes: settings.routes,
    // The wire's bound on bodies follows from those of the apps.
    limits: { ...settings.limits, bodyBytes: undefined },
    timeouts: settings.timeouts,
    log: settings.log,
    development: settings.development,
    server_name: settings.serverName,
    strict_hosts: settings.strictHosts,
    deno_config: settings.denoConfig,
    permissions: settings.permissions,
  };
}
