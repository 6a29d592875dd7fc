/** Reloads by changed files, with real processes. */
import { assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { Archangel, PID_APP, waitUntil } from "../support/processes.ts";

function answersWith(text: string): string {
  return `export default { fetch: () => new Response(${JSON.stringify(text)}) };`;
}

/** In development, with an app that answers `first` if not told otherwise. */
function developing(config: Record<string, unknown> = {}, app = answersWith("first")): Promise<Archangel> {
  return Archangel.serving({ workers: 1, app, config: { development: true, ...config } });
}

function answers(archangel: Archangel, text: string): Promise<void> {
  // A connection may be lost while one generation follows the other.
  return waitUntil(() => archangel.get("/").then((answer) => answer === text, () => false), text);
}

Deno.test("in development an edit is served, a broken one is not, and mending it is enough", async () => {
  await using archangel = await developing();
  archangel.writeApp(answersWith("second"));
  await archangel.says("app.js changed, reloading\n");
  await answers(archangel, "second");

  archangel.writeApp("export default {");
  await archangel.says("keeps serving:");
  assertEquals(await archangel.get("/"), "second");

  archangel.writeApp(answersWith("third"));
  await answers(archangel, "third");
});

Deno.test("in development an edit of the config is served, and the folders watched follow it", async () => {
  await using archangel = await developing();
  const other = `${archangel.folder}/../${archangel.folder.split("/").pop()}_other`;
  Deno.mkdirSync(other);
  try {
    archangel.writeConfigText("{");
    await archangel.says("keeps serving:");
    assertEquals(await archangel.get("/"), "first");

    Deno.writeTextFileSync(`${other}/app.js`, answersWith("elsewhere"));
    archangel.writeConfig({ apps: { test: { fetch: `${other}/app.js`, preload: true } } });
    await answers(archangel, "elsewhere");
    Deno.writeTextFileSync(`${other}/app.js`, answersWith("edited elsewhere"));
    await answers(archangel, "edited elsewhere");
  } finally {
    Deno.removeSync(other, { recursive: true });
  }
});

Deno.test("in development a server that stops heeds no changes any more", async () => {
  await using archangel = await developing({}, PID_APP);
  const [worker] = archangel.workers();
  const slow = archangel.get("/slow");
  await archangel.says("slow request begun");
  archangel.signal("SIGTERM");
  archangel.writeApp(answersWith("second"));
  assertEquals(await slow, String(worker));
  assertEquals((await archangel.ended).code, 0);
  assertEquals(archangel.stderr.includes(", reloading"), false);
});

Deno.test("outside of development nothing is watched", async () => {
  await using archangel = await developing({ development: false });
  archangel.writeApp(answersWith("second"));
  await delay(1000);
  assertEquals(await archangel.get("/"), "first");
  assertEquals(archangel.stderr.includes(", reloading"), false);
});
