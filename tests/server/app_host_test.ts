import { assertEquals, assertRejects } from "@std/assert";
import { HostedApp, loadApp, loadEach } from "../../server/app_host.ts";
import { AppLoadError } from "../../server/errors.ts";
import { TestClient } from "../../twig/testing.ts";
import { StoppedTime } from "../support/stopped_time.ts";

const spec = { name: "shop", kind: "auto", preload: false, bodyBytes: 0 } as const;

/** An app whose module waits until the test lets it go on. */
function waiting(name: string): { readonly location: string; readonly goOn: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  (globalThis as Record<string, unknown>)[name] = promise;
  const source = `await globalThis.${name}; export default () => "here";`;
  return { location: `data:text/javascript,${encodeURIComponent(source)}`, goOn: resolve };
}

Deno.test("loadApp() gives up a module that does not finish loading, and says which", async () => {
  const { location, goOn } = waiting("never");
  const error = await assertRejects(() => loadApp({ ...spec, location }, 50), AppLoadError);
  assertEquals(error.message, `Cannot load app "shop" from ${location}: not done within 50ms`);
  goOn();
});

Deno.test("HostedApp answers 500 while its module does not finish loading, and serves once it has", async () => {
  const { location, goOn } = waiting("later");
  const client = new TestClient(new HostedApp({ ...spec, location }, 50).app);
  const late = await client.get("/");
  assertEquals([late.status, String(late.errors[0]).includes("not done within 50ms")], [500, true]);
  goOn();
  assertEquals(await (await client.get("/")).text(), "here");
});

Deno.test("loadEach() does not wait long for the others when one app is broken", async () => {
  const { location, goOn } = waiting("other");
  const other = new HostedApp({ ...spec, name: "other", location }, 15_000);
  const broken = new HostedApp({ ...spec, location: "data:text/javascript,export default 5" }, 15_000);
  const error = await assertRejects(() => loadEach([other, broken]), AppLoadError);
  assertEquals(error.message.includes('"shop"'), true, error.message);
  goOn();
  await other.load();
});

Deno.test("loadApp() and loadEach() leave no timer behind", async () => {
  using time = new StoppedTime();
  const good = { ...spec, location: "data:text/javascript,export default () => 'good'" };
  const broken = { ...spec, location: "data:text/javascript,export default 6" };
  await loadApp(good, 10_000);
  await assertRejects(() => loadApp(broken, 10_000), AppLoadError);
  await assertRejects(
    () => loadEach([good, broken].map((each) => new HostedApp(each, 10_000))),
    AppLoadError,
  );
  assertEquals(time.timers, 0);
});
