/** The apps of `examples/`: those that `archangel.yaml` serves out of the box are asked through the whole server. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import clock from "../examples/clock.ts";
import files from "../examples/files.ts";
import { main } from "../server/cli.ts";
import type { App } from "../twig/mod.ts";
import { TestClient } from "../twig/testing.ts";
import { delay } from "./support/delay.ts";

const SITE = new URL("../examples/site", import.meta.url).pathname;
const CONFIG = new URL("../archangel.yaml", import.meta.url).pathname;

/** What `archangel fetch` prints. */
async function fetched(...args: string[]): Promise<string> {
  let printed = "";
  const code = await main(["fetch", ...args, "--config", CONFIG], {
    out: (text) => printed += text,
    bytes: (bytes) => printed += new TextDecoder().decode(bytes),
    error: (text) => printed += text,
    colour: false,
  });
  assertEquals(code, 0, printed);
  return printed;
}

Deno.test("examples/hello.ts tells what it was asked", async () => {
  assertMatch(await fetched("/hello/Ada?mood=fine"), /^Hello, Ada!\n[^]*\nquery +mood=fine\n/);
});

Deno.test("examples/api.ts keeps notes, under /api and as api.localhost", async () => {
  assertEquals(JSON.parse(await fetched("/api/notes", "-d", "buy milk")).text, "buy milk");
  assertStringIncludes(await fetched("http://api.localhost:8000/notes"), "buy milk");
});

Deno.test("examples/hono.ts is an app of Hono, unchanged", async () => {
  assertEquals(JSON.parse(await fetched("/hono/greet/Ada")), { greeting: "Hello, Ada!" });
});

Deno.test("examples/site links to an app for every card", async () => {
  const page = await fetched("/");
  const links = [...page.matchAll(/class="card" href="([^"]+)"/g)].map(([, href]) => href!);
  assertEquals(links.length, 5);
  // The clock never ends.
  for (const link of links.filter((link) => link !== "/clock")) await fetched(link);
});

Deno.test("examples/clock.ts streams lines until the client leaves", async () => {
  const answer = await new TestClient(clock).get("/");
  while (answer.chunks.length < 2) await delay(50);
  for (const chunk of answer.chunks) {
    assertMatch(new TextDecoder().decode(chunk), /^\d{4}-\d\d-\d\dT[\d:.]+Z\n$/);
  }
  answer.hangUp();
  const { length } = answer.chunks;
  await delay(1500);
  assertEquals(answer.chunks.length, length);
});

Deno.test("examples/files.ts serves clean URLs, with a lifetime", async () => {
  const client = new TestClient(files);
  for (
    const [path, file, lifetime] of [
      ["/", "index.html", "no-cache"],
      ["/about", "about.html", "no-cache"],
      ["/about.html", "about.html", "no-cache"],
      ["/style.css", "style.css", "max-age=86400"],
    ]
  ) {
    const answer = await client.get(path!);
    assertEquals([answer.status, answer.headers.get("cache-control")], [200, lifetime], path);
    assertEquals(await answer.text(), Deno.readTextFileSync(`${SITE}/${file}`), path);
  }
  const known = await client.get("/about", { headers: { "if-modified-since": new Date().toUTCString() } });
  assertEquals([known.status, known.headers.get("cache-control")], [304, "no-cache"]);
});

Deno.test("examples/files.ts redirects what has moved, within its mount", async () => {
  const mounted: App = (request, response) => {
    const { pathInfo } = request;
    return files(
      request.clone({ scriptName: "/files", pathInfo: pathInfo.slice("/files".length) }),
      response,
    );
  };
  const answer = await new TestClient(mounted).get("/files/about-us");
  assertEquals([answer.status, answer.headers.get("location")], [301, "/files/about"]);
});

Deno.test("examples/files.ts has a page of its own for what is not there, and for nothing else", async () => {
  const client = new TestClient(files);
  for (const path of ["/nothing", "/about/", "/style", "/%00"]) {
    const answer = await client.get(path);
    assertEquals([answer.status, answer.headers.get("cache-control")], [404, undefined], path);
    assertEquals(answer.headers.get("content-type"), "text/html; charset=utf-8", path);
    assertEquals(await answer.text(), Deno.readTextFileSync(`${SITE}/404.html`), path);
  }
  const posted = await client.post("/about", "text");
  assertEquals([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
  const part = await client.get("/style.css", { headers: { range: "bytes=999999-" } });
  assertEquals(part.status, 416);
});
