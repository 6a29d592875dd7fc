import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { hostOf, type Match, type Mount, Router } from "../../router/mod.ts";
import { SlowRouter } from "../support/slow_router.ts";
import { KNOWN_CASES, KNOWN_MOUNTS, ROUTE_CASES } from "./cases.ts";

/** `host/path` or `/path`; the word itself is the app. */
function mountOf(word: string): Mount<string> {
  const slash = word.indexOf("/");
  return { host: slash === 0 ? undefined : word.slice(0, slash), path: word.slice(slash), app: word };
}

function cut(match: Match<string> | undefined, path: string) {
  return match && [match.app, path.slice(0, match.prefixLength), path.slice(match.prefixLength)];
}

const ROUTERS = { "Router": Router, "its plain twin": SlowRouter };

for (const [title, Matcher] of Object.entries(ROUTERS)) {
  Deno.test(`${title} takes every request of the case file as expected`, async (t) => {
    for (const { name, mounts, authority = "", path, expected } of ROUTE_CASES) {
      await t.step(name, () => {
        for (const order of [mounts, mounts.toReversed()]) {
          const match = new Matcher(order.map(mountOf)).find(authority, path);
          assertEquals(cut(match, path), expected && [...expected]);
        }
      });
    }
  });

  Deno.test(`${title} knows the hosts that a mount names`, () => {
    const router = new Matcher(KNOWN_MOUNTS.map(mountOf));
    for (const [authority, known] of KNOWN_CASES) assertEquals(router.hostKnown(authority), known, authority);
  });
}

Deno.test("Router hands back the mount that it was given", () => {
  const mount = { host: "Example.ORG.", path: "/%61", app: () => "Hello" };
  const match = new Router([mount]).find("example.org", "/a/b");
  assertStrictEquals(match?.mount, mount);
  assertStrictEquals(match?.app, mount.app);
});

Deno.test("Router answers equal plain paths with one shared, frozen match", () => {
  const router = new Router([mountOf("/"), mountOf("/api")]);
  const match = router.find("", "/api/1");
  assertStrictEquals(match, router.find("", "/api/2"));
  assert(Object.isFrozen(match));
});

Deno.test("Router does not take one authority's host for the next one's", () => {
  const router = new Router(["a.example/", "b.example/", "/"].map(mountOf));
  const order = ["a.example", "b.example", "a.example", "", "b.example", "c.example", "a.example:1"];
  assertEquals(order.map((host) => router.find(host, "/")?.app), [
    "a.example/",
    "b.example/",
    "a.example/",
    "/",
    "b.example/",
    "/",
    "a.example/",
  ]);
});

Deno.test("Router refuses two mounts at the same place", () => {
  const same = [["/a", "/a"], ["/", "/"], ["/caf%C3%A9", "/café"], ["a.example/x", "A.example./%78"]];
  for (const words of same) {
    assertThrows(() => new Router(words.map(mountOf)), TypeError, "is the same place");
  }
  new Router(["/a", "/A", "a.example/a", "*.a.example/a"].map(mountOf));
});

Deno.test("Router refuses paths that could match no request", () => {
  const paths: [string, string][] = [
    ["", "must begin with a slash"],
    ["api", "must begin with a slash"],
    ["/api/", "must not end with a slash"],
    ["//", "empty segment"],
    ["/api//", "empty segment"],
    ["//api", "empty segment"],
    ["/a//b", "empty segment"],
    ["/a/../b", "dot segment"],
    ["/%2e%2e", "dot segment"],
    ["/a/./b", "dot segment"],
    ["/a?b", "no query"],
    ["/a#b", "no query and no fragment"],
    ["/a%2Fb", "escaped slash"],
    ["/100%25", "percent sign"],
    ["/a%00", "NUL"],
    ["/100%", "malformed percent-escape"],
    ["/%zz", "malformed percent-escape"],
  ];
  for (const [path, reason] of paths) {
    assertThrows(() => new Router([{ host: undefined, path, app: 1 }]), TypeError, reason, path);
  }
});

Deno.test("Router refuses host patterns that could match no request", () => {
  const hosts: [string, string][] = [
    ["", "must be a name"],
    ["*", "leave the host out"],
    ["example.org:80", "no port"],
    ["::1", "brackets"],
    ["a.*.example", "must be a name"],
    ["*example.org", "must be a name"],
    ["*.*.example", "must be a name"],
    ["a..b", "must be a name"],
    ["http://a", "must be a name"],
    ["a b", "must be a name"],
    ["bücher.example", '"xn--bcher-kva.example"'],
    ["*.bücher.example", '"*.xn--bcher-kva.example"'],
    ["a.".repeat(130) + "b", "at most 253"],
  ];
  for (const [host, reason] of hosts) {
    assertThrows(() => new Router([{ host, path: "/", app: 1 }]), TypeError, reason, host);
  }
});

Deno.test("Router takes a host of thousands of labels for an unknown one", () => {
  const router = new Router(["*.example.org/", "/"].map(mountOf));
  const authority = "a.".repeat(4000) + "example.org";
  assertEquals(router.find(authority, "/")?.app, "/");
  assertEquals(router.hostKnown(authority), false);
});

Deno.test("Router takes names as long as names can be, and none that are longer", () => {
  const longest = "a".repeat(249) + ".org";
  const router = new Router([{ host: longest, path: "/", app: 1 }]);
  for (
    const authority of [longest, longest.toUpperCase(), `${longest}.`, `${longest}:8000`, `${longest}.:8000`]
  ) {
    assertEquals([hostOf(authority), router.hostKnown(authority)], [longest, true]);
  }
  for (const authority of [`a${longest}`, `a${longest}.`, `a${longest}:80`]) {
    assertEquals(hostOf(authority), "");
  }
  assertThrows(() => new Router([{ host: `a${longest}`, path: "/", app: 1 }]), TypeError, "at most 253");
});
