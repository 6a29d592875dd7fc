/** Assertions about two values. */

import { AssertionError, sentence, show } from "./assertion_error.ts";
import { equal } from "./equal.ts";

function differ(text: string, actual: unknown, expected: unknown, message?: string): AssertionError {
  return new AssertionError(
    `${sentence(text, message)}\n\n    actual: ${show(actual)}\n  expected: ${show(expected)}\n`,
  );
}

/** Fails unless both values are equal in structure. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) throw differ("Values are not equal", actual, expected, msg);
}

/** Fails if both values are equal in structure. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) throw differ("Values are equal", actual, expected, msg);
}

/** Fails unless both are the same value, by `Object.is`. */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (!Object.is(actual, expected)) throw differ("Values are not strictly equal", actual, expected, msg);
}

/** Fails if both are the same value, by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) throw differ("Values are strictly equal", actual, expected, msg);
}

/** Fails unless `actual` holds everything that `expected` holds, at every depth. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  if (!covers(actual, expected)) throw differ("Values do not match", actual, expected, msg);
}

function covers(actual: unknown, expected: unknown): boolean {
  const nested = isPlain(actual) && isPlain(expected) && Array.isArray(actual) === Array.isArray(expected);
  if (!nested) return equal(actual, expected);
  return keysOf(expected).every((key) =>
    key in actual && covers(Reflect.get(actual, key), Reflect.get(expected, key))
  );
}

/** An array is asked for its elements only, so that a shorter one matches the begin of a longer one. */
function keysOf(value: object): PropertyKey[] {
  return Array.isArray(value) ? Object.keys(value) : Reflect.ownKeys(value);
}

/** Records and arrays are compared key by key; anything with an identity of its own is compared as a whole. */
function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const opaque = [Date, RegExp, Map, Set, URL, ArrayBuffer];
  return !ArrayBuffer.isView(value) && !opaque.some((type) => value instanceof type);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) throw differ("Value is not greater", actual, expected, msg);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) throw differ("Value is not greater or equal", actual, expected, msg);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) throw differ("Value is not less", actual, expected, msg);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) throw differ("Value is not less or equal", actual, expected, msg);
}

/** Fails unless both numbers differ by no more than `tolerance` (a ten-millionth of `expected` by default). */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (!(Math.abs(actual - expected) <= allowed)) {
    throw differ("Values are too far apart", actual, expected, msg);
  }
}
