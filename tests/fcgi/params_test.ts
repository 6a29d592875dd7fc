import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { encodeParams, Params, ParamsCollector } from "../../fcgi/params.ts";
import { growthOf } from "../support/growth.ts";
import { concat, slowLength, slowPair, slowPairs } from "../support/slow_fcgi_records.ts";

function parse(bytes: Uint8Array): Params | undefined {
  return Params.parse(bytes, 0, bytes.length);
}

function pairsOf(params: Params | undefined): [string, string][] | undefined {
  return params && Array.from({ length: params.size }, (_, i) => [params.name(i), params.value(i)]);
}

Deno.test("Params.parse() reads names and values in order, repeated ones too", () => {
  const bytes = concat([slowPair("A", "1"), slowPair("B", ""), slowPair("A", "2"), slowPair("", "x")]);
  assertEquals(pairsOf(parse(bytes)), [["A", "1"], ["B", ""], ["A", "2"], ["", "x"]]);
});

Deno.test("Params.parse() reads from the middle of a buffer", () => {
  const bytes = concat([
    new Uint8Array(5).fill(255),
    slowPair("A", "1"),
    slowPair("BC", "23"),
    new Uint8Array(5).fill(255),
  ]);
  assertEquals(pairsOf(Params.parse(bytes, 5, bytes.length - 5)), [["A", "1"], ["BC", "23"]]);
});

Deno.test("Params.parse() of nothing is no pairs", () => {
  assertEquals(pairsOf(parse(new Uint8Array(0))), []);
});

for (const size of [0, 1, 127, 128, 129, 255, 256, 65_535, 65_536, 100_000]) {
  Deno.test(`Params.parse() and encodeParams() agree on ${size} bytes, in either form of length`, () => {
    const name = "n".repeat(size);
    const value = "\xe9".repeat(size);
    assertEquals(encodeParams([[name, value]]), slowPair(name, value));
    assertEquals(pairsOf(parse(slowPair(name, value))), [[name, value]]);
    assertEquals(pairsOf(parse(slowPair(name, value, true))), [[name, value]]);
  });
}

Deno.test("Params.parse() takes no beginning of pairs for all of them", () => {
  const whole = concat([slowPair("NAME", "value"), slowPair("N".repeat(130), "v".repeat(130))]);
  for (let size = 0; size <= whole.length; size++) {
    const part = whole.subarray(0, size);
    assertEquals(pairsOf(parse(part)), slowPairs(part), `the first ${size} bytes`);
  }
});

Deno.test("Params.parse() does not let lengths wrap around", () => {
  const max = Uint8Array.of(255, 255, 255, 255);
  const top = Uint8Array.of(128 + 64, 0, 0, 0);
  const ab = Uint8Array.of(65, 66);
  assertEquals(parse(concat([max, max, ab])), undefined);
  assertEquals(parse(concat([max, Uint8Array.of(3), ab])), undefined);
  assertEquals(parse(concat([slowLength(2, true), max, ab])), undefined);
  assertEquals(parse(concat([top, top, ab])), undefined);
});

Deno.test("Params.get() gives the last value of a name, and nothing for part of a name", () => {
  const params = parse(concat([slowPair("NAME", "1"), slowPair("NAME", "2"), slowPair("NAMES", "3")]));
  assertEquals(params?.get("NAME"), "2");
  assertEquals(params?.get("NAM"), "");
  assertEquals(params?.get("AME"), "");
});

Deno.test("Params.startsWith() looks at the name only", () => {
  const params = parse(concat([slowPair("HTTP_X", "1"), slowPair("HTT", "P_Y")])) as Params;
  assert(params.startsWith(0, "HTTP_"));
  assertFalse(params.startsWith(1, "HTTP_"));
});

Deno.test("Params.has() finds a character in names and values, and not in lengths", () => {
  for (const text of ["\r", "\n", "\0"]) {
    assert(parse(slowPair(`N${text}`, "v"))?.has(text));
    assert(parse(slowPair("N", `v${text}`))?.has(text));
    assert(parse(concat([slowPair("", ""), slowPair(text, ""), slowPair("", "")]))?.has(text));
  }
  const lengths = concat([
    slowPair("n".repeat(10), "v".repeat(13)),
    slowPair("", ""),
    slowPair("N", "v", true),
  ]);
  for (const text of ["\r", "\n", "\0"]) assertFalse(parse(lengths)?.has(text));
});

Deno.test("ParamsCollector puts pieces of any size together", () => {
  const bytes = concat([slowPair("NAME", "value"), slowPair("OTHER", "v".repeat(300))]);
  for (const piece of [1, 2, 7, bytes.length]) {
    const collector = new ParamsCollector(bytes.length);
    for (let at = 0; at < bytes.length; at += piece) {
      assert(collector.append(bytes, at, Math.min(at + piece, bytes.length)));
    }
    assertEquals(pairsOf(collector.finish()), slowPairs(bytes));
  }
});

Deno.test("ParamsCollector adds nothing beyond its limit", () => {
  const collector = new ParamsCollector(10);
  const bytes = slowPair("NAME", "1234");
  assert(collector.append(bytes, 0, 10));
  assertFalse(collector.append(bytes, 0, 1));
  assertEquals(pairsOf(collector.finish()), [["NAME", "1234"]]);
});

Deno.test("ParamsCollector does not keep the memory that it was given", () => {
  const collector = new ParamsCollector(100);
  const bytes = slowPair("NAME", "value");
  collector.append(bytes, 0, bytes.length);
  bytes.fill(0);
  assertEquals(collector.finish()?.get("NAME"), "value");
});

Deno.test("Params.parse() does not keep what the longest list of pairs took", async () => {
  const growth = await growthOf(`
    function run(counts) {
      const pairs = new Uint8Array(counts ? 6_000_000 : 6);
      Params.parse(pairs, 0, pairs.length);
    }
  `);
  assertLess(growth, 4 * 1024 * 1024);
});
