/**
 * Offline stand-in for `@std/assert`: the assertions that the tests use, with the same signatures and the same
 * verdicts. Only the failure texts are simpler: both values are printed instead of a diff.
 *
 * @module
 */

export * from "./comparisons.ts";
export * from "./errors.ts";
export * from "./values.ts";
export { AssertionError } from "./assertion_error.ts";
export { equal } from "./equal.ts";
