import { assertEquals, assertStrictEquals } from "@std/assert";
import { takeMemory } from "../../twig/file_memory.ts";
import { OutputBuffer } from "../../twig/output_buffer.ts";
import { Random } from "../support/random.ts";

const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** What an output buffer would send, as one piece. */
function sent(out: OutputBuffer): Uint8Array {
  return Uint8Array.from(out.take().flatMap((piece) => [...piece]));
}

Deno.test("OutputBuffer encodes text of every kind and length as UTF-8", () => {
  const out = new OutputBuffer();
  let expected = "";
  for (const length of [0, 1, 31, 32, 33, 100, 5000, 16 * 1024, 16 * 1024 + 1, 50_000]) {
    for (const letter of ["a", "\u00e9", "\u20ac", "\u{1f600}"]) {
      const text = letter.repeat(length);
      assertEquals(out.text(text), bytes(text).length);
      expected += text;
    }
  }
  assertEquals(out.length, bytes(expected).length);
  assertEquals(sent(out), bytes(expected));
  assertEquals(out.length, 0);
});

Deno.test("OutputBuffer encodes lone surrogates as U+FFFD, short or long", () => {
  for (const text of ["\ud800", "x".repeat(100) + "\udc00"]) {
    const out = new OutputBuffer();
    out.text(text);
    assertEquals(sent(out), bytes(text));
  }
});

Deno.test("OutputBuffer.latin1() writes one byte for each code unit", () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
  for (
    const text of [all, all.slice(120, 140), all.slice(0, 128), "\u00ff", "", "x".repeat(200) + "\u0080"]
  ) {
    const out = new OutputBuffer();
    out.latin1("<");
    out.latin1(text);
    out.latin1(">");
    assertEquals(sent(out), Uint8Array.from(`<${text}>`, (character) => character.charCodeAt(0)));
  }
});

Deno.test("OutputBuffer gathers small pieces in one, and keeps large chunks as they are, in order", () => {
  const out = new OutputBuffer();
  const large = new Uint8Array(20_000).fill(7);
  out.latin1("head");
  out.bytes(bytes("small"));
  out.bytes(large);
  out.text("tail");
  out.bytes(new Uint8Array(0));
  assertEquals(out.length, 20_013);
  const pieces = out.take();
  assertEquals(pieces.length, 3);
  assertStrictEquals(pieces[1], large);
  assertEquals(pieces.map((piece) => piece.length), [9, 20_000, 4]);
});

Deno.test("OutputBuffer puts what waits before a piece of a file into one piece with it", () => {
  const out = new OutputBuffer();
  const memory = takeMemory(40_000).fill(1);
  out.latin1("head");
  out.bytes(memory.subarray(0, 20_000));
  out.latin1("between");
  out.bytes(memory.subarray(20_000, 40_000));
  assertEquals(out.length, 40_011);
  const pieces = out.take();
  assertEquals(pieces.map((piece) => piece.length), [20_004, 7, 20_000]);
  assertEquals(pieces[0]?.slice(0, 6), Uint8Array.of(...bytes("head"), 1, 1));
  assertEquals([memory[0], memory[19_999], memory[20_000]], [1, 1, 1]);
});

Deno.test("OutputBuffer leaves a piece of a file alone when too much waits before it", () => {
  const out = new OutputBuffer();
  out.bytes(new Uint8Array(15_000));
  out.bytes(takeMemory(20_000).subarray(0, 20_000));
  assertEquals(out.take().map((piece) => piece.length), [15_000, 20_000]);
});

Deno.test("OutputBuffer copies small chunks: they may change at once", () => {
  const out = new OutputBuffer();
  const chunk = bytes("abc");
  out.bytes(chunk);
  chunk.fill(0);
  assertEquals(sent(out), bytes("abc"));
});

Deno.test("OutputBuffer leaves taken pieces alone until they are recycled", () => {
  const out = new OutputBuffer();
  out.text("first");
  const [first] = out.take();
  out.text("second");
  assertEquals(first, bytes("first"));
  out.recycle();
  assertEquals(first, bytes("first"), "something newer waits in the same block");
  const [second] = out.take();
  assertEquals(second, bytes("second"));
  out.recycle();
  out.text("third");
  assertEquals(sent(out), bytes("third"));
});

Deno.test("OutputBuffer.takeOne() gives what was encoded last, also if it is as long as what it gave before", () => {
  const out = new OutputBuffer();
  for (const text of ["first", "again", "third"]) {
    out.text(text);
    assertEquals(out.takeOne(), bytes(text));
  }
  out.recycle();
  out.text("fresh");
  assertEquals(out.takeOne(), bytes("fresh"));
});

Deno.test("OutputBuffer leaves pieces alone that wait behind those which are written", () => {
  const out = new OutputBuffer();
  out.text("first");
  out.take();
  out.text("second");
  out.bytes(new Uint8Array(100_000));
  out.recycle();
  const [second] = out.take();
  out.text("third, which is longer than the first");
  new OutputBuffer().text("of another connection");
  assertEquals(second?.subarray(0, 6), bytes("second"));
});

Deno.test("OutputBuffer.recycle() gives a block up that has become too large", () => {
  const out = new OutputBuffer();
  for (let i = 0; i < 100; i++) out.bytes(new Uint8Array(1000));
  const [piece] = out.take();
  assertEquals(piece?.length, 100_000);
  out.recycle();
  out.text("a");
  assertEquals((out.take()[0] as Uint8Array).buffer.byteLength <= 4096, true);
});

Deno.test("OutputBuffer.reserve() lets the caller encode by hand", () => {
  const out = new OutputBuffer();
  out.text("a");
  const { block, at } = out.reserve(2);
  block.set(bytes("bc"), at);
  out.text("d");
  assertEquals(sent(out), bytes("abcd"));
});

Deno.test("OutputBuffer.drop() forgets what waits, and goes on", () => {
  const out = new OutputBuffer();
  out.text("a");
  out.bytes(new Uint8Array(20_000));
  out.text("b");
  out.drop();
  assertEquals([out.length, out.take().length], [0, 0]);
  out.text("c");
  assertEquals(sent(out), bytes("c"));
});

Deno.test("OutputBuffer keeps order and length under any mixture of calls", () => {
  for (const seed of [1, 2, 3]) {
    const random = new Random(seed);
    const out = new OutputBuffer();
    let expected: number[] = [];
    for (let step = 0; step < 400; step++) {
      const size = random.pick([0, 1, 20, 40, 3000, 17_000]);
      const text = random.pick(["x", "\u00e9"]).repeat(size);
      switch (random.below(5)) {
        case 0:
          out.text(text);
          expected.push(...bytes(text));
          break;
        case 1:
          out.latin1(text);
          expected.push(...Array.from(text, (character) => character.charCodeAt(0)));
          break;
        case 2:
          out.bytes(new Uint8Array(size).fill(step));
          expected.push(...new Uint8Array(size).fill(step));
          break;
        case 3: {
          const { block, at } = out.reserve(size);
          block.fill(step, at, at + size);
          expected.push(...new Uint8Array(size).fill(step));
          break;
        }
        default:
          assertEquals(out.length, expected.length);
          assertEquals(sent(out), Uint8Array.from(expected));
          out.recycle();
          expected = [];
      }
    }
  }
});
