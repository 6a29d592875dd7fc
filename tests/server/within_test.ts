import { assertEquals, assertRejects } from "@std/assert";
import { within } from "../../server/within.ts";
import { Program } from "../support/program.ts";

Deno.test("within() ends with the promise, and leaves no timer that keeps the program running", async () => {
  const path = JSON.stringify(new URL("../../server/within.ts", import.meta.url).href);
  const code = `
    import { within } from ${path};
    addEventListener("unload", () => console.log(performance.now() < 10_000 ? "soon over" : "over"));
    await within(20_000, Promise.resolve());`;
  await using program = new Program(Deno.execPath(), { args: ["eval", code] });
  await program.ended;
  assertEquals(program.said, "soon over\n");
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
