/** Assertions about what is thrown. */

import { AssertionError, sentence } from "./assertion_error.ts";

// deno-lint-ignore no-explicit-any
type ErrorType<E extends Error> = abstract new (...args: any[]) => E;

/** What the caller expects, after sorting out which of the two call forms was used. */
interface Expectation {
  type: ErrorType<Error> | undefined;
  includes: string | undefined;
  message: string | undefined;
}

function expectation(
  typeOrMessage: ErrorType<Error> | string | undefined,
  includes: string | undefined,
  message: string | undefined,
): Expectation {
  return typeof typeOrMessage === "string"
    ? { type: undefined, includes: undefined, message: typeOrMessage }
    : { type: typeOrMessage, includes, message };
}

function checkThrown(error: unknown, { type, includes, message }: Expectation): unknown {
  if (type) assertIsError(error, type, includes, message);
  return error;
}

/** Fails unless `error` is an Error of the given type whose message contains, or matches, `msgMatches`. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorType<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    throw new AssertionError(sentence(`Expected an Error object, got ${typeof error}`, msg));
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    const text =
      `Expected an instance of "${ErrorClass.name}", got "${error.constructor.name}": "${error.message}"`;
    throw new AssertionError(sentence(text, msg), { cause: error });
  }
  const matches = msgMatches instanceof RegExp
    ? msgMatches.test(error.message)
    : error.message.includes(msgMatches ?? "");
  if (!matches) {
    const text = `Expected the error message to include "${msgMatches}", got "${error.message}"`;
    throw new AssertionError(sentence(text, msg), { cause: error });
  }
}

/** Fails unless `fn` throws; returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Fails unless `fn` throws an error of the given type whose message contains `msgIncludes`; returns the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorType<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  typeOrMessage?: ErrorType<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(typeOrMessage, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return checkThrown(error, expected);
  }
  throw new AssertionError(sentence("Expected function to throw", expected.message));
}

/** Fails unless the promise of `fn` rejects; returns what it rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Fails unless the promise rejects with an error of the given type whose message contains `msgIncludes`. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorType<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  typeOrMessage?: ErrorType<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(typeOrMessage, msgIncludes, msg);
  const promise = promiseOf(fn, expected.message);
  try {
    await promise;
  } catch (error) {
    return checkThrown(error, expected);
  }
  throw new AssertionError(sentence("Expected function to reject", expected.message));
}

/** A function that throws before it has returned a promise does not reject, and is reported as such. */
function promiseOf(fn: () => PromiseLike<unknown>, message?: string): PromiseLike<unknown> {
  let promise: PromiseLike<unknown> | undefined;
  let cause: unknown;
  try {
    promise = fn();
  } catch (error) {
    cause = error;
  }
  if (typeof promise?.then === "function") return promise;
  throw new AssertionError(sentence("Function throws when expected to reject", message), { cause });
}
