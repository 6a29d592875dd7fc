/** Assertions about one value. */

import { AssertionError, sentence, show } from "./assertion_error.ts";
import { equal } from "./equal.ts";

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** A value that counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Fails if `expr` is truthy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Fails. */
export function fail(msg?: string): never {
  throw new AssertionError(sentence("Failed assertion", msg));
}

/** Fails: the branch cannot be reached. */
export function unreachable(msg?: string): never {
  throw new AssertionError(sentence("Unreachable", msg));
}

/** Fails for `null` and `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === null || actual === undefined) {
    throw new AssertionError(sentence(`Expected a value but got ${actual}`, msg));
  }
}

/** Fails unless `expected` matches somewhere in `actual`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) {
    throw new AssertionError(sentence(`Expected ${show(actual)} to match ${expected}`, msg));
  }
}

/** Fails if `expected` matches somewhere in `actual`. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) {
    throw new AssertionError(sentence(`Expected ${show(actual)} not to match ${expected}`, msg));
  }
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(sentence(`Expected ${show(actual)} to contain ${show(expected)}`, msg));
  }
}

/** A string or anything indexed by number. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Fails unless each value of `expected` equals some value of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) => !present.some((value) => equal(value, wanted)));
  if (missing.length > 0) {
    throw new AssertionError(sentence(`Expected ${show(present)} to include ${show(missing)}`, msg));
  }
}

/** Fails unless `actual` is an instance of `expectedType`. */
// deno-lint-ignore no-explicit-any
export function assertInstanceOf<T extends abstract new (...args: any[]) => any>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    throw new AssertionError(
      sentence(`Expected an instance of "${expectedType.name}", got ${show(actual)}`, msg),
    );
  }
}
