/**
 * Deno's permissions: which of them a config needs, which are missing, and which to pass on to workers.
 *
 * Deno tells a process whether a permission is granted as a whole, but not the list behind a narrower
 * grant such as `--allow-read=/srv`. So for those, what the config needs is asked for piece by piece,
 * and passed on where granted. Nothing is passed on that is not granted: a worker never gets more
 * than its supervisor has.
 *
 * Apps have needs of their own, which nobody can see from outside. A narrow grant for one is passed on
 * if the setting `permissions` says so.
 *
 * @module
 */
import { filePath, folderOf } from "./paths.ts";
import type { AppSpec, ListenAddress, Settings } from "./settings.ts";
import { WEB_SERVERS_VARIABLE } from "./web_servers.ts";

/** The permissions of Deno. */
export const PERMISSION_NAMES = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;

/** The name of a permission of Deno. */
export type PermissionName = typeof PERMISSION_NAMES[number];

/** A permission of Deno, as a whole or for one thing. */
export interface Grant {
  /** Which permission. */
  readonly name: PermissionName;
  /** For what: a path, a host with or without port, a variable, a program; without it, for everything. */
  readonly value?: string;
}

/** Asks for the state of one permission, as `Deno.permissions.querySync` does. */
export type PermissionQuery = (
  descriptor: Deno.PermissionDescriptor,
) => { readonly state: Deno.PermissionState; readonly partial: boolean };

/** Hosts that Deno imports from without being told. The flag takes their place, so they go with it. */
const TRUSTED: readonly string[] = [
  "deno.land:443",
  "jsr.io:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];

/** What this process may do. */
export const ownPermissions: PermissionQuery = (descriptor) => Deno.permissions.querySync(descriptor);

/**
 * Whether a permission is granted, with nothing denied within it.
 *
 * @param grant The permission.
 * @param query Asks for a permission of this process.
 */
export function isGranted(grant: Grant, query: PermissionQuery): boolean {
  const { state, partial } = query(descriptorOf(grant));
  return state === "granted" && !partial;
}

function descriptorOf({ name, value }: Grant): Deno.PermissionDescriptor {
  if (value === undefined) return { name };
  switch (name) {
    case "read":
    case "write":
    case "ffi":
      return { name, path: value };
    case "net":
    case "import":
      return { name, host: value } as Deno.PermissionDescriptor;
    case "env":
      return { name, variable: value };
    case "run":
      return { name, command: value };
    case "sys":
      return { name, kind: value as Deno.SysPermissionDescriptor["kind"] & string };
  }
}

/**
 * Grants as flags of Deno, one flag a permission.
 *
 * @param grants The permissions.
 * @returns Such as `--allow-net=127.0.0.1:8000` and `--allow-read=/srv/apps,/srv/site`.
 *
 * @example Usage
 * ```ts
 * import { flagsFor } from "./permissions.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grants = [{ name: "read", value: "/a" }, { name: "read", value: "/b" }, { name: "net" }] as const;
 * assertEquals(flagsFor(grants), ["--allow-read=/a,/b", "--allow-net"]);
 * ```
 */
export function flagsFor(grants: readonly Grant[]): string[] {
  return PERMISSION_NAMES.flatMap((name) => {
    const own = grants.filter((grant) => grant.name === name);
    if (own.length === 0) return [];
    const values = own.map(({ value }) => value).filter((value) => value !== undefined);
    if (values.length < own.length) return [`--allow-${name}`];
    // Deno splits lists at commas; a doubled one is a comma.
    return [`--allow-${name}=${[...new Set(values)].map((value) => value.replaceAll(",", ",,")).join(",")}`];
  });
}

/**
 * What whoever starts Archangel has to grant.
 *
 * @param settings What is to be served.
 * @param variables Environment variables that the config names.
 * @returns The permissions, without duplicates.
 */
export function neededGrants(settings: Settings, variables: readonly string[] = []): Grant[] {
  const own: Grant[] = [settings.source, settings.denoConfig]
    .filter((path) => path !== undefined)
    .map((value) => ({ name: "read", value }));
  const env = variables.map((value): Grant => ({ name: "env", value }));
  const run: Grant[] = settings.workers === 0 ? [] : [{ name: "run", value: Deno.execPath() }];
  return withoutCovered([...own, ...workerGrants(settings), ...env, ...run]);
}

/**
 * Refuses to go on without what the setting `permissions` asks for: the apps would fail later, one by one.
 *
 * @param settings What is to be served.
 * @param query Asks for a permission of this process.
 * @throws {Error} If something is not granted; the message has the flags.
 */
export function requireGrants({ permissions }: Settings, query: PermissionQuery = ownPermissions): void {
  const missing = permissions.filter((grant) => !isGranted(grant, query));
  if (missing.length === 0) return;
  throw new Error(`Cannot give workers the permissions of the config: run Deno with ${shellFlags(missing)}`);
}

/**
 * Flags as one writes them in a shell.
 *
 * @param grants The permissions.
 * @returns The flags with a space between each two.
 */
export function shellFlags(grants: readonly Grant[]): string {
  const quoted = (flag: string) =>
    /^[\w@%+=:,./[\]-]+$/.test(flag) ? flag : `'${flag.replaceAll("'", "'\\''")}'`;
  return flagsFor(grants).map(quoted).join(" ");
}

/**
 * The flags for a worker: what this process was granted as a whole, and of narrower grants what the
 * worker needs.
 *
 * @param settings What the worker will serve.
 * @param query Asks for a permission of this process.
 * @returns `-A` alone, or one flag a permission.
 */
export function permissionFlags(settings: Settings, query: PermissionQuery = ownPermissions): string[] {
  const whole = PERMISSION_NAMES.map((name): Grant => ({ name })).filter((grant) => isGranted(grant, query));
  if (whole.length === PERMISSION_NAMES.length) return ["-A"];
  const narrow = [...workerGrants(settings), ...optionalGrants(settings)];
  return flagsFor([...whole, ...narrow.flatMap((grant) => granted(grant, query))]);
}

/** What a worker has no need of, but does not overlook where it is granted. */
function optionalGrants({ listen }: Settings): Grant[] {
  const fcgi = listen.some(({ protocol }) => protocol === "fcgi");
  return fcgi ? [{ name: "env", value: WEB_SERVERS_VARIABLE }] : [];
}

/** The grant itself, or the folder around it that was granted: code there may import from all of it. */
function granted(grant: Grant, query: PermissionQuery): Grant[] {
  const places = grant.name === "read" || grant.name === "write" ? foldersAround(grant) : [grant];
  const found = places.find((place) => isGranted(place, query));
  return found === undefined ? [] : [found];
}

/** A path and every folder around it, the widest first. */
function foldersAround({ name, value }: Grant): Grant[] {
  if (value === undefined) return [{ name }];
  const parts = value.split("/");
  return parts.map((_, at) => ({ name, value: parts.slice(0, at + 1).join("/") || "/" }));
}

/** What one is granted with another need not be granted again. */
function withoutCovered(grants: readonly Grant[]): Grant[] {
  const covers = (one: Grant, other: Grant) => {
    if (one.name !== other.name) return false;
    if (one.value === undefined || one.value === other.value) return true;
    const isPath = one.name === "read" || one.name === "write";
    return isPath && other.value?.startsWith(one.value === "/" ? "/" : `${one.value}/`) === true;
  };
  return grants.filter((grant, at) =>
    !grants.some((other, index) =>
      index !== at && covers(other, grant) && !(covers(grant, other) && index > at)
    )
  );
}

/** What a worker needs. */
function workerGrants(settings: Settings): Grant[] {
  const log: Grant[] = settings.log.access.startsWith("/")
    ? [{ name: "write", value: settings.log.access }]
    : [];
  const grants = [
    ...settings.listen.flatMap(listenGrants),
    ...Object.values(settings.apps).flatMap(appGrants),
    ...log,
    ...settings.permissions,
  ];
  const imports = grants.some(({ name, value }) => name === "import" && value !== undefined);
  return imports ? [...grants, ...TRUSTED.map((value): Grant => ({ name: "import", value }))] : grants;
}

/**
 * A Unix socket is bound under a temporary name, which Deno wants to be granted by its full name; and
 * then chmod and rename put it in its place.
 */
function listenGrants(address: ListenAddress): Grant[] {
  if (address.transport === "tcp") {
    const { hostname, port } = address;
    const host = hostname.includes(":") ? `[${hostname}]` : hostname;
    return [{ name: "net", value: port === 0 ? host : `${host}:${port}` }];
  }
  // Deno asks for no permission to use a socket that is there already.
  if (address.transport === "fd") return [];
  const value = folderOf(address.path);
  const groups: Grant[] = address.group === undefined || /^\d+$/.test(address.group)
    ? []
    : [{ name: "read", value: "/etc/group" }];
  return [{ name: "net" }, { name: "read", value }, { name: "write", value }, ...groups];
}

function appGrants({ kind, location }: AppSpec): Grant[] {
  if (kind === "static") return staticGrants(location);
  const url = new URL(location);
  if (url.protocol === "file:") return [{ name: "read", value: folderOf(filePath(location)) }];
  if (url.protocol !== "https:" && url.protocol !== "http:") return [];
  const value = `${url.hostname}:${url.port || (url.protocol === "https:" ? 443 : 80)}`;
  return TRUSTED.includes(value) ? [] : [{ name: "import", value }];
}

/** Files are opened by their real paths, so that no link leads out of the folder; the folder may be a link itself. */
function staticGrants(folder: string): Grant[] {
  return [folder, realPath(folder)].map((value) => ({ name: "read", value }));
}

/** Where links lead; the path itself if that cannot be seen. */
function realPath(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    return path;
  }
}
