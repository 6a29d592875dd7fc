/** Compares the path functions with those of Node, which is their plain twin. */
import { assertEquals, assertThrows } from "@std/assert";
import { posix, win32 } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { filePath, fileUrl, folderOf, resolvePath } from "../../server/paths.ts";
import { Random } from "../support/random.ts";

const PARTS = [
  "a",
  "b.ts",
  ".",
  "..",
  "",
  "ü ß",
  "100%",
  "x?y#z",
  "...",
  ".hidden",
  "~",
  "a:b",
  "%2e",
  "@x,y+z",
  "new\nline",
];

function paths(separator: string): string[] {
  const random = new Random(7);
  return Array.from({ length: 500 }, () => {
    const parts = Array.from({ length: 1 + random.below(6) }, () => random.pick(PARTS));
    return (random.below(3) === 0 ? separator : "") + parts.join(separator);
  });
}

Deno.test("resolvePath() and folderOf() do as Node does", () => {
  for (const path of paths("/")) {
    for (const folder of ["/", "/srv/site"]) {
      const absolute = posix.resolve(folder, path);
      assertEquals(resolvePath(folder, path), absolute, path);
      assertEquals(folderOf(absolute), posix.dirname(absolute), absolute);
    }
  }
});

Deno.test("resolvePath() and folderOf() do as Node does with Windows paths", () => {
  const relative = [...paths("\\"), ...paths("/")].filter((path) =>
    !/^[\\/]{2}/.test(path) && !path.includes(":")
  );
  const absolute = ["C:\\", "D:\\x\\y", "D:/x/../y", "\\\\server\\share\\x", "\\\\server\\share"];
  for (const path of [...relative, ...absolute]) {
    for (const folder of ["C:\\", "C:\\srv\\site", "\\\\server\\share\\folder"]) {
      const resolved = win32.resolve(folder, path);
      assertEquals(resolvePath(folder, path), resolved, `${folder} ${path}`);
      assertEquals(folderOf(resolved), win32.dirname(resolved), resolved);
    }
  }
});

Deno.test("fileUrl() and filePath() are each other's inverse, and agree with Node", () => {
  for (const path of paths("/").map((path) => resolvePath("/", path))) {
    assertEquals(filePath(fileUrl(path)), path);
    // Node escapes this one character for no reason that a URL has.
    assertEquals(fileUrl(path), pathToFileURL(path).href.replaceAll("%7E", "~"));
    assertEquals(filePath(fileUrl(path)), fileURLToPath(fileUrl(path)));
  }
  for (const path of ["C:\\srv\\a b\\x#%.ts", "/back\\slash", "\\\\server\\share\\x.ts"]) {
    assertEquals(filePath(fileUrl(path)), path);
    assertEquals(fileUrl(path), pathToFileURL(path, { windows: !path.startsWith("/") }).href);
  }
});

Deno.test("filePath() refuses what is no file here", () => {
  for (const url of ["https://example.org/a.ts", "file:///a%2fb"]) {
    assertThrows(() => filePath(url), TypeError);
  }
});
