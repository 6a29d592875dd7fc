import { assert, assertEquals, assertMatch } from "@std/assert";
import { type App, contentTypeOf, staticFiles } from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";

/** A site, and beside its root what must never be served; removed at the end. */
async function withSite(use: (root: string, outside: string) => Promise<void>): Promise<void> {
  const outside = await Deno.makeTempDir();
  const root = `${outside}/site`;
  try {
    for (
      const folder of [
        "docs",
        "empty",
        "docs/deep",
        "docs/.well-known",
        ".git",
        ".well-known",
        "a b",
        "folder.html",
      ]
    ) {
      await Deno.mkdir(`${root}/${folder}`, { recursive: true });
    }
    const files = {
      "site/index.html": "<h1>Home</h1>",
      "site/docs/index.html": "<h1>Docs</h1>",
      "site/docs/deep/a.css": "a{}",
      "site/a b/ü.txt": "umlaut",
      "site/100%.txt": "percent",
      "site/..twodots": "dots",
      "site/.git/config": "secret",
      "site/.htaccess": "secret",
      "site/.well-known/security.txt": "contact",
      "site/docs/.hidden": "secret",
      "site/docs/.well-known/x": "secret",
      "site/empty.txt": "",
      "secret.txt": "secret",
      "site-two.txt": "secret",
    };
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${outside}/${name}`, text);
    await use(root, outside);
  } finally {
    await Deno.remove(outside, { recursive: true });
  }
}

const mounted = (prefix: string, app: App): App => (request, response) =>
  app(request.clone({ scriptName: prefix, pathInfo: request.pathInfo.slice(prefix.length) }), response);

Deno.test("staticFiles() serves a file with type, length and time", async () => {
  await withSite(async (root) => {
    const time = new Date("2024-02-29T12:34:56Z");
    await Deno.utime(`${root}/docs/deep/a.css`, time, time);
    for (const method of ["GET", "HEAD"]) {
      const answer = await new TestClient(staticFiles(root)).request(method, "/docs/deep/a.css?v=1");
      assertEquals(answer.status, 200);
      const { etag, ...fields } = Object.fromEntries(answer.headers);
      assertEquals(fields, {
        "content-type": "text/css; charset=utf-8",
        "content-length": "3",
        "last-modified": "Thu, 29 Feb 2024 12:34:56 GMT",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
      });
      assertMatch(etag!, /^W\/"3-1709210096000-\d+-\d+"$/, "put there a moment ago, so weak");
      assertEquals(await answer.text(), method === "GET" ? "a{}" : "");
    }
  });
});

Deno.test("staticFiles() says of an empty file that it is, also to HEAD", async () => {
  await withSite(async (root) => {
    for (const method of ["GET", "HEAD"]) {
      const answer = await new TestClient(staticFiles(root)).request(method, "/empty.txt");
      assertEquals([answer.status, answer.headers.get("content-length")], [200, "0"]);
    }
  });
});

Deno.test("staticFiles() decodes names once", async () => {
  await withSite(async (root) => {
    const client = new TestClient(staticFiles(root));
    const found: [string, string][] = [
      ["/a%20b/%C3%BC.txt", "umlaut"],
      ["/%69ndex.html", "<h1>Home</h1>"],
      ["/100%25.txt", "percent"],
      ["/empty.txt", ""],
      ["/.well-known/security.txt", "contact"],
    ];
    for (const [path, text] of found) {
      const answer = await client.get(path);
      assertEquals([answer.status, await answer.text()], [200, text], path);
    }
    for (const path of ["/a%2520b/%C3%BC.txt", "/100%.txt", "/100%2525.txt", "/a%20b/%FC.txt"]) {
      assertEquals((await client.get(path)).status, 404, path);
    }
  });
});

Deno.test("staticFiles() serves a folder by its index, at an address with a slash", async () => {
  await withSite(async (root) => {
    const client = new TestClient(staticFiles(root));
    assertEquals(await (await client.get("/")).text(), "<h1>Home</h1>");
    const docs = await client.get("/docs/");
    assertEquals([docs.status, await docs.text()], [200, "<h1>Docs</h1>"]);
    assertEquals(docs.headers.get("content-type"), "text/html; charset=utf-8");
    assertEquals((await client.get("/empty/")).status, 404);
    assertEquals((await client.get("/folder.html/")).status, 404);
    assertEquals((await client.get("/index.html/")).status, 404);
    assertEquals((await client.get("/index.html/x")).status, 404);
  });
});

Deno.test("staticFiles() redirects a folder without a slash, within its mount", async () => {
  await withSite(async (root) => {
    const app = staticFiles(root);
    const cases: [App, string, string][] = [
      [app, "/docs", "/docs/"],
      [app, "/docs?a=%20b&c", "/docs/?a=%20b&c"],
      [app, "/%64ocs", "/%64ocs/"],
      [app, "/a%20b", "/a%20b/"],
      [mounted("/static", app), "/static", "/static/"],
      [mounted("/static", app), "/static/docs/deep?x", "/static/docs/deep/?x"],
    ];
    for (const [served, target, location] of cases) {
      for (const method of ["GET", "HEAD"]) {
        const answer = await new TestClient(served).request(method, target);
        assertEquals([answer.status, answer.headers.get("location")], [301, location]);
      }
    }
  });
});

Deno.test("staticFiles() never redirects to another host", async () => {
  await withSite(async (root) => {
    await Deno.mkdir(`${root}/evil.example`);
    await Deno.mkdir(`${root}/\\evil.example`);
    const client = new TestClient(staticFiles(root));
    const targets = [
      "//evil.example",
      "//evil.example/..",
      "/\\evil.example",
      "/%5Cevil.example",
      "///evil.example",
    ];
    for (const target of [...targets, "/%2Fevil.example", "/./evil.example", "//docs"]) {
      const answer = await client.get(target);
      assertEquals([answer.status, answer.headers.get("location")], [404, undefined], target);
    }
    const strange = mounted("/", staticFiles(root));
    assertEquals((await new TestClient(strange).get("//docs")).status, 404);
  });
});

Deno.test("staticFiles() reaches nothing outside of its root", async () => {
  await withSite(async (root) => {
    const client = new TestClient(staticFiles(root));
    const targets = [
      "/../secret.txt",
      "/docs/../../secret.txt",
      "/..%2Fsecret.txt",
      "/%2e%2e/secret.txt",
      "/%2E%2E%2Fsecret.txt",
      "/docs/%2e./%2e%2e/secret.txt",
      "/..\\secret.txt",
      "/..%5Csecret.txt",
      "/%252e%252e/secret.txt",
      "/..%00/secret.txt",
      "/%c0%ae%c0%ae/secret.txt",
      "/docs/../index.html",
      "/docs/./index.html",
      "/../site/index.html",
      "/../site-two.txt",
      "/docs//index.html",
      `/${root}/index.html`,
      "/..twodots",
    ];
    for (const target of targets) {
      const answer = await client.get(target);
      assertEquals([answer.status, answer.errors], [404, []], target);
    }
  });
});

Deno.test("staticFiles() hides names that begin with a dot", async () => {
  await withSite(async (root) => {
    const client = new TestClient(staticFiles(root));
    const targets = ["/.git/config", "/.git/", "/.git", "/.htaccess", "/%2Ehtaccess", "/docs/.hidden"];
    for (const target of [...targets, "/docs/.well-known/x", "/.well-known/.x"]) {
      assertEquals((await client.get(target)).status, 404, target);
    }
  });
});

Deno.test("staticFiles() follows links within its root and none that leave it", async () => {
  await withSite(async (root, outside) => {
    await Deno.symlink("docs/index.html", `${root}/inside.html`);
    await Deno.symlink("docs", `${root}/inside`);
    await Deno.symlink(`${outside}/secret.txt`, `${root}/absolute.txt`);
    await Deno.symlink("../secret.txt", `${root}/relative.txt`);
    await Deno.symlink("..", `${root}/up`);
    await Deno.symlink(`${outside}/site-two.txt`, `${root}/sibling.txt`);
    await Deno.symlink("/dev/zero", `${root}/zero`);
    await Deno.symlink("loop", `${root}/loop`);
    await Deno.symlink("nowhere", `${root}/dangling`);
    await Deno.symlink("../../secret.txt", `${root}/empty/index.html`);
    const client = new TestClient(staticFiles(root));
    assertEquals(await (await client.get("/inside.html")).text(), "<h1>Docs</h1>");
    assertEquals(await (await client.get("/inside/deep/a.css")).text(), "a{}");
    const outsiders = [
      "/absolute.txt",
      "/relative.txt",
      "/up/secret.txt",
      "/up",
      "/up/",
      "/sibling.txt",
      "/zero",
    ];
    for (const target of [...outsiders, "/loop", "/dangling", "/empty/"]) {
      assertEquals((await client.get(target)).status, 404, target);
    }
  });
});

Deno.test("staticFiles() follows a root that is a link, also when it moves", async () => {
  await withSite(async (root, outside) => {
    const current = `${outside}/current`;
    await Deno.symlink(root, current);
    const client = new TestClient(staticFiles(current));
    assertEquals(await (await client.get("/")).text(), "<h1>Home</h1>");
    await Deno.mkdir(`${outside}/next`);
    await Deno.writeTextFile(`${outside}/next/index.html`, "next");
    await Deno.remove(current);
    await Deno.symlink(`${outside}/next`, current);
    assertEquals(await (await client.get("/")).text(), "next");
    assertEquals((await client.get("/docs/")).status, 404);
  });
});

Deno.test("staticFiles() opens nothing but plain files", async () => {
  await withSite(async (root) => {
    const made = await new Deno.Command("mkfifo", { args: [`${root}/pipe`] }).output();
    assert(made.success);
    assertEquals((await new TestClient(staticFiles(root)).get("/pipe")).status, 404);
  });
});

Deno.test("staticFiles() answers other methods 405 with what it allows", async () => {
  await withSite(async (root) => {
    for (
      const [method, target] of [["POST", "/"], ["DELETE", "/x"], ["OPTIONS", "*"], ["get", "/"]] as const
    ) {
      const answer = await new TestClient(staticFiles(root)).request(method, target);
      assertEquals([answer.status, answer.headers.get("allow")], [405, "GET, HEAD"]);
    }
  });
});

Deno.test("staticFiles() answers 404 to names that no file can have", async () => {
  await withSite(async (root) => {
    const client = new TestClient(staticFiles(root));
    for (const target of ["/missing", `/${"x".repeat(300)}`, `/${"x/".repeat(3000)}`, "/a%00b", "/%zz"]) {
      const answer = await client.get(target);
      assertEquals([answer.status, answer.errors], [404, []], target.slice(0, 20));
    }
  });
});

Deno.test("staticFiles() says when its root does not exist", async () => {
  const answer = await new TestClient(staticFiles("/nonexistent/site")).get("/");
  assertEquals(answer.status, 500);
  assertMatch(String(answer.errors[0]), /there is no folder "\/nonexistent\/site"/);
});

Deno.test("staticFiles() serves the root of the file system too", async () => {
  const file = await Deno.makeTempFile({ dir: "/tmp", suffix: ".txt" });
  try {
    assertEquals((await new TestClient(staticFiles("/")).get(file)).status, 200);
  } finally {
    await Deno.remove(file);
  }
});

/** An app that lets something happen between the look at a file and its opening. */
const meanwhile = (app: App, happens: () => void): App => async (request, response) => {
  const answer = await app(request, response);
  response.headers.set("cache-control", "no-cache");
  happens();
  return answer;
};

Deno.test("staticFiles() tells of the file that it sends, when another has just taken its place", async () => {
  await withSite(async (root) => {
    const [path, next] = [`${root}/page.txt`, `${root}/next.txt`];
    const cases: [before: string, after: string, range: string | undefined, status: number, body: string][] =
      [
        ["old page", "a new and longer page", undefined, 200, "a new and longer page"],
        ["an old and longer page", "new page", undefined, 200, "new page"],
        ["old page", "a new and longer page", "bytes=2-", 206, "new and longer page"],
        ["an old and longer page", "new page", "bytes=15-", 416, "Range Not Satisfiable\n"],
        ["old page", "", "bytes=-3", 200, ""],
      ];
    for (const [before, after, range, status, body] of cases) {
      await Deno.writeTextFile(path, before);
      await Deno.writeTextFile(next, after);
      const app = meanwhile(staticFiles(root), () => Deno.renameSync(next, path));
      const answer = await new TestClient(app).get("/page.txt", { headers: range ? { range } : {} });
      const part = `bytes ${status === 206 ? "2-20" : "*"}/${after.length}`;
      assertEquals(
        [answer.status, await answer.text(), answer.headers.get("content-range"), answer.errors],
        [status, body, status === 200 ? undefined : part, []],
      );
      if (status === 416) continue;
      const now = await new TestClient(staticFiles(root)).get("/page.txt");
      assertEquals(answer.headers.get("etag"), now.headers.get("etag"));
      assertEquals(answer.headers.get("cache-control"), "no-cache", "what others said is kept");
    }
  });
});

Deno.test("staticFiles() tells a file from one of the same size and time that takes its place at once", async () => {
  await withSite(async (root) => {
    const time = new Date("2024-02-29T12:34:56Z");
    const put = async (text: string): Promise<void> => {
      await Deno.writeTextFile(`${root}/next.txt`, text);
      await Deno.utime(`${root}/next.txt`, time, time);
      await Deno.rename(`${root}/next.txt`, `${root}/page.txt`);
    };
    const client = new TestClient(staticFiles(root));
    await put("version 1");
    const etag = (await client.get("/page.txt")).headers.get("etag")!;
    const again = await client.get("/page.txt", { headers: { "if-none-match": etag } });
    assertEquals(again.status, 304);
    await put("version 2");
    const other = await client.get("/page.txt", { headers: { "if-none-match": etag } });
    assertEquals([other.status, await other.text()], [200, "version 2"]);
  });
});

Deno.test("staticFiles() sends what it told of, when the file has just grown", async () => {
  await withSite(async (root) => {
    const path = `${root}/log.txt`;
    for (const range of ["", "bytes=4-", "bytes=-4", "bytes=4-99"]) {
      await Deno.writeTextFile(path, "one two ");
      const grow = () => Deno.writeTextFileSync(path, "three", { append: true });
      const answer = await new TestClient(meanwhile(staticFiles(root), grow)).get("/log.txt", {
        headers: range === "" ? {} : { range },
      });
      assertEquals(
        [answer.status, await answer.text(), answer.headers.get("content-range")],
        range === "" ? [200, "one two ", undefined] : [206, "two ", "bytes 4-7/8"],
      );
    }
  });
});

Deno.test("staticFiles() answers anew, when the file has just shrunk", async () => {
  await withSite(async (root) => {
    const path = `${root}/log.txt`;
    const shrunk = async (range: string, size: number) => {
      await Deno.writeTextFile(path, "0123456789");
      const app = meanwhile(staticFiles(root), () => Deno.truncateSync(path, size));
      const answer = await new TestClient(app).get("/log.txt", { headers: { range } });
      return [answer.status, await answer.text(), answer.headers.get("content-range")];
    };
    assertEquals(await shrunk("bytes=4-", 6), [206, "45", "bytes 4-5/6"]);
    assertEquals(
      await shrunk("bytes=4-5", 6),
      [206, "45", "bytes 4-5/10"],
      "of what was promised all is there",
    );
    assertEquals((await shrunk("bytes=4-", 3))[0], 416);
    assertEquals(await shrunk("lines=4-", 3), [200, "012", undefined]);
  });
});

Deno.test("contentTypeOf() goes by the last extension, in any case", () => {
  const cases: [string, string][] = [
    ["a.html", "text/html; charset=utf-8"],
    ["A.HTML", "text/html; charset=utf-8"],
    ["app.js", "text/javascript; charset=utf-8"],
    ["app.js.map", "application/json"],
    ["mod.ts", "application/typescript"],
    ["logo.svg", "image/svg+xml; charset=utf-8"],
    ["photo.JPeG", "image/jpeg"],
    ["font.woff2", "font/woff2"],
    ["v1.2/readme", "application/octet-stream"],
    ["x.constructor", "application/octet-stream"],
    ["x.", "application/octet-stream"],
    ["html", "application/octet-stream"],
  ];
  for (const [name, type] of cases) assertEquals(contentTypeOf(name), type, name);
});
