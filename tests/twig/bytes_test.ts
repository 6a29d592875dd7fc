import { assertEquals } from "@std/assert";
import { byteLength, goesOnAs, latin1 } from "../../twig/bytes.ts";
import { OutputBuffer } from "../../twig/output_buffer.ts";

const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

Deno.test("latin1() decodes every byte to the code unit of the same number", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assertEquals([...latin1(all, 0, 256)].map((character) => character.charCodeAt(0)), [...all]);
  assertEquals(latin1(bytes("abcdef"), 2, 4), "cd");
});

Deno.test("byteLength() measures text in UTF-8", () => {
  for (const text of ["", "a", "\u00e9", "\u20ac", "\u{1f600}", "x".repeat(1000), "\ud800"]) {
    assertEquals(byteLength(text), bytes(text).length);
  }
});

Deno.test("byteLength() and OutputBuffer.text() agree at every length, wherever something is not ASCII", () => {
  for (let size = 1; size < 150; size++) {
    for (const at of [-1, 0, size >> 1, size - 1]) {
      const text = Array.from({ length: size }, (_, i) => i === at ? "\u20ac" : "x").join("");
      const out = new OutputBuffer();
      out.text("<");
      assertEquals([byteLength(text), out.text(text)], [bytes(text).length, bytes(text).length]);
      assertEquals(out.take(), [bytes("<" + text)]);
    }
  }
});

Deno.test("goesOnAs() compares from two places to the end of what is known", () => {
  const memory = bytes("--abcdefgh--");
  assertEquals(goesOnAs(memory, 2, bytes("abcdefgh"), 0), true);
  assertEquals(goesOnAs(memory, 5, bytes("abcdefgh"), 3), true);
  assertEquals(goesOnAs(memory, 4, bytes("abcdefgh"), 3), false);
  assertEquals(goesOnAs(memory, 10, bytes("--"), 0), true);
  for (const at of [0, 1, 700]) {
    const known = new Uint8Array(600);
    const received = new Uint8Array(at + 600);
    assertEquals(goesOnAs(received, at, known, 0), true);
    for (let changed = 0; changed < 600; changed++) {
      received[at + changed] = 1;
      assertEquals(goesOnAs(received, at, known, 0), false);
      received[at + changed] = 0;
    }
  }
});
