import { closeSync, openSync } from "node:fs";
import { assertEquals } from "@std/assert";
import type { AppSpec, Settings } from "../../server/settings.ts";
import { WatchedFiles } from "../../server/watched_files.ts";
import { Folder } from "../support/folder.ts";
import { settingsFor } from "../support/settings.ts";

/** Settings whose apps are at these places: a slash at the end means a folder of static files. */
function settingsWith(places: string[], changes: Partial<Settings> = {}): Settings {
  const apps = places.map((place, at): [string, AppSpec] => {
    const isStatic = place.endsWith("/");
    const location = isStatic ? place.slice(0, -1) : place.startsWith("/") ? `file://${place}` : place;
    return [`app${at}`, {
      name: `app${at}`,
      kind: isStatic ? "static" : "auto",
      location,
      preload: false,
      bodyBytes: 1,
    }];
  });
  return settingsFor({ apps: Object.fromEntries(apps), source: "/none/site/archangel.yaml", ...changes });
}

function foldersOf(places: string[], changes: Partial<Settings> = {}): string[] {
  const { folders } = new WatchedFiles(settingsWith(places, changes));
  return folders.map(({ path, recursive }) => recursive ? `${path}/**` : path);
}

Deno.test("WatchedFiles.folders are those of modules, with all below, and that of the config alone", () => {
  const places = ["/none/a/one.ts", "/none/a/two.ts", "/none/b/three.ts", "/none/public/", "npm:hono"];
  assertEquals(foldersOf(places), ["/none/a/**", "/none/b/**", "/none/site"]);
  assertEquals(foldersOf(["/none/a/one.ts"], { source: undefined }), ["/none/a/**"]);
  assertEquals(foldersOf(["/none/public/"], { source: undefined }), []);
});

Deno.test("WatchedFiles.folders names no folder below another", () => {
  assertEquals(foldersOf(["/none/a/b/one.ts", "/none/a/two.ts", "/none/ab/three.ts"]), [
    "/none/a/**",
    "/none/ab/**",
    "/none/site",
  ]);
  assertEquals(foldersOf(["/none/site/apps/one.ts", "/none/site/main.ts"]), ["/none/site/**"]);
});

Deno.test("WatchedFiles.folders never takes a whole disk", () => {
  assertEquals(foldersOf(["/app.ts", "/none/a/one.ts"]), ["/", "/none/a/**", "/none/site"]);
  assertEquals(foldersOf(["file:///C:/app.ts"], { source: undefined }), ["C:\\"]);
});

Deno.test("WatchedFiles.has() takes the config and what lies beside modules or below", () => {
  const files = new WatchedFiles(settingsWith(["/none/a/one.ts", "file:///C:/apps/two.ts"]));
  const taken = ["/none/site/archangel.yaml", "/none/a", "/none/a/one.ts", "/none/a/lib/page.html"];
  const left = ["/none/site/notes.txt", "/none/ab/one.ts", "/none/one.ts", "C:\\appsy\\two.ts"];
  assertEquals([...taken, "C:\\apps\\lib\\x.ts"].filter((path) => !files.has(path)), []);
  assertEquals(left.filter((path) => files.has(path)), []);
});

Deno.test("WatchedFiles.has() takes what is beside a module in the root of a disk", () => {
  const files = new WatchedFiles(settingsWith(["/app.ts"]));
  assertEquals(["/app.ts", "/lib.ts"].filter((path) => !files.has(path)), []);
});

Deno.test("WatchedFiles.has() leaves out packages, hidden files, locks and backups", () => {
  const files = new WatchedFiles(settingsWith(["/none/.home/a/one.ts"]));
  const names = ["node_modules/x/y.js", ".git/index", "lib/.one.ts.swp", "deno.lock", "one.ts~", "x~/y.ts"];
  assertEquals(names.filter((name) => files.has(`/none/.home/a/${name}`)), []);
  assertEquals(files.has("/none/.home/a/node_modules.ts"), true);
});

Deno.test("WatchedFiles.has() leaves out the access log, or each request would be a reload", () => {
  const log = { access: "/none/a/access.log", format: "auto" } as const;
  const files = new WatchedFiles(settingsWith(["/none/a/one.ts"], { log }));
  assertEquals(files.has("/none/a/access.log"), false);
  assertEquals(files.has("/none/a/access.log.ts"), true);
});

Deno.test("WatchedFiles.has() leaves out what this process writes to, by whatever name and after a rename", () => {
  using folder = new Folder({ "one.ts": "", "two.ts": "", "out.log": "" });
  const path = Deno.realPathSync(folder.path);
  const descriptor = openSync(`${path}/out.log`, "a");
  try {
    const files = new WatchedFiles(settingsWith([`${path}/one.ts`]), [descriptor]);
    Deno.linkSync(`${path}/out.log`, `${path}/link.log`);
    Deno.renameSync(`${path}/out.log`, `${path}/old.log`);
    folder.write("out.log", "another file by that name");
    const names = ["old.log", "link.log", "out.log", "one.ts", "two.ts", "removed.ts"];
    assertEquals(names.filter((name) => files.has(`${path}/${name}`)), names.slice(2));
  } finally {
    closeSync(descriptor);
  }
  // Not even the numbers of a file can be had of it any more.
  const files = new WatchedFiles(settingsWith([`${path}/one.ts`]), [descriptor]);
  assertEquals(files.has(`${path}/one.ts`), true);
});

Deno.test("WatchedFiles.has() leaves out static files; the innermost folder counts", () => {
  const files = new WatchedFiles(
    settingsWith(["/none/a/one.ts", "/none/a/public/", "/none/a/public/api/x.ts"]),
  );
  assertEquals(files.has("/none/a/public/page.html"), false);
  assertEquals(files.has("/none/a/public/api/lib/y.ts"), true);
  const same = new WatchedFiles(settingsWith(["/none/a/one.ts", "/none/a/"]));
  assertEquals(same.has("/none/a/one.ts"), true);
});

Deno.test("WatchedFiles follows symbolic links of folders", () => {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "archangel_" }));
  try {
    Deno.mkdirSync(`${folder}/releases`);
    Deno.symlinkSync(`${folder}/releases`, `${folder}/current`);
    const source = `${folder}/current/archangel.yaml`;
    const files = new WatchedFiles(settingsWith([`${folder}/current/one.ts`], { source }));
    assertEquals(files.folders, [{ path: `${folder}/releases`, recursive: true }]);
    assertEquals(files.has(`${folder}/releases/archangel.yaml`), true);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
