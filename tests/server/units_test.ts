import { assertEquals } from "@std/assert";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../server/units.ts";

Deno.test("parseSize() reads bytes, binary and decimal units", () => {
  const sizes = {
    "0": 0,
    "512": 512,
    "64KiB": 65536,
    "1.5 MiB": 1572864,
    "10MB": 1e7,
    "1kB": 1000,
    "2TiB": 2 ** 41,
  };
  for (const [text, bytes] of Object.entries(sizes)) assertEquals(parseSize(text), bytes, text);
});

Deno.test("parseSize() refuses what is no whole number of bytes, and units it does not know", () => {
  for (const text of ["", "MiB", "16M", "16mib", "-1", "0.3", "1e3", "1KiB2", "99999999999TiB", "toString"]) {
    assertEquals(parseSize(text), undefined, text);
  }
});

Deno.test("parseDuration() reads single and joined units as milliseconds", () => {
  const spans = {
    "0": 0,
    "250ms": 250,
    "10s": 10_000,
    "1m30s": 90_000,
    "1h 5m": 3_900_000,
    "0.1s": 100,
    "1.001s": 1001,
  };
  for (const [text, milliseconds] of Object.entries(spans)) {
    assertEquals(parseDuration(text), milliseconds, text);
  }
});

Deno.test("parseDuration() refuses a number without a unit, for nobody knows which was meant", () => {
  for (
    const text of ["", "10", "10x", "s", "-1s", "1s2", "0.0001ms", "1:30", "constructor", "1constructor"]
  ) {
    assertEquals(parseDuration(text), undefined, text);
  }
});

Deno.test("formatSize() and formatDuration() write what is read back as the same", () => {
  for (
    const value of [0, 1, 999, 1000, 1024, 1536, 65536, 2 ** 20, 2 ** 30 + 1, 2 ** 40, 3_600_000, 90_000]
  ) {
    assertEquals(parseSize(formatSize(value)), value);
    assertEquals(parseDuration(formatDuration(value)), value);
  }
  assertEquals([formatSize(16 * 2 ** 20), formatDuration(30_000)], ["16MiB", "30s"]);
});
