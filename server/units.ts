/**
 * Sizes and durations as people write them (`16MiB`, `1m30s`), and back. It owns the units and
 * knows nothing of settings, files or flags.
 *
 * A duration without a unit is refused, because half of all servers read it as seconds and the
 * other half as milliseconds. A size without a unit is bytes everywhere, so that is allowed.
 *
 * @module
 */

const SIZE = /^(\d+(?:\.\d+)?)\s*([A-Za-z]*)$/;
const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
};

const DURATION_PART = /(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*/y;
const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Reads a size.
 *
 * @param text `"512"` (bytes), `"64KiB"`, `"1.5 MiB"`, `"10MB"` (a million bytes each).
 * @returns Whole bytes, or `undefined` if the text is not a size.
 *
 * @example Usage
 * ```ts
 * import { parseSize } from "./units.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseSize("16MiB"), 16 * 1024 * 1024);
 * assertEquals(parseSize("16M"), undefined);
 * ```
 */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text);
  if (match === null) return undefined;
  const unit = match[2]!;
  if (!Object.hasOwn(SIZE_UNITS, unit)) return undefined;
  return wholeNumber(Number(match[1]) * SIZE_UNITS[unit]!);
}

/**
 * Writes a size so that {@linkcode parseSize} reads it back, in the largest binary unit that keeps
 * it whole.
 *
 * @param bytes Whole bytes, 0 or more.
 * @returns Text such as `"16MiB"`; plain bytes have no unit.
 */
export function formatSize(bytes: number): string {
  for (const unit of ["TiB", "GiB", "MiB", "KiB"]) {
    const factor = SIZE_UNITS[unit]!;
    if (bytes >= factor && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

/**
 * Reads a duration.
 *
 * @param text `"250ms"`, `"10s"`, `"5m"`, `"2h"`, or several together: `"1m30s"`; `"0"` needs no unit.
 * @returns Whole milliseconds, or `undefined` if the text is not a duration.
 *
 * @example Usage
 * ```ts
 * import { parseDuration } from "./units.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseDuration("1m30s"), 90_000);
 * assertEquals(parseDuration("90"), undefined);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  if (text === "0") return 0;
  let total = 0;
  DURATION_PART.lastIndex = 0;
  while (DURATION_PART.lastIndex < text.length) {
    const part = DURATION_PART.exec(text);
    if (part === null || !Object.hasOwn(DURATION_UNITS, part[2]!)) return undefined;
    total += Number(part[1]) * DURATION_UNITS[part[2]!]!;
  }
  return text === "" ? undefined : wholeNumber(total);
}

/**
 * Writes a duration so that {@linkcode parseDuration} reads it back, in the largest unit that keeps
 * it whole.
 *
 * @param milliseconds Whole milliseconds, 0 or more.
 * @returns Text such as `"30s"` or `"250ms"`.
 */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return "0";
  for (const unit of ["h", "m", "s"]) {
    const factor = DURATION_UNITS[unit]!;
    if (milliseconds >= factor && milliseconds % factor === 0) return `${milliseconds / factor}${unit}`;
  }
  return `${milliseconds}ms`;
}

/** `1.5KiB` is 1536, but a third of a byte is a mistake; the error of binary fractions is not. */
function wholeNumber(value: number): number | undefined {
  const whole = Math.round(value);
  return Number.isSafeInteger(whole) && Math.abs(value - whole) < 1e-6 ? whole : undefined;
}
