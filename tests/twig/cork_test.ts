import { assertEquals } from "@std/assert";
import { type Corked, watch } from "../../twig/cork.ts";
import { settled } from "../support/recording_carrier.ts";

Deno.test("the others on the cork list are released when one of them throws, and the error is not lost", async () => {
  const released: number[] = [];
  const errors: string[] = [];
  const hear = (event: ErrorEvent) => {
    event.preventDefault();
    errors.push(event.message);
  };
  globalThis.addEventListener("error", hear);
  for (const one of [1, 2, 3, 4]) {
    const corked: Corked = {
      onCorkList: false,
      release() {
        released.push(one);
        if (one % 2 === 0) throw new Error(`${one} failed`);
      },
    };
    watch(corked);
  }
  await settled();
  globalThis.removeEventListener("error", hear);
  assertEquals(released, [1, 2, 3, 4]);
  assertEquals(errors, ["Uncaught Error: 2 failed", "Uncaught Error: 4 failed"]);
});
