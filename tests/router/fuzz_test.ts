import { assertEquals } from "@std/assert";
import { type Mount, Router } from "../../router/mod.ts";
import { SlowRouter } from "../support/slow_router.ts";

/** Mulberry32: small, seeded, the same on every machine. */
function randomFrom(seed: number): (below: number) => number {
  return (below) => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Random = ReturnType<typeof randomFrom>;

const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T;

// Few letters, so that prefixes overlap; pieces that only look like separators, escapes or dots.
const SEGMENTS = ["a", "b", "ab", "abc", "a b", "é", "aé", "a.b", "~", "a%62"];
const PIECES = [
  "/",
  "/",
  "/",
  "a",
  "b",
  "c",
  "%61",
  "%62",
  "%2F",
  "%2f",
  "%25",
  "%",
  "%6",
  "..",
  ".",
  "%C3%A9",
  "%20",
];
const PATTERNS = [undefined, undefined, "x.test", "y.x.test", "*.test", "*.x.test", "*.y.x.test", "[::1]"];
const AUTHORITIES = [
  "",
  "x.test",
  "X.Test:80",
  "y.x.test.",
  "z.y.x.test",
  "q.test:",
  "test",
  ".test",
  "[::1]:9",
  "é",
];

function mountsFor(random: Random): Mount<number>[] {
  const places = new Map<string, Mount<number>>();
  for (let app = random(12); app >= 0; app--) {
    const segments = Array.from({ length: random(4) }, () => pick(random, SEGMENTS));
    const mount = { host: pick(random, PATTERNS), path: "/" + segments.join("/"), app };
    places.set(`${mount.host} ${decodeURI(mount.path)}`, mount);
  }
  return [...places.values()];
}

function pathFor(random: Random, mounts: readonly Mount<number>[]): string {
  const tail = Array.from({ length: random(6) }, () => pick(random, PIECES)).join("");
  if (random(3) === 0) return "/" + tail;
  const near = encodeURI(decodeURI(pick(random, mounts).path));
  return escapeSome(random, near) + tail;
}

function escapeSome(random: Random, path: string): string {
  return path.replace(/[a-z]/g, (letter, at: number) => {
    if (path[at - 1] === "%" || path[at - 2] === "%" || random(4) > 0) return letter;
    return "%" + letter.charCodeAt(0).toString(16);
  });
}

for (const seed of [1, 20130401, 0xfeedface]) {
  Deno.test(`Router and its plain twin agree on random mounts and requests (seed ${seed})`, () => {
    const random = randomFrom(seed);
    for (let round = 0; round < 400; round++) {
      const mounts = mountsFor(random);
      const fast = new Router(mounts), slow = new SlowRouter(mounts);
      for (let request = 0; request < 40; request++) {
        const authority = pick(random, AUTHORITIES), path = pathFor(random, mounts);
        const context = JSON.stringify({ seed, round, mounts, authority, path });
        assertEquals(fast.find(authority, path), slow.find(authority, path), context);
        assertEquals(fast.hostKnown(authority), slow.hostKnown(authority), context);
      }
    }
  });
}

Deno.test("Router takes any text for a path and an authority without throwing", () => {
  const random = randomFrom(7);
  const router = new Router(
    ["/", "/a", "/é/b"].map((path) => ({ host: random(2) ? "x.test" : undefined, path, app: 0 })),
  );
  const anything = () =>
    String.fromCharCode(...Array.from({ length: random(30) }, () => random(random(2) ? 128 : 65536)));
  for (let i = 0; i < 5000; i++) {
    router.find(anything(), "/" + anything());
    router.hostKnown("[" + anything());
  }
});
