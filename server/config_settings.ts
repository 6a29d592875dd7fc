/**
 * Turns a checked config into settings. It owns what the table cannot say, because it is about
 * several settings together: an app has one kind, a route names an app that exists, no two listeners
 * or routes are the same place.
 *
 * @module
 */
import { Router } from "../router/mod.ts";
import { formatAddress } from "./address.ts";
import type { CheckedConfig } from "./config_check.ts";
import type { Limits, Timeouts } from "./limits.ts";
import { LONGEST_UNIX_PATH } from "./listen_address.ts";
import { didYouMean } from "./nearest.ts";
import type { Grant } from "./permissions.ts";
import type { AppKind, AppSpec, ListenAddress, RouteSpec, Settings } from "./settings.ts";

/** Where Archangel listens if nobody says anything else. */
const DEFAULT_LISTENER: ListenAddress = {
  protocol: "http",
  transport: "tcp",
  hostname: "127.0.0.1",
  port: 8000,
};

const KINDS = ["twig", "fetch", "static", "auto"] as const;

/**
 * Builds the settings. What does not fit together is reported to the config, whose problems must be
 * looked at before the settings are used.
 *
 * @param config The config, as far as the table can check it.
 * @param source Path of the config file, for messages; `undefined` if there is none.
 * @returns The settings.
 */
export function settingsFrom(config: CheckedConfig, source: string | undefined): Settings {
  const apps = readApps(config);
  const workers = readWorkers(config);
  return {
    listen: readListeners(config, workers),
    workers,
    apps,
    routes: readRoutes(config, apps),
    strictHosts: config.get("strict_hosts"),
    development: config.get("development"),
    serverName: config.get("server_name"),
    limits: readLimits(config, apps),
    timeouts: readTimeouts(config),
    log: { access: config.get("log.access"), format: config.get("log.format") },
    denoConfig: config.get("deno_config"),
    permissions: readPermissions(config),
    source,
  };
}

function readWorkers(config: CheckedConfig): number {
  const inherits = config.items("listen").some((item) =>
    config.get("listen.*.url", item)?.transport === "fd"
  );
  const asked = config.get("workers");
  // With several of them, more could be wrong than is.
  if (config.isRefused("workers")) return inherits ? 0 : 1;
  if (asked !== "auto") return asked;
  return inherits ? 0 : Math.max(1, navigator.hardwareConcurrency);
}

/** An app may take larger bodies than the default, so the wire's bound is the largest of all. */
function readLimits(config: CheckedConfig, apps: Readonly<Record<string, AppSpec>>): Limits {
  const bodies = Object.values(apps).map((app) => app.bodyBytes);
  return {
    targetBytes: config.get("limits.target_bytes"),
    headerBytes: config.get("limits.header_bytes"),
    headerFields: config.get("limits.header_fields"),
    bodyBytes: Math.max(config.get("limits.body"), ...bodies),
    drainBytes: config.get("limits.drain_bytes"),
    openExchanges: config.get("limits.open_exchanges"),
    connections: config.get("limits.connections"),
    requestsPerConnection: config.get("limits.requests_per_connection"),
  };
}

function readTimeouts(config: CheckedConfig): Timeouts {
  return {
    header: config.get("timeouts.header"),
    body: config.get("timeouts.body"),
    idle: config.get("timeouts.idle"),
    write: config.get("timeouts.write"),
    linger: config.get("timeouts.linger"),
    drain: config.get("timeouts.drain"),
    boot: config.get("timeouts.boot"),
  };
}

function readPermissions(config: CheckedConfig): Grant[] {
  return config.items("permissions").flatMap((item) => {
    const grant = config.get("permissions.*.grant", item);
    if (grant !== undefined) return [grant];
    if (!config.has("permissions.*.grant", item)) {
      config.refuseMissing("permissions.*", [item], 'a permission must have a "grant"');
    }
    return [];
  });
}

function readListeners(config: CheckedConfig, workers: number): ListenAddress[] {
  if (!config.has("listen")) return [DEFAULT_LISTENER];
  const items = config.items("listen");
  if (items.length === 0) config.refuse("listen", [], '"listen" must have at least one listener', "key");
  const listeners: ListenAddress[] = [];
  const taken = new Set<string>();
  for (const item of items) {
    const address = readListener(config, item);
    if (address === undefined) continue;
    // Port 0 is a port of its own each time. HTTP and FastCGI cannot share a place.
    const place = formatAddress({ ...address, protocol: "http" });
    const unique = address.transport !== "tcp" || address.port !== 0;
    if (unique && taken.has(place)) {
      config.refuse("listen.*.url", [item], `duplicate listener: ${formatAddress(address)} is taken`);
    }
    if (address.transport === "unix" && workers > 1 && !address.path.includes("{worker}")) {
      config.refuse("listen.*.url", [item], sharedSocket(workers));
    }
    if (address.transport === "fd" && workers > 0) {
      config.refuse("listen.*.url", [item], inheritedSocket(address));
    }
    if (address.transport === "unix") checkLongest(config, item, address.path, workers);
    taken.add(place);
    listeners.push(address);
  }
  return listeners;
}

/** Only TCP ports can be shared: the kernel has no `reusePort` for paths. */
function sharedSocket(workers: number): string {
  return `${workers} workers cannot share one Unix socket: write {worker} in its path, which becomes 1 to ` +
    `${workers} and needs as many servers in the front end, or set workers to 1`;
}

/** A worker's stdin is its supervisor's, and whoever hands a socket over starts as many processes as they like. */
function inheritedSocket(address: ListenAddress): string {
  return `${
    formatAddress(address)
  } is served by the process that was started with it: leave "workers" out or set it to 0`;
}

/** With {worker} in it, the path of the last worker is the longest. */
function checkLongest(config: CheckedConfig, item: number, path: string, workers: number): void {
  const last = path.replaceAll("{worker}", String(Math.max(1, workers)));
  const size = new TextEncoder().encode(last).length;
  if (size <= LONGEST_UNIX_PATH) return;
  const message =
    `the path of worker ${workers} has ${size} bytes, and that of a socket at most ${LONGEST_UNIX_PATH}`;
  config.refuse("listen.*.url", [item], `${message}: ${last}`);
}

function readListener(config: CheckedConfig, item: number): ListenAddress | undefined {
  const url = config.get("listen.*.url", item);
  if (url === undefined) {
    if (!config.has("listen.*.url", item)) {
      config.refuseMissing("listen.*", [item], 'a listener must have a "url"');
    }
    return undefined;
  }
  if (url.transport === "unix") {
    return { ...url, mode: config.get("listen.*.mode", item), group: config.get("listen.*.group", item) };
  }
  for (const key of ["listen.*.mode", "listen.*.group"] as const) {
    if (config.has(key, item)) {
      const name = key.slice("listen.*.".length);
      config.refuse(key, [item], `"${name}" is for Unix sockets, and ${formatAddress(url)} is none`, "key");
    }
  }
  return url;
}

function readApps(config: CheckedConfig): Record<string, AppSpec> {
  const names = config.names("apps");
  if (names.length === 0) {
    const example = "apps: { hello: { twig: ./hello.ts } }";
    const message = `there are no apps; write ${example}`;
    config.refuseMissing(config.has("apps") ? "apps" : "", [], message, "key");
  }
  const apps = names.map((name) => [name, readApp(config, name)] as const);
  return Object.fromEntries(apps.filter((app): app is [string, AppSpec] => app[1] !== undefined));
}

function readApp(config: CheckedConfig, name: string): AppSpec | undefined {
  const written = KINDS.filter((kind) => config.has(`apps.*.${kind}`, name));
  const [first, second] = written;
  const rule = "an app must have exactly one of twig, fetch, static and auto";
  if (first === undefined) {
    return void config.refuseMissing("apps.*", [name], `${rule}, and "${name}" has none`, "key");
  }
  if (second !== undefined) {
    config.refuse(`apps.*.${second}`, [name], `${rule}, and "${name}" has ${written.join(" and ")}`, "key");
  }
  const found = readLocation(config, name, first);
  if (found?.kind === "static" && config.has("apps.*.preload", name)) {
    config.refuse(
      "apps.*.preload",
      [name],
      '"preload" is for modules: a folder has nothing to import',
      "key",
    );
  }
  return found && {
    name,
    ...found,
    preload: config.get("apps.*.preload", name),
    bodyBytes: config.get("apps.*.body", name) ?? config.get("limits.body"),
  };
}

function readLocation(
  config: CheckedConfig,
  name: string,
  key: AppKind,
): { kind: AppKind; location: string } | undefined {
  if (key === "auto") return config.get("apps.*.auto", name);
  const location = config.get(`apps.*.${key}`, name);
  return location === undefined ? undefined : { kind: key, location };
}

function readRoutes(config: CheckedConfig, apps: Readonly<Record<string, AppSpec>>): RouteSpec[] {
  const names = config.names("apps");
  if (!config.has("routes")) return routesOfOneApp(config, names);
  if (config.items("routes").length === 0) {
    config.refuse("routes", [], '"routes" must have at least one route', "key");
  }
  const routes: RouteSpec[] = [];
  for (const item of config.items("routes")) {
    const route = readRoute(config, item, names);
    if (route === undefined) continue;
    const first = routes.find((other) => isSamePlace(other, route));
    if (first === undefined) routes.push(route);
    else {
      const where = route.host === undefined ? "" : ` on ${route.host}`;
      const message = `duplicate route: ${route.path}${where} goes to ${JSON.stringify(first.app)} already`;
      config.refuse("routes.*", [item], message);
    }
  }
  return routes.filter((route) => Object.hasOwn(apps, route.app));
}

/** With a single app there is nothing to choose. */
function routesOfOneApp(config: CheckedConfig, names: readonly string[]): RouteSpec[] {
  const [only, ...others] = names;
  if (others.length > 0) {
    config.refuseMissing("", [], 'there are several apps and no "routes" that say which one is asked');
  }
  return only === undefined || others.length > 0 ? [] : [{ host: undefined, path: "/", app: only }];
}

function readRoute(config: CheckedConfig, item: number, names: readonly string[]): RouteSpec | undefined {
  const app = config.get("routes.*.app", item);
  if (app === undefined) {
    if (!config.has("routes.*.app", item)) {
      config.refuseMissing("routes.*", [item], 'a route must have an "app"');
    }
    return undefined;
  }
  // Without any app, that is the mistake, and not each of the routes.
  if (names.length > 0 && !names.includes(app)) {
    const message = `there is no app ${JSON.stringify(app)}${didYouMean(app, names)}`;
    config.refuse("routes.*.app", [item], message);
  }
  if (config.isRefused("routes.*.host", item) || config.isRefused("routes.*.path", item)) return undefined;
  return { host: config.get("routes.*.host", item), path: config.get("routes.*.path", item), app };
}

/** The router knows which places are the same: `/caf%C3%A9` and `/café` are. */
function isSamePlace(one: RouteSpec, other: RouteSpec): boolean {
  if (one.host !== other.host) return false;
  try {
    new Router([one, other]);
    return false;
  } catch {
    return true;
  }
}
