/**
 * The exit codes of `archangel`, in one place, for scripts and service managers. Workers end with the
 * same codes, but only the supervisor's is seen from outside.
 *
 * | code | meaning |
 * |---|---|
 * | 0 | it did what it was asked, which includes a stop that was asked for |
 * | 1 | it failed while running |
 * | 2 | the command line was wrong |
 * | 3 | it could not boot: a port is taken, an app throws while loading |
 * | 4 | the config is wrong |
 *
 * @module
 */

/** The exit codes by name. */
export const EXIT = {
  /** Done, or stopped as asked. */
  ok: 0,
  /** Failed while running. */
  failure: 1,
  /** Wrong command line. */
  usage: 2,
  /** The first workers could not boot; the reason is on stderr. */
  boot: 3,
  /** Wrong config; every error is on stderr. */
  config: 4,
} as const;
