/**
 * The few figures that a noisy machine allows: median, spread, ratio.
 *
 * @module
 */

/** Median, smallest and largest of some figures. */
export interface Spread {
  /** The middle one; the mean of the two in the middle if their number is even. */
  readonly median: number;
  /** The smallest. */
  readonly min: number;
  /** The largest. */
  readonly max: number;
}

/**
 * Sums up figures.
 *
 * @param figures At least one; those that are not finite are left out.
 * @returns Median and spread; `undefined` if nothing is left.
 */
export function spread(figures: readonly number[]): Spread | undefined {
  const sorted = figures.filter(Number.isFinite).toSorted((a, b) => a - b);
  const low = sorted[(sorted.length - 1) >> 1], high = sorted[sorted.length >> 1];
  if (low === undefined || high === undefined) return undefined;
  return { median: (low + high) / 2, min: sorted[0]!, max: sorted.at(-1)! };
}

/**
 * Ratios of two series that were measured side by side. Each figure is divided by its neighbour of the
 * same round, for what troubles a round troubles both; the ratio of two medians would lose that.
 *
 * @param figures The one.
 * @param baseline The other, in the same order of rounds.
 * @returns Median and spread of the ratios; `undefined` if there is none.
 */
export function ratios(figures: readonly number[], baseline: readonly number[]): Spread | undefined {
  const rounds = Math.min(figures.length, baseline.length);
  return spread(Array.from({ length: rounds }, (_, round) => figures[round]! / baseline[round]!));
}
