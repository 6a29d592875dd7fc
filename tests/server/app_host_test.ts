import { assertEquals, assertRejects } from "@std/assert";
import { HostedApp, loadApp } from "../../server/app_host.ts";
import { AppLoadError } from "../../server/errors.ts";
import { TestClient } from "../../twig/testing.ts";

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
