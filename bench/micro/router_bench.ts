/**
 * Route lookup with 1, 10 and 1000 mounts, as `server/` calls it: fresh strings for every request,
 * for that is how they leave a socket (a string that was looked up before has its hash stored, which
 * would flatter every table). The plain twin and a scan over sorted prefixes are the baselines.
 *
 * @module
 */
import { type Mount, Router } from "../../router/mod.ts";
import { latin1 } from "../../twig/bytes.ts";
import { SlowRouter } from "../../tests/support/slow_router.ts";

const words = ["users", "orders", "static", "blog", "admin", "search", "cart", "docs", "about", "news"];
const path = (i: number) => `/${words[i % 10]}/${words[Math.floor(i / 10) % 10]}${i}`;

function mounts(count: number, hosts: readonly (string | undefined)[] = [undefined]): Mount<number>[] {
  const list: Mount<number>[] = [{ host: undefined, path: "/", app: -1 }];
  for (let i = 1; i < count; i++) list.push({ host: hosts[i % hosts.length], path: path(i), app: i });
  return list;
}

/** The obvious fast way: longest prefix first, `startsWith`, next character. */
function scan(list: Mount<number>[]): (raw: string) => Mount<number> | undefined {
  const sorted = list.toSorted((a, b) => b.path.length - a.path.length);
  return (raw) =>
    sorted.find(({ path }) =>
      path === "/" ||
      raw.startsWith(path) && (raw.length === path.length || raw.charCodeAt(path.length) === 47)
    );
}

const bytes = new Map<string, Uint8Array>();
/** A string that nobody has looked at yet, as decoding a head makes it. */
function fresh(text: string): string {
  let stored = bytes.get(text);
  if (stored === undefined) bytes.set(text, stored = new TextEncoder().encode(text));
  return latin1(stored, 0, stored.length);
}

let sink = 0;

Deno.bench(
  "two fresh strings and nothing else",
  { group: "cost of the bench itself", baseline: true },
  () => {
    sink += fresh("www.example.org:8000").length + fresh("/orders/cart321/items?").length;
  },
);

for (const count of [1, 10, 1000]) {
  const group = `${count} mounts, no hosts`;
  const list = mounts(count);
  const router = new Router(list), slow = new SlowRouter(list), scanned = scan(list);
  const target = count === 1 ? "/orders/cart1/items" : path(count - 3) + "/items/7";
  const escaped = target.replace("a", "%61");
  Deno.bench(`sorted scan (${group})`, { group, baseline: true }, () => {
    sink += scanned(fresh(target))?.app ?? 0;
  });
  Deno.bench(`Router (${group})`, { group }, () => {
    sink += router.find("", fresh(target))?.app ?? 0;
  });
  Deno.bench(`Router, prefix written with an escape (${group})`, { group }, () => {
    sink += router.find("", fresh(escaped))?.app ?? 0;
  });
  if (count > 10) continue;
  Deno.bench(`plain twin (${group})`, { group }, () => {
    sink += slow.find("", fresh(target))?.app ?? 0;
  });
}

const hosts = Array.from(
  { length: 50 },
  (_, i) => i % 5 === 0 ? `*.site${i}.example` : `www.site${i}.example`,
);
const router = new Router(mounts(1000, hosts));
const group = "1000 mounts on 50 hosts";
const alternating = ["www.site7.example:8000", "WWW.site8.example", "a.b.site5.example", "unknown.example"];
let turn = 0;

Deno.bench("the same host again", { group, baseline: true }, () => {
  sink += router.find(fresh("www.site7.example:8000"), fresh(path(7)))?.app ?? 0;
});
Deno.bench("another host at every request", { group }, () => {
  sink += router.find(fresh(alternating[turn++ & 3] as string), fresh(path(7)))?.app ?? 0;
});
