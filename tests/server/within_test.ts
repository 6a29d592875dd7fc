import { assertEquals, assertRejects } from "@std/assert";
import { within } from "../../server/within.ts";

Deno.test("within() ends with the promise, and leaves no timer running", { sanitizeOps: true }, async () => {
  await within(60_000, Promise.resolve());
});

Deno.test("within() ends at the limit, whatever never comes", async () => {
  let ended = false;
  const waited = within(50, new Promise(() => {})).then(() => ended = true);
  await Promise.resolve();
  assertEquals(ended, false);
  await waited;
});

Deno.test("within() throws what the promise throws, if that comes in time", async () => {
  await assertRejects(() => within(60_000, Promise.reject(new TypeError("as the test wants it"))), TypeError);
});
