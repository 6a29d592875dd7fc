import { assertEquals } from "@std/assert";
import { LogLimit } from "../../server/log_limit.ts";
import { flushLines } from "../../server/standard_lines.ts";
import { waitUntil } from "../support/processes.ts";

/** What became of messages of these sorts, all within a moment: `f`irst, `a`gain or `-` left out. */
function taken(limit: LogLimit, sorts: readonly string[]): string {
  return sorts.map((sort) => limit.take(sort)?.[0] ?? "-").join("");
}

Deno.test("LogLimit lets ten messages through, and of other sorts the first, twenty in all", async () => {
  const said: string[] = [];
  const limit = new LogLimit("protocol error", (text) => said.push(text));
  assertEquals(taken(limit, Array(12).fill("a")), "faaaaaaaaa--");
  const sorts = Array.from({ length: 30 }, (_, at) => `b${at}`);
  assertEquals(taken(limit, sorts), "f".repeat(10) + "-".repeat(20));
  assertEquals(taken(limit, ["a", "b1", "c"]), "---");
  await flushLines();
  assertEquals(said, ["and 25 more protocol errors within a second"]);
});

Deno.test("LogLimit sums up by itself when the second is over, and begins anew", async () => {
  const said: string[] = [];
  const limit = new LogLimit("app error", (text) => said.push(text));
  assertEquals(taken(limit, Array(11).fill("a")), "faaaaaaaaa-");
  await waitUntil(() => said.length > 0, "the sum");
  assertEquals(said, ["and 1 more app error within a second"]);
  assertEquals(taken(limit, Array(1244).fill("a")), "faaaaaaaaa" + "-".repeat(1234));
  await flushLines();
  assertEquals(said.slice(1), ["and 1,234 more app errors within a second"]);
});

Deno.test("LogLimit starts no timer and says nothing while nothing is left out, and one timer then", async () => {
  const said: string[] = [];
  const limit = new LogLimit("app error", (text) => said.push(text));
  const { setTimeout } = globalThis;
  let timers = 0;
  Reflect.set(globalThis, "setTimeout", (call: () => void, milliseconds: number) => {
    timers++;
    return setTimeout(call, milliseconds);
  });
  try {
    assertEquals(taken(limit, Array(10).fill("a")), "faaaaaaaaa");
    await flushLines();
    assertEquals([timers, said], [0, []]);
    assertEquals(taken(limit, Array(5).fill("a")), "-----");
    assertEquals(timers, 1);
  } finally {
    globalThis.setTimeout = setTimeout;
    await flushLines();
  }
});

Deno.test("LogLimit begins anew when it has summed up, also before the second is over", async () => {
  const said: string[] = [];
  const limit = new LogLimit("app error", (text) => said.push(text));
  for (let times = 1; times <= 3; times++) {
    assertEquals(taken(limit, Array(12).fill("a")), "faaaaaaaaa--");
    await flushLines();
    assertEquals(said.length, times);
  }
});
