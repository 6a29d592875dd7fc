/** Chromium: a page with several resources, server-sent events, streams, uploads, and what becomes of them when it hangs up. */
import { assert, assertEquals } from "@std/assert";
import { fileURLToPath as fromFileUrl } from "node:url";
import type { App } from "../../twig/mod.ts";
import { Browser } from "../support/browser.ts";
import { delay } from "../support/delay.ts";
import { findProgram } from "../support/front_ends.ts";
import { Served } from "../support/served.ts";

const chromium = findProgram("chromium");

const ended: string[] = [];

/** What the page asks for beyond the example's files. */
const app: App = async function* (request, response) {
  switch (request.pathInfo) {
    case "/upload": {
      let size = 0;
      for await (const piece of request.body) size += piece.length;
      yield String(size);
      return;
    }
    case "/slow-upload":
      try {
        for await (const piece of request.body) {
          await delay(piece.length / 1000);
        }
        ended.push("upload complete");
      } catch (error) {
        ended.push(`upload: ${(error as Error).name}`);
      }
      return;
    case "/stream":
      response.start(200, { "content-type": "text/plain" });
      try {
        for (let i = 0;; i++) {
          yield `line ${i}\n`;
          await delay(20);
        }
      } finally {
        ended.push("stream");
      }
    case "/cookies":
      response.start(200, [["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2; Path=/"]]);
      yield request.get("cookie") ?? "";
      return;
    case "/cached":
      response.start(request.get("if-none-match") === undefined ? 200 : 304, { etag: '"1"' });
      if (response.status === 304) ended.push("not modified");
      else yield "cached";
      return;
    case "/empty":
      response.start(204);
      return;
    default:
      yield request.pathInfo;
  }
};

const spec = { preload: false, bodyBytes: 16_000_000 };
const example = (path: string) => new URL(`../../examples/${path}`, import.meta.url);

Deno.test({
  name: "browser: Chromium loads, streams, uploads and hangs up",
  ignore: chromium === undefined,
  fn: async (context) => {
    await using server = await Served.start(app, {
      limits: { bodyBytes: 16_000_000 },
      apps: {
        site: { ...spec, name: "site", kind: "static", location: fromFileUrl(example("site")) },
        clock: { ...spec, name: "clock", kind: "twig", location: example("clock.ts").href },
      },
      routes: [
        { host: undefined, path: "/", app: "site" },
        { host: undefined, path: "/clock", app: "clock" },
        { host: undefined, path: "/test", app: "test" },
      ],
    });
    await using browser = await Browser.open(chromium!, `http://127.0.0.1:${server.port}/`);
    await steps(context, browser);
  },
});

async function steps(context: Deno.TestContext, browser: Browser): Promise<void> {
  await context.step("a page, its style sheet and its picture", async () => {
    const { title, statuses } = await browser.run(() => ({
      title: document.title,
      statuses: performance.getEntriesByType("resource").map(({ responseStatus }) => responseStatus),
    }));
    assertEquals(title, "Archangel is up");
    assert(statuses.length >= 2 && statuses.every((status) => status === 200), statuses.join());
  });

  await context.step("server-sent events of the example", async () => {
    const shown = await browser.run(async () => {
      const clock = document.querySelector("#clock");
      while (!/^\d.*worker \d+$/.test(clock.textContent)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return clock.textContent;
    });
    assert(/worker \d+$/.test(shown));
  });

  await context.step("forty requests at one time over its few connections", async () => {
    const bodies = await browser.run(() =>
      Promise.all(
        Array.from({ length: 40 }, (_, i) => fetch(`/test/${i}`).then((response) => response.text())),
      )
    );
    assertEquals(bodies, Array.from({ length: 40 }, (_, i) => `/${i}`));
  });

  await context.step("a stream, piece by piece, until it hangs up", async () => {
    const pieces = await browser.run(async () => {
      const control = new AbortController();
      const response = await fetch("/test/stream", { signal: control.signal });
      const reader = response.body!.getReader();
      const pieces: string[] = [];
      for (let i = 0; i < 3; i++) pieces.push(new TextDecoder().decode((await reader.read()).value));
      control.abort();
      return pieces;
    });
    assertEquals(pieces[0], "line 0\n");
    await until("stream");
  });

  await context.step("an upload of 8 MB", async () => {
    const size = await browser.run(() =>
      fetch("/test/upload", { method: "POST", body: new Blob([new Uint8Array(8_000_000)]) })
        .then((response) => response.text())
    );
    assertEquals(size, "8000000");
  });

  await context.step("an upload that it breaks off", async () => {
    const name = await browser.run(async () => {
      const control = new AbortController();
      const body = new Blob([new Uint8Array(15_000_000)]);
      const upload = fetch("/test/slow-upload", { method: "POST", body, signal: control.signal });
      setTimeout(() => control.abort(), 500);
      return await upload.then(() => "done", (error) => error.name);
    });
    assertEquals(name, "AbortError");
    await until("upload: ConnectionLost");
  });

  await context.step("why an upload is refused", async () => {
    const status = await browser.run(() =>
      fetch("/test/upload", { method: "POST", body: new Blob([new Uint8Array(20_000_000)]) })
        .then((response) => response.status)
    );
    assertEquals(status, 413);
  });

  await context.step("several cookies, HEAD, and an answer without a body", async () => {
    const seen = await browser.run(async () => {
      await fetch("/test/cookies");
      const cookies = await fetch("/test/cookies").then((response) => response.text());
      const head = await fetch("/style.css", { method: "HEAD" });
      const empty = await fetch("/test/empty");
      return [
        cookies,
        head.status,
        Number(head.headers.get("content-length")) > 0,
        empty.status,
        await empty.text(),
      ];
    });
    assertEquals(seen, ["a=1; b=2", 200, true, 204, ""]);
  });

  await context.step("what it has in its cache, and may go on using", async () => {
    const bodies = await browser.run(async () => {
      const read = () => fetch("/test/cached", { cache: "no-cache" }).then((response) => response.text());
      return [await read(), await read(), await read()];
    });
    assertEquals(bodies, ["cached", "cached", "cached"]);
    assertEquals(ended.filter((each) => each === "not modified").length, 2);
  });
}

async function until(what: string): Promise<void> {
  for (const limit = Date.now() + 10_000; !ended.includes(what);) {
    if (Date.now() > limit) throw new Error(`It was not told: ${what}, only ${ended.join(", ")}`);
    await delay(20);
  }
}

// What runs in the page is checked against these few names, rather than against all of the DOM.
declare const document: { title: string; querySelector(selector: string): { textContent: string } };
declare const performance: { getEntriesByType(type: string): { responseStatus: number }[] };
