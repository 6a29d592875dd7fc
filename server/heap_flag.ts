/**
 * How much a worker's heap may grow before V8 looks through all of it for the first time. In a file of its own: what
 * makes executables needs the flag, and is to load nothing of what workers run.
 *
 * @module
 */

/**
 * Puts off the first full collection of garbage until there are 32 MB of old objects, where V8 begins with about 9.
 * Once there was one, the small table that `Deno.Conn` makes for each read outlives the next collections, and
 * with it the tables of all later reads of its connection; so under load another full collection followed every
 * second, whose helper threads share the worker's core (`docs/lighthouse.md`).
 */
export const HEAP_FLAG = "--v8-flags=--initial-old-space-size=32";
