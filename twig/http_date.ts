/**
 * Dates in header fields (RFC 9110 §5.6.7). `Date.toUTCString` writes them, which takes as long as finding
 * three fields of a request, so texts are remembered. `Date.parse` is not fit to read them: it takes much
 * else, and one of the three forms for local time.
 *
 * @module
 */

/** Texts by seconds. Files that were deployed together share a few. */
const texts = new Map<number, string>();
const REMEMBERED = 512;

/**
 * Writes a date.
 *
 * @param time Milliseconds since 1970; fractions of seconds are dropped.
 * @returns Such as `Sun, 06 Nov 1994 08:49:37 GMT`.
 */
export function formatHttpDate(time: number): string {
  const seconds = Math.floor(time / 1_000);
  const known = texts.get(seconds);
  if (known !== undefined) return known;
  if (texts.size >= REMEMBERED) texts.clear();
  const text = new Date(time).toUTCString();
  texts.set(seconds, text);
  return text;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TIME = "(\\d\\d):(\\d\\d):(\\d\\d)";
/** `Sun, 06 Nov 1994 08:49:37 GMT` */
const FIXDATE = new RegExp(
  `^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\\d\\d) ([A-Z][a-z]{2}) (\\d{4}) ${TIME} GMT$`,
);
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const RFC_850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d\\d)-([A-Z][a-z]{2})-(\\d\\d) ${TIME} GMT$`,
);
/** `Sun Nov  6 08:49:37 1994` */
const ASCTIME = new RegExp(`^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) ([ \\d]\\d) ${TIME} (\\d{4})$`);

/**
 * Reads a date in any of the three forms that recipients have to take.
 *
 * @param text A field value.
 * @param now The time, in milliseconds since 1970: a year of two digits is at most 50 years ahead of it.
 * @returns Milliseconds since 1970, a multiple of 1000; `undefined` if this is no date.
 *
 * @example Usage
 * ```ts
 * import { parseHttpDate } from "./http_date.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const date = "Sun, 06 Nov 1994 08:49:37 GMT";
 * assertEquals(new Date(parseHttpDate(date, Date.now())!).toUTCString(), date);
 * assertEquals(parseHttpDate("1994-11-06", Date.now()), undefined);
 * ```
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  let match = FIXDATE.exec(text);
  if (match !== null) {
    const [, day, month, year, ...time] = match;
    return timeOf(Number(year), month, Number(day), time);
  }
  match = RFC_850.exec(text);
  if (match !== null) {
    const [, day, month, year, ...time] = match;
    return timeOf(fullYear(Number(year), now), month, Number(day), time);
  }
  match = ASCTIME.exec(text);
  if (match === null) return undefined;
  const [, month, day, hour, minute, second, year] = match;
  return timeOf(Number(year), month, Number(day), [hour, minute, second]);
}

/** The year with these last two digits that is not more than 50 years ahead. */
function fullYear(digits: number, now: number): number {
  const latest = new Date(now).getUTCFullYear() + 50;
  return latest - ((latest - digits) % 100);
}

function timeOf(
  year: number,
  monthName: string | undefined,
  day: number,
  time: readonly (string | undefined)[],
): number | undefined {
  const month = MONTHS.indexOf(monthName ?? "");
  const [hour, minute, second] = time.map(Number) as [number, number, number];
  // A minute may have a leap second.
  if (month < 0 || hour > 23 || minute > 59 || second > 60) return undefined;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}
