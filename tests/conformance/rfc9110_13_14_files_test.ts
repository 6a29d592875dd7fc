/**
 * RFC 9110 §13, conditional requests, and §14, ranges, as a folder of files answers them, with curl; and what a client
 * sees of a file that changes while it is sent.
 */
import { assert, assertEquals } from "@std/assert";
import { staticFiles } from "../../twig/mod.ts";
import { curl, startCurl } from "../support/curl.ts";
import { Folder } from "../support/folder.ts";
import { Served } from "../support/served.ts";
import { checkStaticSite, StaticSite } from "../support/static_cases.ts";

const ignore = curl === undefined;

Deno.test({
  name: "files over HTTP: conditions and ranges",
  ignore,
  fn: async (t) => {
    using site = await StaticSite.settled();
    await using server = await Served.start(site.app);
    await checkStaticSite(t, `http://127.0.0.1:${server.port}/`);
    assertEquals(server.log, []);
  },
});

Deno.test({
  name: "curl resumes a download where it was cut, and starts anew when the file has changed",
  ignore,
  fn: async () => {
    using folder = new Folder({ "site/page.txt": "0123456789", "cut.txt": "0123" });
    await using server = await Served.start(staticFiles(`${folder.path}/site`));
    const url = `http://127.0.0.1:${server.port}/page.txt`;
    const cut = `${folder.path}/cut.txt`;
    const resumed = await startCurl(["-C", "-", "-o", cut, "-w", "%{http_code} %{size_download}", url])
      .output();
    assertEquals([resumed.code, new TextDecoder().decode(resumed.stdout)], [0, "206 6"]);
    assertEquals(Deno.readTextFileSync(cut), "0123456789");

    const tags = ["--etag-save", `${folder.path}/tag`, "--etag-compare", `${folder.path}/tag`];
    const get = async () => {
      const { stdout } = await startCurl([...tags, "-o", cut, "-w", "%{http_code}", url]).output();
      return new TextDecoder().decode(stdout);
    };
    assertEquals([await get(), await get()], ["200", "304"]);
    Deno.writeTextFileSync(`${folder.path}/site/page.txt`, "another page");
    assertEquals([await get(), Deno.readTextFileSync(cut)], ["200", "another page"]);
  },
});

/** More than sockets hold, so that most of it is still to be read when the first of it has arrived. */
const LARGE = 64 * 1024 * 1024;

for (const range of [undefined, "1000-"]) {
  const what = range === undefined ? "a file" : "a part of a file";
  const start = range === undefined ? 0 : 1000;

  /** Begins a download, lets something happen to the file, and reads on. */
  const download = async (change: (path: string) => void): Promise<{ code: number; size: number }> => {
    using folder = new Folder({ "large.bin": "" });
    const path = `${folder.path}/large.bin`;
    Deno.truncateSync(path, LARGE);
    await using server = await Served.start(staticFiles(folder.path));
    const args = range === undefined ? [] : ["-r", range];
    const child = startCurl([...args, `http://127.0.0.1:${server.port}/large.bin`]);
    const reader = child.stdout.getReader();
    let size = 0;
    for (let changed = false;; changed = true) {
      const { value, done } = await reader.read();
      if (done) break;
      size += value.length;
      if (!changed) change(path);
    }
    await child.stderr.cancel();
    return { code: (await child.status).code, size };
  };

  Deno.test({
    name: `${what} that grows while it is sent ends where it was to end`,
    ignore,
    fn: async () => {
      const grown = await download((path) =>
        Deno.writeFileSync(path, new Uint8Array(1000), { append: true })
      );
      assertEquals(grown, { code: 0, size: LARGE - start });
    },
  });

  Deno.test({
    name: `${what} that shrinks while it is sent is cut, and the client sees that`,
    ignore,
    fn: async () => {
      const { code, size } = await download((path) => Deno.truncateSync(path, LARGE / 2));
      // 18: partial file.
      assertEquals(code, 18);
      assert(size <= LARGE / 2 - start, `${size}`);
    },
  });
}
