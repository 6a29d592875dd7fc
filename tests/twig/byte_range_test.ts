import { assertEquals } from "@std/assert";
import { readByteRange } from "../../twig/byte_range.ts";

/** `start-end` behind the last byte, or the word. */
function read(value: string, size = 10): string {
  const range = readByteRange(value, size);
  return typeof range === "object" ? `${range.start}-${range.end}` : range ?? "all";
}

Deno.test("readByteRange() reads first and last bytes, first bytes, and suffixes (RFC 9110 §14.1.2)", () => {
  assertEquals(read("bytes=0-0"), "0-1");
  assertEquals(read("bytes=2-4"), "2-5");
  assertEquals(read("bytes=9-9"), "9-10");
  assertEquals(read("bytes=2-"), "2-10");
  assertEquals(read("bytes=-3"), "7-10");
  assertEquals(read("BYTES=002-004"), "2-5");
});

Deno.test("readByteRange() ends where the file does", () => {
  assertEquals(read("bytes=5-10"), "5-10");
  assertEquals(read("bytes=5-99999999999999999999999999"), "5-10");
  assertEquals(read("bytes=-11"), "0-10");
  assertEquals(read(`bytes=-${"9".repeat(400)}`), "0-10");
});

Deno.test("readByteRange() finds ranges unsatisfiable that begin behind the end, and no last bytes", () => {
  for (const value of ["bytes=10-", "bytes=10-20", "bytes=99999999999999999999999-", "bytes=-0"]) {
    assertEquals(read(value), "unsatisfiable", value);
  }
  assertEquals(read("bytes=0-", 0), "unsatisfiable");
  assertEquals(read("bytes=-0", 0), "unsatisfiable");
  assertEquals(read("bytes=-5", 0), "all", "no Content-Range could say it");
});

Deno.test("readByteRange() leaves several ranges, other units and what is no range alone (§14.2)", () => {
  const values = [
    "bytes=0-1,3-4",
    "bytes=0-1, -1",
    "bytes=0-1,x",
    "lines=0-1",
    "bytes=4-2",
    "bytes=",
    "bytes=,",
    "bytes=-",
    "bytes=a-b",
    "bytes=1",
    "bytes=0x1-2",
    "bytes=1-2-3",
    "bytes=--1",
    "bytes=1 - 2",
    "bytes = 1-2",
    "bytes",
    "",
    "0-1",
  ];
  for (const value of values) assertEquals(read(value), "all", value);
});

Deno.test("readByteRange() skips empty elements and the blanks around one", () => {
  assertEquals(read("bytes= ,2-4 ,,"), "2-5");
  assertEquals(read("bytes=\t2-4"), "2-5");
});
