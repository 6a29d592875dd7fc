/** The apps that `archangel.yaml` serves out of the box, each asked through the whole server. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import clock from "../examples/clock.ts";
import { main } from "../server/cli.ts";
import { TestClient } from "../twig/testing.ts";
import { delay } from "./support/delay.ts";

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
