import { assertEquals, assertStrictEquals } from "@std/assert";
import { HeldChunks, joinText, sizeOf } from "../../twig/chunks.ts";

const bytes = Uint8Array.of(1, 2);

Deno.test("joinText() makes one text of texts", () => {
  assertEquals(joinText(["a", "\u00e9", "b"]), ["a\u00e9b"]);
});

Deno.test("joinText() joins neighbours only, and leaves bytes where they are", () => {
  assertEquals(joinText(["a", "b", bytes, "c", "d", "e", bytes, bytes]), ["ab", bytes, "cde", bytes, bytes]);
  assertEquals(joinText([bytes, "a", bytes, "b"]), [bytes, "a", bytes, "b"]);
});

Deno.test("joinText() changes nothing of the list that it is given", () => {
  const chunks = ["a", "b", bytes, "c"];
  joinText(chunks);
  assertEquals(chunks, ["a", "b", bytes, "c"]);
});

Deno.test("joinText() puts a character together whose halves came apart", () => {
  const [text] = joinText(["\ud83d", "\ude00"]);
  assertEquals(text, "\u{1f600}");
});

Deno.test("sizeOf() counts text as UTF-8, and bytes", () => {
  assertEquals(sizeOf([]), 0);
  assertEquals(sizeOf(["a\u00e9\u{1f600}", bytes, ""]), 9);
});

Deno.test("HeldChunks joins what it holds, also what is added after it has joined", () => {
  const held = new HeldChunks();
  assertEquals([held.size, held.joined(), held.beginsWithText], [0, [], false]);
  for (const chunk of ["a", "b", bytes]) held.add(chunk, chunk.length);
  assertEquals([held.size, held.beginsWithText], [4, true]);
  assertEquals(held.joined(), ["ab", bytes]);
  held.add(bytes, 2);
  held.add("c", 1);
  held.add("d", 1);
  assertEquals([held.size, held.joined()], [8, ["ab", bytes, bytes, "cd"]]);
});

Deno.test("HeldChunks joins once, however often it is asked", () => {
  const held = new HeldChunks();
  for (const chunk of ["a", bytes, "b"]) held.add(chunk, chunk.length);
  assertStrictEquals(held.joined(), held.joined());
  const bytesFirst = new HeldChunks();
  bytesFirst.add(bytes, 2);
  assertEquals(bytesFirst.beginsWithText, false);
});
