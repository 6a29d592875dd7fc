/** What a log says that sums up what it leaves out. */

const SUM = /\band ([\d,]+) more [a-z ]+ within a second$/;

/** How many messages lines stand for, each of one line: those that were logged, and those that were only counted. */
export function messagesIn(lines: readonly string[]): number {
  return lines.reduce((sum, line) => sum + Number(SUM.exec(line)?.[1]?.replaceAll(",", "") ?? 1), 0);
}
