import { assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { InputBuffer } from "../../twig/input_buffer.ts";

const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

function unread({ bytes, start, end }: InputBuffer): string {
  return new TextDecoder().decode(bytes.subarray(start, end));
}

Deno.test("InputBuffer appends, consumes and counts", () => {
  const input = new InputBuffer();
  assertEquals(input.length, 0);
  input.append(bytes("hello, "));
  input.append(bytes("world"));
  assertEquals([input.length, unread(input)], [12, "hello, world"]);
  input.start += 7;
  assertEquals([input.length, unread(input)], [5, "world"]);
});

Deno.test("InputBuffer.reserve() moves what is unread rather than grow, and grows if it must", () => {
  const input = new InputBuffer(8);
  const memory = input.bytes;
  input.append(bytes("abcdefgh"));
  input.start = 6;
  input.reserve(6);
  assertStrictEquals(input.bytes, memory);
  assertEquals([input.start, input.end, unread(input)], [0, 2, "gh"]);
  input.reserve(7);
  assertNotStrictEquals(input.bytes, memory);
  assertEquals([input.bytes.length >= 9, unread(input)], [true, "gh"]);
});

Deno.test("InputBuffer.reserve() begins at the front when nothing is unread", () => {
  const input = new InputBuffer(8);
  input.append(bytes("abcdefgh"));
  input.start = 8;
  input.reserve(8);
  assertEquals([input.start, input.end, input.bytes.length], [0, 0, 8]);
});

for (const size of [1, 4, 7, 8]) {
  Deno.test(`InputBuffer.take(${size}) of 8 gives memory that later input does not change`, () => {
    const input = new InputBuffer(8);
    input.append(bytes("abcdefgh"));
    const taken = input.take(size);
    assertEquals(unread(input), "abcdefgh".slice(size));
    input.append(bytes("ijklmnop"));
    assertEquals(unread(input), "abcdefghijklmnop".slice(size));
    input.bytes.fill(0);
    assertEquals(new TextDecoder().decode(taken), "abcdefgh".slice(0, size));
  });
}
