import { assertEquals } from "@std/assert";
import { didYouMean, nearest } from "../../server/nearest.ts";

const KEYS = ["listen", "workers", "apps", "routes", "limits", "timeouts", "header_bytes"];

Deno.test("nearest() finds a word behind a slip of the finger", () => {
  const slips = { worker: "workers", wrokers: "workers", listn: "listen", timeout: "timeouts", app: "apps" };
  for (const [slip, meant] of Object.entries(slips)) assertEquals(nearest(slip, KEYS), meant);
});

Deno.test("nearest() sees through case, dashes and underscores", () => {
  for (const spelling of ["headerBytes", "header-bytes", "HEADER_BYTES"]) {
    assertEquals(nearest(spelling, KEYS), "header_bytes");
  }
});

Deno.test("nearest() names the first of several that are equally near", () => {
  assertEquals(nearest("bat", ["cat", "hat"]), "cat");
});

Deno.test("nearest() names nothing rather than something far away", () => {
  for (const word of ["", "x", "zebra", "<<", "a".repeat(10_000)]) {
    assertEquals(nearest(word, KEYS), undefined);
  }
  assertEquals(didYouMean("zebra", KEYS), "");
});
