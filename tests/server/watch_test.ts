import { assertEquals, assertStringIncludes } from "@std/assert";
import { fileUrl } from "../../server/paths.ts";
import type { Settings } from "../../server/settings.ts";
import { QUIET_TIME, Watch } from "../../server/watch.ts";
import { delay } from "../support/delay.ts";
import { Folder } from "../support/folder.ts";
import { waitUntil } from "../support/processes.ts";
import { settingsFor } from "../support/settings.ts";

/** Real events need a moment to arrive; nothing is said of how long at most. */
const LONG_ENOUGH = QUIET_TIME + 400;

/** A site whose changes are noted. */
class WatchedSite implements Disposable {
  readonly folder = new Folder({
    "archangel.yaml": "",
    "apps/one.ts": "1",
    "apps/node_modules/x/y.js": "1",
    "apps/public/page.html": "1",
    "other/two.ts": "1",
  });
  /** Changed files, from the folder of the site. */
  readonly changed: string[] = [];
  readonly said: string[] = [];
  readonly watch: Watch = new Watch({
    changed: (file) => void this.changed.push(file.slice(Deno.realPathSync(this.folder.path).length + 1)),
    say: (text) => void this.said.push(text),
  });

  constructor() {
    this.follow("apps");
  }

  /** Watches for an app in a folder of the site. */
  follow(app: string, changes: Partial<Settings> = {}): void {
    const { path } = this.folder;
    const common = { preload: false, bodyBytes: 1 };
    const apps: Settings["apps"] = {
      app: { name: "app", kind: "twig", location: fileUrl(`${path}/${app}/one.ts`), ...common },
      site: { name: "site", kind: "static", location: `${path}/apps/public`, ...common },
    };
    this.watch.follow(settingsFor({ apps, source: `${path}/archangel.yaml`, development: true, ...changes }));
  }

  /** Waits for so many changes, and then whether there are more. */
  async hears(...files: string[]): Promise<void> {
    await waitUntil(() => this.changed.length >= files.length, `${files}, heard ${this.changed}`);
    await delay(LONG_ENOUGH);
    assertEquals(this.changed.splice(0), files);
  }

  [Symbol.dispose](): void {
    this.watch.close();
    this.folder[Symbol.dispose]();
  }
}

Deno.test("Watch tells once of many changes at a time, by the first of them", async () => {
  using site = new WatchedSite();
  for (let times = 0; times < 20; times++) site.folder.write("apps/one.ts", String(times));
  site.folder.write("apps/lib.ts", "new");
  site.folder.write("archangel.yaml", "new");
  await site.hears("apps/one.ts");
  site.folder.write("apps/lib.ts", "again");
  await site.hears("apps/lib.ts");
});

Deno.test("Watch waits for quiet", async () => {
  using site = new WatchedSite();
  // A pause that is too long on a busy machine makes two changes of one: so much is allowed, but not ten.
  for (let times = 0; times < 10; times++) {
    site.folder.write("apps/one.ts", String(times));
    await delay(QUIET_TIME / 3);
  }
  await delay(LONG_ENOUGH);
  assertEquals(site.changed.length >= 1 && site.changed.length <= 5, true, String(site.changed.length));
});

Deno.test("Watch notices files that are replaced, removed, or made in new folders", async () => {
  using site = new WatchedSite();
  const { path } = site.folder;
  site.folder.write(".archangel.yaml.new", "new");
  Deno.renameSync(`${path}/.archangel.yaml.new`, `${path}/archangel.yaml`);
  await site.hears("archangel.yaml");
  site.folder.write("archangel.yaml", "again, as another file than at first");
  await site.hears("archangel.yaml");
  Deno.mkdirSync(`${path}/apps/deep`);
  await site.hears("apps/deep");
  site.folder.write("apps/deep/x.ts", "new");
  await site.hears("apps/deep/x.ts");
  Deno.removeSync(`${path}/apps/deep/x.ts`);
  await site.hears("apps/deep/x.ts");
});

Deno.test("Watch does not tell of files that do not matter, nor of reading", async () => {
  using site = new WatchedSite();
  for (const name of ["notes.txt", "other/two.ts", "apps/node_modules/x/y.js", "apps/public/page.html"]) {
    site.folder.write(name, "changed");
  }
  site.folder.write("apps/.git/index", "changed");
  Deno.readTextFileSync(`${site.folder.path}/apps/one.ts`);
  await delay(LONG_ENOUGH);
  await site.hears();
});

Deno.test("Watch follows the settings", async () => {
  using site = new WatchedSite();
  site.follow("other");
  site.folder.write("apps/one.ts", "changed");
  await delay(LONG_ENOUGH);
  site.folder.write("other/two.ts", "changed");
  await site.hears("other/two.ts");
  site.follow("other", { development: false });
  site.folder.write("other/two.ts", "changed again");
  await delay(LONG_ENOUGH);
  site.follow("other");
  site.folder.write("archangel.yaml", "changed");
  await site.hears("archangel.yaml");
});

Deno.test("Watch notices changes in a folder that was made anew", async () => {
  using site = new WatchedSite();
  Deno.removeSync(`${site.folder.path}/other`, { recursive: true });
  site.follow("other");
  site.folder.write("other/two.ts", "new");
  site.follow("other");
  // Whether the making itself is told of depends on which of the two watchers heard of it.
  await delay(LONG_ENOUGH);
  site.changed.length = 0;
  site.folder.write("other/two.ts", "changed");
  await site.hears("other/two.ts");
});

Deno.test("Watch says once what it cannot watch, and watches the rest", async () => {
  using site = new WatchedSite();
  site.follow("missing");
  site.follow("missing");
  site.folder.write("archangel.yaml", "changed");
  await site.hears("archangel.yaml");
  assertEquals(site.said.length, 1);
  assertStringIncludes(site.said[0]!, `Cannot watch ${site.folder.path}/missing for changes: `);
});

Deno.test("Watch asks nobody for a permission", { permissions: { read: ["/none"] } }, () => {
  const said: string[] = [];
  const watch = new Watch({ changed: () => {}, say: (text) => void said.push(text) });
  watch.follow(settingsFor({ development: true }));
  watch.close();
  assertEquals(said, ["Cannot watch /srv/apps for changes: it may not be read"]);
});

Deno.test("Watch tells nothing when closed, and leaves nothing behind", async () => {
  using site = new WatchedSite();
  site.folder.write("apps/one.ts", "changed");
  await delay(QUIET_TIME / 3);
  site.watch.close();
  site.follow("other");
  site.folder.write("other/two.ts", "changed");
  await delay(LONG_ENOUGH);
  assertEquals([site.changed, site.said], [[], []]);
});

Deno.test("Watch tells nothing of a change that it hears of when it is closed", async () => {
  const { watchFs } = Deno;
  const heard = Promise.withResolvers<void>();
  const changed: string[] = [];
  using folder = new Folder({ "archangel.yaml": "" });
  const file = `${Deno.realPathSync(folder.path)}/archangel.yaml`;
  // What the kernel had said before is read after closing, too.
  Reflect.set(Deno, "watchFs", () => ({
    close: () => {},
    async *[Symbol.asyncIterator]() {
      await heard.promise;
      yield { kind: "modify", paths: [file] };
    },
  }));
  try {
    const watch = new Watch({ changed: (name) => void changed.push(name), say: () => {} });
    watch.follow(settingsFor({ source: file, development: true, apps: {} }));
    watch.close();
    heard.resolve();
    await delay(LONG_ENOUGH);
    assertEquals(changed, []);
  } finally {
    Reflect.set(Deno, "watchFs", watchFs);
  }
});
