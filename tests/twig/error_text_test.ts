import { assertEquals, assertMatch } from "@std/assert";
import { ContractError } from "../../twig/errors.ts";
import { errorText } from "../../twig/error_text.ts";

const SERVER = new URL("../../twig/exchange.ts:1:2", import.meta.url).href;
const SERVICE = new URL("../../server/service.ts:3:4", import.meta.url).href;
const CHECKOUT = new URL("../../examples/hello.ts:5:6", import.meta.url).href;

function withStack(error: Error, ...frames: string[]): Error {
  error.stack = [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return error;
}

Deno.test("errorText() leaves out the server's frames, and the runtime's on the way to the app", () => {
  const error = withStack(
    new TypeError("no database"),
    "JSON.parse (<anonymous>)",
    "connect (file:///srv/app/db.ts:1:2)",
    `fromFetch (${SERVER})`,
    "default (data:text/javascript,x:1:2)",
    "default.next (<anonymous>)",
    `Exchange.#pull (${SERVER})`,
    `async ${SERVICE}`,
    "ext:core/01_core.js:1:2",
  );
  assertEquals(
    errorText(error),
    `TypeError: no database
    at JSON.parse (<anonymous>)
    at connect (file:///srv/app/db.ts:1:2)
    at default (data:text/javascript,x:1:2)`,
  );
});

Deno.test("errorText() takes apps beside the server's modules for what they are", () => {
  assertMatch(errorText(withStack(new Error("a"), `default (${CHECKOUT})`, SERVER)), /hello\.ts:5:6\)$/);
});

Deno.test("errorText() shows the server's frames where there are no others", () => {
  const error = withStack(
    new ContractError("bad-answer", "bad"),
    `badAnswer (${SERVER})`,
    `run (${SERVICE})`,
  );
  assertEquals(errorText(error), error.stack);
});

Deno.test("errorText() shows causes, and does not repeat what has been said", () => {
  const cause = withStack(new SyntaxError("\x1b[31mno brace\x1b[0m"), "file:///srv/app.ts:1:2", SERVER);
  const wrapped = new Error("Cannot load app: no brace", { cause });
  assertEquals(
    errorText(withStack(wrapped, SERVER)),
    "Error: Cannot load app: no brace\n    at file:///srv/app.ts:1:2",
  );
  assertEquals(
    errorText(withStack(new Error("Cannot start", { cause }), "start (file:///srv/a.ts:3:4)")),
    `Error: Cannot start
    at start (file:///srv/a.ts:3:4)
caused by SyntaxError: no brace
    at file:///srv/app.ts:1:2`,
  );
  assertEquals(errorText(withStack(new Error("why", { cause: "because" }))), "Error: why\ncaused by because");
});

Deno.test("errorText() comes to an end with errors that cause each other", () => {
  const [one, other] = [withStack(new Error("one")), withStack(new Error("other"))];
  one.cause = other;
  other.cause = one;
  assertMatch(errorText(one), /^Error: one\ncaused by Error: other\ncaused by Error: one\n/);
});

Deno.test("errorText() keeps a message of several lines, and takes what is no Error or has no stack", () => {
  const error = withStack(new Error(`two\n    at ${SERVER}`), `run (${SERVER})`, "a (file:///a.ts:1:2)");
  assertEquals(errorText(error), `Error: two\n    at ${SERVER}\n    at a (file:///a.ts:1:2)`);
  assertEquals(errorText("thrown"), "thrown");
  assertEquals(errorText(undefined), "undefined");
  assertEquals(errorText(Object.create(null)), "something that has no text");
  const changed = withStack(new Error("before"), "a (file:///a.ts:1:2)");
  changed.message = "after";
  assertEquals(errorText(changed), "Error: after\n    at a (file:///a.ts:1:2)");
  assertEquals(
    errorText(withStack(new Error(), "a (file:///a.ts:1:2)")),
    "Error\n    at a (file:///a.ts:1:2)",
  );
  const bare = new Error("bare");
  delete bare.stack;
  assertEquals(errorText(bare), "Error: bare");
});
