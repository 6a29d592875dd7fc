import { assertEquals } from "@std/assert";
import { type HttpCase, play, readCorpus } from "../../support/http_corpus.ts";
import { Random } from "../../support/random.ts";

const cases = readCorpus(new URL("../../corpus/http/", import.meta.url));

function* whole({ bytes }: HttpCase): Iterable<Uint8Array> {
  yield bytes;
}

function* byLine({ bytes }: HttpCase): Iterable<Uint8Array> {
  for (let from = 0, to = 0; from < bytes.length; from = to) {
    const lf = bytes.indexOf(0x0a, from);
    to = lf < 0 ? bytes.length : lf + 1;
    yield bytes.subarray(from, to);
  }
}

function* byByte({ bytes }: HttpCase): Iterable<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
}

function randomly(seed: number): (one: HttpCase) => Iterable<Uint8Array> {
  return function* ({ bytes }) {
    const random = new Random(seed);
    for (let from = 0, to = 0; from < bytes.length; from = to) {
      to = Math.min(bytes.length, from + 1 + random.below(24));
      yield bytes.subarray(from, to);
    }
  };
}

const FEEDS: Record<string, (one: HttpCase) => Iterable<Uint8Array>> = {
  "whole": whole,
  "line by line": byLine,
  "byte by byte": byByte,
  "at random cuts, seed 1": randomly(1),
  "at random cuts, seed 2": randomly(2),
  "at random cuts, seed 3": randomly(3),
};

for (const one of cases) {
  Deno.test(`HTTP corpus: ${one.name}`, () => {
    for (const [feed, cut] of Object.entries(FEEDS)) {
      assertEquals(play(one, cut(one)), [...one.expected], `fed ${feed}`);
    }
  });
}

Deno.test("HTTP corpus: there are a few hundred cases, each with a name of its own", () => {
  const names = new Set(cases.map(({ name }) => name));
  assertEquals(names.size, cases.length);
  assertEquals(cases.length >= 300, true, `only ${cases.length}`);
});
