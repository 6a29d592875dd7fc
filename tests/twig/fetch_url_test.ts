import { assertEquals, assertThrows } from "@std/assert";
import { urlOf } from "../../twig/fetch_url.ts";
import { HttpError, type TwigRequest } from "../../twig/mod.ts";
import { Random } from "../support/random.ts";

/** The parts of a request that make its URL. */
function request(host: string, path: string, query: string, secure: boolean): TwigRequest {
  const url = `${secure ? "https" : "http"}://${host || "localhost"}${path}${
    query === "" ? "" : `?${query}`
  }`;
  return { host, scriptName: "", pathInfo: path, query, secure, url } as TwigRequest;
}

/** What `new Request` makes of it; `undefined` if it refuses, or would show another path. */
function slowUrl({ url, pathInfo }: TwigRequest): string | undefined {
  const plain = pathInfo.replaceAll(/%2e/gi, ".").split("/");
  if (pathInfo.includes("\\") || plain.includes(".") || plain.includes("..")) return undefined;
  try {
    return new Request(url).url;
  } catch {
    return undefined;
  }
}

function fastUrl(twig: TwigRequest): string | undefined {
  try {
    return urlOf(twig);
  } catch {
    return undefined;
  }
}

Deno.test("urlOf() writes a URL as new Request does", () => {
  const hosts = [
    "a.example",
    "A.Example:80",
    "a.example:443",
    "127.1",
    "[::1]:8000",
    "[::0:1]",
    "",
    "a@b",
    "a:b@c",
  ];
  const paths = [
    "/",
    "/a/../b",
    "/a/./b",
    "/%2e%2E/b",
    "/a/.b",
    "/a b",
    "/ü",
    "/a\\b",
    "//x",
    "/a'b",
    "/a|b",
    "/{}",
    "/a^",
  ];
  const queries = ["", "a=1&b=%20", "a='b'", "a b", "/../", "?", "ü", '"'];
  for (const host of hosts) {
    for (const path of paths) {
      for (const query of queries) {
        for (const secure of [true, false, true]) {
          const twig = request(host, path, query, secure);
          assertEquals(fastUrl(twig), slowUrl(twig), twig.url);
        }
      }
    }
  }
});

Deno.test("urlOf() agrees with new Request about 20,000 URLs of any characters", () => {
  const random = new Random(11);
  const parts = [
    "/",
    "/",
    ".",
    "..",
    "%2e",
    "%",
    "a",
    "B",
    "~",
    "?",
    "&",
    "'",
    "\\",
    "|",
    "^",
    "[",
    ";",
    "ü",
    "\x7f",
    '"',
    "<",
  ];
  const text = (most: number) =>
    Array.from({ length: random.below(most) }, () => random.pick(parts)).join("");
  for (let i = 0; i < 20_000; i++) {
    const host = random.pick(["a.example", "A.example:8000", "localhost"]);
    const twig = request(
      host,
      "/" + text(8).replaceAll("?", ""),
      random.oneIn(2) ? "" : text(5),
      random.oneIn(2),
    );
    assertEquals(fastUrl(twig), slowUrl(twig), JSON.stringify(twig.url));
  }
});

Deno.test("urlOf() refuses a path of which the URL standard would make another one", () => {
  const rewritten = [
    "/f/../no",
    "/f/%2e%2e/no",
    "/f/%2E./no",
    "/f/.%2e",
    "/f/..",
    "/f/./no",
    "/f/%2e",
    "/..",
    "/f\\..\\no",
    "/f\\no",
    "/f/.\t./no",
    "/f/.\n./no",
    "/f/.\r./no",
    "/f/..?no",
    "/f/..#no",
  ];
  for (const path of rewritten) {
    for (const query of ["", "a=1"]) {
      const error = assertThrows(() => urlOf(request("a", path, query, false)), HttpError, "dot segments");
      assertEquals(error.status, 400);
    }
  }
  for (
    const path of ["/f/...", "/f/.a", "/f/a.", "/f/..a", "/f/%2e%2e%2e", "/f//no", "/f/%2f..%2fno", "/f/%5c"]
  ) {
    assertEquals(urlOf(request("a", path, "b=/../", false)), `http://a${path}?b=/../`);
  }
});

Deno.test("urlOf() writes * as the root, and refuses what is no URL", () => {
  assertEquals(urlOf({ ...request("a", "*", "", false), url: "http://a/" } as TwigRequest), "http://a/");
  assertThrows(() => urlOf(request("a b", "/", "", false)), TypeError);
});
