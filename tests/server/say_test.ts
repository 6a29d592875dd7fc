import { assertEquals, assertMatch } from "@std/assert";
import { loadApp } from "../../server/app_host.ts";
import { AppLoadError } from "../../server/errors.ts";
import { describeError } from "../../server/say.ts";

Deno.test("describeError() says a message once, and from where the cause came", () => {
  const text = describeError(new AppLoadError("shop", "file:///shop.ts", new TypeError("no database")));
  assertMatch(
    text,
    /^Cannot load app "shop" from file:\/\/\/shop\.ts: no database\n {4}at .*say_test\.ts:\d/,
  );
  assertEquals(text.split("no database").length, 2);
});

Deno.test("describeError() shows a cause whole that the message does not repeat", () => {
  const text = describeError(new Error("Cannot start", { cause: new TypeError("no database") }));
  assertMatch(text, /^Cannot start\nTypeError: no database\n {4}at /);
});

Deno.test("describeError() takes what is no Error, as a cause, too", () => {
  assertEquals(describeError("why"), "why");
  assertEquals(describeError(new Error("plain")), "plain");
  assertEquals(describeError(new AppLoadError("a", "b", 1)), 'Cannot load app "a" from b: 1');
  assertEquals(describeError(new Error("late", { cause: "why" })), "late\nwhy");
});

Deno.test("describeError() shows every one of several errors", () => {
  const errors = [new AppLoadError("a", "a.ts", 1), new AppLoadError("b", "b.ts", 2)];
  assertEquals(
    describeError(new AggregateError(errors, "Cannot load 2 apps")),
    'Cannot load 2 apps\nCannot load app "a" from a.ts: 1\nCannot load app "b" from b.ts: 2',
  );
});

Deno.test("describeError() does not show how this program came to load an app", async () => {
  const spec = { name: "a", kind: "twig", preload: false, bodyBytes: 0 } as const;
  const load = (source: string) =>
    loadApp({ ...spec, location: `data:text/javascript,${encodeURIComponent(source)}` }, 20_000).catch(
      describeError,
    );
  assertMatch(String(await load("throw new Error('no database')")), /no database\n {4}at data:[^\n]*$/);
  assertMatch(String(await load("export default 42")), /does not export a TWIG app[^\n]*$/);
});

Deno.test("an app whose import is missing is told of without colours", async () => {
  const module = "data:text/javascript,import%20'file:///nowhere.js'";
  const error = await import(module).catch((error) => error);
  const text = describeError(new AppLoadError("a", "b", error));
  assertEquals(text.includes("\x1b"), false, text);
  assertMatch(text, /nowhere\.js/);
});
