import { assertEquals } from "@std/assert";
import { formatHttpDate, parseHttpDate } from "../../twig/http_date.ts";
import { Random } from "../support/random.ts";

const NOW = Date.UTC(2026, 0, 1);
const read = (text: string) => parseHttpDate(text, NOW);

Deno.test("parseHttpDate() reads all three forms of RFC 9110 §5.6.7, as UTC", () => {
  const time = Date.UTC(1994, 10, 6, 8, 49, 37);
  assertEquals(read("Sun, 06 Nov 1994 08:49:37 GMT"), time);
  assertEquals(read("Sunday, 06-Nov-94 08:49:37 GMT"), time);
  assertEquals(read("Sun Nov  6 08:49:37 1994"), time);
  assertEquals(read("Wed Nov 16 08:49:37 1994"), Date.UTC(1994, 10, 16, 8, 49, 37));
});

Deno.test("parseHttpDate() takes a year of two digits for one of the past, or of the next 50 years", () => {
  const year = (digits: string) => new Date(read(`Monday, 02-Jan-${digits} 00:00:00 GMT`)!).getUTCFullYear();
  assertEquals(["76", "77", "99", "00", "26"].map(year), [2076, 1977, 1999, 2000, 2026]);
});

Deno.test("parseHttpDate() takes the leap second, leap days, and years that Date would make others of", () => {
  assertEquals(read("Sat, 31 Dec 2016 23:59:60 GMT"), Date.UTC(2017, 0, 1));
  assertEquals(read("Thu, 29 Feb 2024 00:00:00 GMT"), Date.UTC(2024, 1, 29));
  assertEquals(new Date(read("Sun, 01 Jan 0050 00:00:00 GMT")!).getUTCFullYear(), 50);
});

Deno.test("parseHttpDate() refuses what is no date", () => {
  const texts = [
    "",
    "0",
    "1994-11-06T08:49:37Z",
    "sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 nov 1994 08:49:37 GMT",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Thu, 29 Feb 2023 00:00:00 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sun, 06 Xyz 1994 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    " Sun, 06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  ];
  for (const text of texts) assertEquals(read(text), undefined, text);
});

Deno.test("formatHttpDate() writes what parseHttpDate() reads, more dates than it remembers", () => {
  const random = new Random(3);
  const times = Array.from({ length: 2_000 }, () => random.below(4_000_000_000) * 1000 + random.below(1000));
  for (const time of [...times, ...times]) {
    assertEquals(formatHttpDate(time), new Date(time).toUTCString());
    assertEquals(read(formatHttpDate(time)), Math.floor(time / 1000) * 1000);
  }
});
