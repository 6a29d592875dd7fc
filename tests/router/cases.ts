/**
 * Route cases, run against the router and against its plain twin. A mount is written as one word,
 * `host/path` or `/path`; the word is also the app, so a case can name the one it expects.
 *
 * @module
 */

/** One request and what has to take it. */
export interface RouteCase {
  readonly name: string;
  readonly mounts: readonly string[];
  readonly authority?: string;
  readonly path: string;
  /** The mount's word, and where the raw path is cut; `undefined`: nothing takes it. */
  readonly expected: readonly [mount: string, scriptName: string, pathInfo: string] | undefined;
}

const site = ["/", "/api", "/api/v1", "/static"];
const hosts = [
  "/",
  "/shared",
  "www.example.org/",
  "www.example.org/docs",
  "api.example.org/v1",
  "*.example.org/wild",
  "*.a.example.org/deep",
  "[::1]/",
];

/** Longer than a name in DNS can be. */
const overlong = `${"a.".repeat(130)}example.org`;

export const ROUTE_CASES: readonly RouteCase[] = [
  // Prefixes and segment boundaries.
  { name: "/ takes what nothing else takes", mounts: site, path: "/x", expected: ["/", "", "/x"] },
  { name: "/ takes /", mounts: site, path: "/", expected: ["/", "", "/"] },
  { name: "a prefix takes itself", mounts: site, path: "/api", expected: ["/api", "/api", ""] },
  { name: "a prefix takes its folder", mounts: site, path: "/api/", expected: ["/api", "/api", "/"] },
  {
    name: "a prefix takes what is below",
    mounts: site,
    path: "/api/users",
    expected: ["/api", "/api", "/users"],
  },
  {
    name: "the longest prefix wins",
    mounts: site,
    path: "/api/v1/x",
    expected: ["/api/v1", "/api/v1", "/x"],
  },
  { name: "a prefix ends at a segment", mounts: site, path: "/apix", expected: ["/", "", "/apix"] },
  {
    name: "a longer prefix ends at a segment",
    mounts: site,
    path: "/api/v12",
    expected: ["/api", "/api", "/v12"],
  },
  { name: "half a prefix is none", mounts: site, path: "/ap", expected: ["/", "", "/ap"] },
  { name: "paths are case-sensitive", mounts: site, path: "/API", expected: ["/", "", "/API"] },
  { name: "no mount, no match", mounts: ["/api"], path: "/x", expected: undefined },
  { name: "no mounts at all", mounts: [], path: "/", expected: undefined },
  { name: "without / the root is not taken", mounts: ["/api"], path: "/", expected: undefined },
  {
    name: "siblings that share letters",
    mounts: ["/abc", "/abd", "/ab"],
    path: "/abd/x",
    expected: ["/abd", "/abd", "/x"],
  },
  {
    name: "a prefix of siblings",
    mounts: ["/abc", "/abd", "/ab"],
    path: "/ab/abc",
    expected: ["/ab", "/ab", "/abc"],
  },
  { name: "between siblings", mounts: ["/abc", "/abd"], path: "/ab", expected: undefined },
  {
    name: "a deeper dead end falls back",
    mounts: ["/a", "/a/b/c"],
    path: "/a/b/d",
    expected: ["/a", "/a", "/b/d"],
  },
  {
    name: "a segment may hold a colon",
    mounts: ["/", "/a:b"],
    path: "/a:b/c",
    expected: ["/a:b", "/a:b", "/c"],
  },

  // Paths that are not the tidy kind.
  { name: "* belongs to /", mounts: site, path: "*", expected: ["/", "", "*"] },
  { name: "* without /", mounts: ["/api"], path: "*", expected: undefined },
  { name: "a doubled slash is kept", mounts: site, path: "//api", expected: ["/", "", "//api"] },
  { name: "a doubled slash inside", mounts: site, path: "/api//v1", expected: ["/api", "/api", "//v1"] },
  {
    name: "dot segments stay where they are",
    mounts: ["/", "/static", "/admin"],
    path: "/static/../admin",
    expected: ["/static", "/static", "/../admin"],
  },
  {
    name: "escaped dot segments too",
    mounts: ["/", "/static", "/admin"],
    path: "/static/%2e%2E/admin",
    expected: ["/static", "/static", "/%2e%2E/admin"],
  },
  {
    name: "a leading dot segment",
    mounts: ["/", "/admin"],
    path: "/./admin",
    expected: ["/", "", "/./admin"],
  },
  {
    name: "a leading double dot",
    mounts: ["/", "/admin"],
    path: "/../admin",
    expected: ["/", "", "/../admin"],
  },
  {
    name: "a parameter is part of its segment",
    mounts: site,
    path: "/api;v=1",
    expected: ["/", "", "/api;v=1"],
  },
  { name: "a backslash is no slash", mounts: site, path: "/api\\v1", expected: ["/", "", "/api\\v1"] },
  { name: "not a path", mounts: site, path: "api", expected: undefined },

  // Percent-escapes (RFC 3986 section 6.2.2).
  {
    name: "an escaped letter is the letter",
    mounts: site,
    path: "/%61pi/x",
    expected: ["/api", "/%61pi", "/x"],
  },
  { name: "all letters escaped", mounts: site, path: "/%61%70%69", expected: ["/api", "/%61%70%69", ""] },
  {
    name: "escapes in two segments",
    mounts: site,
    path: "/ap%69/%76%31/x",
    expected: ["/api/v1", "/ap%69/%76%31", "/x"],
  },
  {
    name: "an escape behind the prefix is left alone",
    mounts: site,
    path: "/api/%61",
    expected: ["/api", "/api", "/%61"],
  },
  {
    name: "an escaped slash separates nothing",
    mounts: site,
    path: "/api%2Fv1",
    expected: ["/", "", "/api%2Fv1"],
  },
  { name: "nor in lower case", mounts: site, path: "/api%2fv1", expected: ["/", "", "/api%2fv1"] },
  { name: "nor at the start", mounts: site, path: "%2Fapi", expected: undefined },
  { name: "escapes are decoded once", mounts: site, path: "/%2561pi", expected: ["/", "", "/%2561pi"] },
  { name: "a malformed escape is text", mounts: site, path: "/%6", expected: ["/", "", "/%6"] },
  { name: "a malformed escape after a prefix", mounts: site, path: "/api%", expected: ["/", "", "/api%"] },
  { name: "hex digits only", mounts: ["/", "/ap"], path: "/a%6g", expected: ["/", "", "/a%6g"] },
  { name: "an escape that goes on too long", mounts: site, path: "/ap%69x", expected: ["/", "", "/ap%69x"] },
  {
    name: "a mount beyond ASCII",
    mounts: ["/", "/café"],
    path: "/caf%C3%A9/x",
    expected: ["/café", "/caf%C3%A9", "/x"],
  },
  {
    name: "in lower-case hex",
    mounts: ["/", "/café"],
    path: "/caf%c3%a9",
    expected: ["/café", "/caf%c3%a9", ""],
  },
  {
    name: "a mount written with escapes",
    mounts: ["/", "/a%20b"],
    path: "/a%20b/c",
    expected: ["/a%20b", "/a%20b", "/c"],
  },
  {
    name: "a mount written with needless escapes",
    mounts: ["/", "/%61pi"],
    path: "/api",
    expected: ["/%61pi", "/api", ""],
  },
  {
    name: "half a character is none",
    mounts: ["/", "/café"],
    path: "/caf%C3",
    expected: ["/", "", "/caf%C3"],
  },
  { name: "an escaped @ is an @", mounts: ["/", "/@me"], path: "/%40me", expected: ["/@me", "/%40me", ""] },

  // Hosts.
  {
    name: "an exact host wins",
    mounts: hosts,
    authority: "www.example.org",
    path: "/docs/a",
    expected: ["www.example.org/docs", "/docs", "/a"],
  },
  {
    name: "its / hides what all hosts share",
    mounts: hosts,
    authority: "www.example.org",
    path: "/shared",
    expected: ["www.example.org/", "", "/shared"],
  },
  {
    name: "a host without / falls back",
    mounts: hosts,
    authority: "api.example.org",
    path: "/shared/x",
    expected: ["/shared", "/shared", "/x"],
  },
  {
    name: "an exact host falls back to a wildcard",
    mounts: hosts,
    authority: "api.example.org",
    path: "/wild",
    expected: ["*.example.org/wild", "/wild", ""],
  },
  {
    name: "a wildcard takes one label",
    mounts: hosts,
    authority: "x.example.org",
    path: "/wild",
    expected: ["*.example.org/wild", "/wild", ""],
  },
  {
    name: "a wildcard takes two labels",
    mounts: hosts,
    authority: "x.y.example.org",
    path: "/wild",
    expected: ["*.example.org/wild", "/wild", ""],
  },
  {
    name: "the longest wildcard wins",
    mounts: hosts,
    authority: "x.a.example.org",
    path: "/deep",
    expected: ["*.a.example.org/deep", "/deep", ""],
  },
  {
    name: "and falls back to the shorter one",
    mounts: hosts,
    authority: "x.a.example.org",
    path: "/wild",
    expected: ["*.example.org/wild", "/wild", ""],
  },
  {
    name: "a wildcard does not take its own name",
    mounts: hosts,
    authority: "example.org",
    path: "/wild",
    expected: ["/", "", "/wild"],
  },
  {
    name: "nor a name that merely ends alike",
    mounts: hosts,
    authority: "badexample.org",
    path: "/wild",
    expected: ["/", "", "/wild"],
  },
  {
    name: "nor an empty label",
    mounts: hosts,
    authority: ".example.org",
    path: "/wild",
    expected: ["/", "", "/wild"],
  },
  {
    name: "hosts ignore case",
    mounts: hosts,
    authority: "WWW.Example.ORG",
    path: "/docs",
    expected: ["www.example.org/docs", "/docs", ""],
  },
  {
    name: "the port plays no part",
    mounts: hosts,
    authority: "www.example.org:8443",
    path: "/docs",
    expected: ["www.example.org/docs", "/docs", ""],
  },
  {
    name: "nor an empty port",
    mounts: hosts,
    authority: "www.example.org:",
    path: "/docs",
    expected: ["www.example.org/docs", "/docs", ""],
  },
  {
    name: "nor a trailing dot",
    mounts: hosts,
    authority: "www.example.org.:80",
    path: "/docs",
    expected: ["www.example.org/docs", "/docs", ""],
  },
  {
    name: "two trailing dots are another name",
    mounts: hosts,
    authority: "www.example.org..",
    path: "/docs",
    expected: ["/", "", "/docs"],
  },
  {
    name: "an unknown host gets what all share",
    mounts: hosts,
    authority: "other.test",
    path: "/docs",
    expected: ["/", "", "/docs"],
  },
  { name: "no host gets what all share", mounts: hosts, path: "/docs", expected: ["/", "", "/docs"] },
  { name: "an IPv6 address", mounts: hosts, authority: "[::1]", path: "/x", expected: ["[::1]/", "", "/x"] },
  {
    name: "an IPv6 address with a port",
    mounts: hosts,
    authority: "[::1]:8000",
    path: "/x",
    expected: ["[::1]/", "", "/x"],
  },
  {
    name: "another IPv6 address",
    mounts: hosts,
    authority: "[::2]:8000",
    path: "/x",
    expected: ["/", "", "/x"],
  },
  {
    name: "hex in an IPv6 address ignores case",
    mounts: ["[fe80::a]/"],
    authority: "[FE80::A]:1",
    path: "/",
    expected: ["[fe80::a]/", "", "/"],
  },
  {
    name: "the Kelvin sign is no k",
    mounts: ["k.example/"],
    authority: "\u212a.example",
    path: "/",
    expected: undefined,
  },
  {
    name: "only named hosts, another one asks",
    mounts: ["a.example/"],
    authority: "b.example",
    path: "/",
    expected: undefined,
  },
  {
    name: "* is routed by host too",
    mounts: hosts,
    authority: "www.example.org",
    path: "*",
    expected: ["www.example.org/", "", "*"],
  },
  {
    name: "names of the language are names",
    mounts: ["/", "/__proto__"],
    authority: "constructor",
    path: "/__proto__/x",
    expected: ["/__proto__", "/__proto__", "/x"],
  },
];

/** Hosts that `hostKnown()` has to tell apart, with the mounts of `KNOWN_MOUNTS`. */
export const KNOWN_MOUNTS: readonly string[] = hosts;

/** Authority, and whether a mount names it. */
export const KNOWN_CASES: readonly (readonly [authority: string, known: boolean])[] = [
  ["www.example.org", true],
  ["WWW.EXAMPLE.ORG.:1", true],
  ["api.example.org", true],
  ["anything.example.org", true],
  ["example.org", false],
  ["other.test", false],
  ["", false],
  ["[::1]:8000", true],
  ["[::2]:8000", false],
  [overlong, false],
];
