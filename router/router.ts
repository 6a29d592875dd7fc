/**
 * Which app a request is for: first the host, then the longest path prefix.
 *
 * The most specific host decides: an exact name, else the wildcard with the longest suffix, else the
 * mounts without a host. If none of the host's mounts takes the path, the next less specific host is
 * asked, for a mount without a host serves every host. So on `api.example.org` a mount of that host
 * at `/` takes everything, and one at `/v1` leaves `/static` to the mount that all hosts share.
 *
 * The file owns this order. Reading a host is in `host.ts`, walking a path in `tree.ts`. It knows
 * neither what is mounted nor which status an unmatched request gets.
 *
 * @module
 */
import { hostOf } from "./host.ts";
import { type CheckedMount, checkMount, type Match, type Mount } from "./mount.ts";
import { PathTree } from "./tree.ts";

/** The mounts of one host pattern, and who is asked after them. */
interface HostTable<T> {
  readonly tree: PathTree<T>;
  fallback: HostTable<T> | undefined;
}

/**
 * Finds the mount of a request. Built once at start; looking up allocates nothing, unless a path
 * writes its prefix with percent-escapes.
 *
 * @typeParam T What is mounted: an app, or whatever the caller wants to get back.
 *
 * @example Usage
 * ```ts
 * import { Router } from "@archangel/archangel/router";
 * import { assertEquals } from "@std/assert";
 *
 * const router = new Router([
 *   { host: "api.example.org", path: "/v1", app: "api" },
 *   { host: undefined, path: "/static", app: "files" },
 *   { host: undefined, path: "/", app: "site" },
 * ]);
 *
 * assertEquals(router.find("API.example.org:8000", "/v1/users")?.app, "api");
 * assertEquals(router.find("api.example.org", "/static/a.css")?.app, "files");
 * assertEquals(router.find("example.org", "/statics")?.app, "site");
 * assertEquals(router.find("example.org", "/static/a.css")?.prefixLength, "/static".length);
 * ```
 */
export class Router<T> {
  readonly #everyHost: HostTable<T> = { tree: new PathTree(), fallback: undefined };
  readonly #exact = new Map<string, HostTable<T>>();
  /** By suffix with its dot: `.example.org`. */
  readonly #wildcard = new Map<string, HostTable<T>>();
  readonly #hasHosts: boolean;
  /** One authority makes up most of a worker's traffic, and often all of a connection's. */
  #lastAuthority = "";
  #lastTable: HostTable<T> = this.#everyHost;

  /**
   * Checks the mounts and builds the tables.
   *
   * @param mounts The mounts; their order means nothing.
   * @throws {TypeError} If a mount's host or path is malformed, or two mounts are the same place.
   */
  constructor(mounts: Iterable<Mount<T>>) {
    for (const mount of mounts) this.#add(checkMount(mount));
    for (const [host, table] of this.#exact) table.fallback = this.#wildcardFor(host);
    for (const [suffix, table] of this.#wildcard) table.fallback = this.#wildcardFor(suffix.slice(1));
    this.#hasHosts = this.#exact.size + this.#wildcard.size > 0;
  }

  #add(checked: CheckedMount<T>): void {
    const taken = this.#tableOf(checked.host).tree.add(checked);
    if (taken === undefined) return;
    const where = checked.host ?? "every host";
    throw new TypeError(
      `Cannot mount at ${JSON.stringify(checked.mount.path)} on ${where}: ${
        JSON.stringify(taken.path)
      } is the same place and taken`,
    );
  }

  #tableOf(pattern: string | undefined): HostTable<T> {
    if (pattern === undefined) return this.#everyHost;
    const wildcard = pattern.startsWith("*.");
    const tables = wildcard ? this.#wildcard : this.#exact;
    const key = wildcard ? pattern.slice(1) : pattern;
    let table = tables.get(key);
    if (table === undefined) tables.set(key, table = { tree: new PathTree(), fallback: this.#everyHost });
    return table;
  }

  /**
   * Finds the mount of a request: most specific host first, then longest path prefix on a segment
   * boundary. The path is compared as sent, except that a percent-escape equals the character it
   * stands for; `%2F` equals nothing. Dot segments and doubled slashes are not resolved:
   * `/static/../admin` is a path below `/static`.
   *
   * @param authority `host[:port]` as sent; empty if there is none.
   * @param path The path as sent, still percent-encoded; `*` (of `OPTIONS *`) is taken by `/` only.
   * @returns The match, or `undefined` if no mount takes the request.
   */
  find(authority: string, path: string): Match<T> | undefined {
    let table: HostTable<T> | undefined = this.#hasHosts ? this.#tableFor(authority) : this.#everyHost;
    do {
      const match = table.tree.find(path);
      if (match !== undefined) return match;
      table = table.fallback;
    } while (table !== undefined);
    return undefined;
  }

  /**
   * Whether a mount names this host, exactly or by a wildcard. Mounts for every host do not count: a
   * server that answers 421 to foreign hosts (RFC 9110 §15.5.20) asks this.
   *
   * @param authority `host[:port]` as sent; empty if there is none.
   * @returns Whether it is named.
   */
  hostKnown(authority: string): boolean {
    return this.#hasHosts && this.#tableFor(authority) !== this.#everyHost;
  }

  #tableFor(authority: string): HostTable<T> {
    if (authority === this.#lastAuthority) return this.#lastTable;
    const host = hostOf(authority);
    const table = this.#exact.get(host) ?? this.#wildcardFor(host);
    this.#lastAuthority = authority;
    this.#lastTable = table;
    return table;
  }

  /** The longest wildcard above `host`. A wildcard stands for one label or more, never for none. */
  #wildcardFor(host: string): HostTable<T> {
    if (this.#wildcard.size === 0) return this.#everyHost;
    for (let dot = host.indexOf(".", 1); dot > 0; dot = host.indexOf(".", dot + 1)) {
      const table = this.#wildcard.get(host.slice(dot));
      if (table !== undefined) return table;
    }
    return this.#everyHost;
  }
}
