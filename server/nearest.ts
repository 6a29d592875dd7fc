/**
 * The nearest valid word to a mistyped one, for "did you mean". Knows nothing of where the words
 * come from: config keys, choices, app names, commands and flags all ask here.
 *
 * @module
 */

/**
 * Finds the word that was probably meant.
 *
 * @param word What was written.
 * @param candidates What would have been valid.
 * @returns The nearest candidate, or `undefined` if none is near enough to be worth naming.
 *
 * @example Usage
 * ```ts
 * import { nearest } from "./nearest.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(nearest("worker", ["listen", "workers"]), "workers");
 * assertEquals(nearest("banana", ["listen", "workers"]), undefined);
 * ```
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const folded = fold(word);
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(folded, fold(candidate));
    if (distance < bestDistance && distance <= tolerance(folded, candidate)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * The end of a sentence that names the nearest valid word.
 *
 * @param word What was written.
 * @param candidates What would have been valid.
 * @returns `; did you mean "workers"?`, or `""` if nothing is near.
 */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const found = nearest(word, candidates);
  return found === undefined ? "" : `; did you mean ${JSON.stringify(found)}?`;
}

/** `headerBytes`, `header-bytes` and `header_bytes` are one word to a human. */
function fold(word: string): string {
  // No valid word comes near this length, and the distance is quadratic.
  return word.slice(0, 64).replace(/[-_\s]/g, "").toLowerCase();
}

/** A third of the letters may be wrong; in a short word one, but not the only one. */
function tolerance(word: string, candidate: string): number {
  const length = Math.max(word.length, candidate.length);
  return length < 2 ? 0 : Math.max(1, Math.floor(length / 3));
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
