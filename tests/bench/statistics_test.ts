import { assertEquals } from "@std/assert";
import { ratios, spread } from "../../bench/load/statistics.ts";

Deno.test("spread() of an odd number of figures has the middle one as median", () => {
  assertEquals(spread([3, 100, 1]), { median: 3, min: 1, max: 100 });
});

Deno.test("spread() of an even number of figures has the mean of the two in the middle", () => {
  assertEquals(spread([4, 1, 2, 100]), { median: 3, min: 1, max: 100 });
});

Deno.test("spread() leaves out what was not measured, and has nothing to say of nothing", () => {
  assertEquals(spread([NaN, 2, Infinity]), { median: 2, min: 2, max: 2 });
  assertEquals(spread([NaN]), undefined);
});

Deno.test("spread() compares figures as numbers, not as text", () => {
  assertEquals(spread([9, 10, 100])?.median, 10);
});

Deno.test("ratios() compares neighbours of the same round", () => {
  // The machine was three times slower in the second round; the ratio was not.
  assertEquals(ratios([2, 6, 2], [1, 3, 1]), { median: 2, min: 2, max: 2 });
});

Deno.test("ratios() leaves out rounds in which one of the two is missing", () => {
  assertEquals(ratios([2, NaN, 9], [1, 3]), { median: 2, min: 2, max: 2 });
});
