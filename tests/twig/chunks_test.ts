import { assertEquals } from "@std/assert";
import { joinText, sizeOf } from "../../twig/chunks.ts";

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
