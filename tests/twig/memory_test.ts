import { assertEquals } from "@std/assert";
import { type App, HeaderFields } from "../../twig/mod.ts";
import { MemoryCarrier } from "../../twig/memory.ts";
import { TestAnswer } from "../../twig/testing.ts";
import { settled } from "../support/recording_carrier.ts";

const REMOTE = { address: "192.0.2.1", host: "192.0.2.1", port: 4711, user: "" };

/** Runs an app on a request with a body of so many pieces, which then waits or ends. */
function run(app: App, pieces: number, ends: boolean): { carrier: MemoryCarrier; returned: () => number } {
  let returned = 0;
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      if (pieces-- > 0) return Promise.resolve({ value: new Uint8Array(10), done: false });
      return ends ? Promise.resolve({ value: undefined, done: true }) : new Promise(() => {});
    },
    return() {
      returned++;
      return Promise.reject(new Error("Nobody hears of this"));
    },
  };
  const request = {
    method: "POST",
    url: new URL("http://localhost/"),
    headers: new HeaderFields(),
    body: { [Symbol.asyncIterator]: () => iterator },
    remote: REMOTE,
  };
  const carrier = new MemoryCarrier(app, request, new TestAnswer(), {
    development: false,
    bodyLimit: Infinity,
  });
  carrier.exchange.run();
  return { carrier, returned: () => returned };
}

Deno.test("MemoryCarrier returns the body's iterator when the exchange ends before the body", async () => {
  const apps: Record<string, App> = {
    "never read": () => "x",
    "read in part": async ({ body }) => {
      for await (const _ of body) break;
      return "x";
    },
    "read by a generator": async function* ({ body }) {
      for await (const piece of body) {
        yield piece;
        break;
      }
    },
    "a read is pending": ({ body }) => {
      body.bytes().catch(() => {});
      return "x";
    },
    "failed": () => {
      throw new Error("boom");
    },
    "cut": async function* () {
      yield "half";
      await settled();
      throw new Error("boom");
    },
  };
  for (const [name, app] of Object.entries(apps)) {
    const { carrier, returned } = run(app, 1, false);
    await settled();
    await settled();
    carrier.abort("Over already");
    assertEquals([carrier.exchange.over, returned()], [true, 1], name);
  }
});

Deno.test("MemoryCarrier returns the body's iterator when the exchange is aborted", () => {
  const apps: App[] = [() => new Promise<string>(() => {}), ({ body }) => body.text()];
  for (const app of apps) {
    const { carrier, returned } = run(app, 0, false);
    assertEquals(returned(), 0);
    carrier.abort("gone");
    assertEquals([carrier.exchange.over, returned()], [true, 1]);
  }
});

Deno.test("MemoryCarrier does not return an iterator that has ended", async () => {
  const { carrier, returned } = run(({ body }) => body.text(), 2, true);
  await settled();
  assertEquals([carrier.exchange.output.completed, returned()], [true, 0]);
});
