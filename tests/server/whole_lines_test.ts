import { assertEquals } from "@std/assert";
import { WholeLines } from "../../server/whole_lines.ts";

const encoder = new TextEncoder();

Deno.test("WholeLines puts lines together, wherever their bytes were cut", () => {
  const text = "\ufeffone\n\ntwo: \u00e9 \u20ac \u{1f600}\nthree\n";
  const bytes = encoder.encode(text);
  for (let size = 1; size <= bytes.length; size++) {
    const lines = new WholeLines();
    const parts: string[] = [];
    for (let at = 0; at < bytes.length; at += size) parts.push(lines.push(bytes.subarray(at, at + size)));
    assertEquals(parts.join("") + lines.end(), text, `in parts of ${size} bytes`);
    assertEquals(parts.filter((part) => part !== "" && !part.endsWith("\n")), []);
  }
});

Deno.test("WholeLines ends a last line that does not end by itself", () => {
  const lines = new WholeLines();
  assertEquals(lines.push(encoder.encode("one\ntwo")), "one\n");
  assertEquals(lines.end(), "two\n");
  assertEquals(lines.end(), "");
  assertEquals(lines.push(Uint8Array.of(0xe2, 0x82)), "");
  assertEquals(lines.end(), "\ufffd\n");
});

Deno.test("WholeLines does not keep a line that never ends", () => {
  const lines = new WholeLines();
  const part = encoder.encode("x".repeat(1000));
  let passed = 0;
  for (let i = 0; i < 1000; i++) passed += lines.push(part).length;
  assertEquals(passed + lines.end().length - 1, 1_000_000);
  assertEquals(passed >= 1_000_000 - 66_000, true, `${passed}`);
});

Deno.test("WholeLines keeps a line that is as long as one may be, its line feed included", () => {
  for (const before of ["", "one\n"]) {
    const lines = new WholeLines();
    const longest = "x".repeat(64 * 1024 - 1);
    assertEquals(lines.push(encoder.encode(before + longest)), before);
    assertEquals(lines.push(encoder.encode("\n")), `${longest}\n`);
    assertEquals(lines.push(encoder.encode(`${before}${longest}x`)), `${before}${longest}x`);
  }
});
