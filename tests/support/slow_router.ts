/**
 * The plain twin of `router/`: the same rules written for reading, with arrays and copies, and not
 * one line shared with the fast matcher. Tests run both and compare.
 *
 * @module
 */
import type { Match, Mount } from "../../router/mod.ts";

/** Same methods as `Router`, for well-formed mounts. */
export class SlowRouter<T> {
  readonly #mounts: readonly Mount<T>[];

  constructor(mounts: Iterable<Mount<T>>) {
    this.#mounts = [...mounts];
  }

  find(authority: string, path: string): Match<T> | undefined {
    const host = plainHost(authority);
    const patterns = new Set(
      this.#mounts.map((mount) => mount.host).filter((pattern) => covers(pattern, host)),
    );
    for (const pattern of [...patterns].sort((a, b) => specificity(b) - specificity(a))) {
      const match = longest(this.#mounts.filter((mount) => mount.host === pattern), path);
      if (match !== undefined) return match;
    }
    return undefined;
  }

  hostKnown(authority: string): boolean {
    const host = plainHost(authority);
    return this.#mounts.some(({ host: pattern }) => pattern !== undefined && covers(pattern, host));
  }
}

function plainHost(authority: string): string {
  const [, host = ""] = /^(\[[^\]]*\]|[^:]*)/.exec(authority) ?? [];
  const lower = [...host].map((letter) => letter <= "\x7f" ? letter.toLowerCase() : letter).join("");
  const name = lower.replace(/\.$/, "");
  return name.length > 253 ? "" : name;
}

function covers(pattern: string | undefined, host: string): boolean {
  if (pattern === undefined || pattern === host) return true;
  return pattern.startsWith("*.") && host.endsWith(pattern.slice(1)) && host.length >= pattern.length;
}

function specificity(pattern: string | undefined): number {
  if (pattern === undefined) return 0;
  return pattern.startsWith("*.") ? pattern.length : Infinity;
}

function longest<T>(mounts: readonly Mount<T>[], path: string): Match<T> | undefined {
  const matches = mounts.map((mount) => matchOne(mount, path)).filter((match) => match !== undefined);
  return matches.sort((a, b) => b.prefixLength - a.prefixLength)[0];
}

function matchOne<T>(mount: Mount<T>, path: string): Match<T> | undefined {
  const found = (prefixLength: number) => ({ app: mount.app, mount, prefixLength });
  if (mount.path === "/") return path === "*" || path === "" || path.startsWith("/") ? found(0) : undefined;
  const wanted = mount.path.split("/");
  const given = path.split("/").slice(0, wanted.length);
  const same = wanted.length === given.length &&
    wanted.every((segment, i) => bytes(segment).join() === bytes(given[i] as string).join());
  return same ? found(given.join("/").length) : undefined;
}

/** A segment's bytes, well-formed escapes decoded. A byte below is what one is; "%" keeps a stray one apart. */
function bytes(segment: string): (number | string)[] {
  const parts = segment.match(/%[0-9a-fA-F]{2}|[^]/gu) ?? [];
  return parts.flatMap((part): (number | string)[] => {
    if (part.length === 3 && part.startsWith("%")) return [Number.parseInt(part.slice(1), 16)];
    return part === "%" ? ["%"] : [...new TextEncoder().encode(part)];
  });
}
