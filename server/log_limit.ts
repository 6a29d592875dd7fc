/**
 * How much of one kind is logged in a second, so that a client which makes the server complain cannot
 * fill a disk, and what matters is not buried. What is left out is counted, and a line says how many.
 *
 * The first message opens a second. A timer runs only in a second in which something was left out: the
 * line that sums up must come even if nothing follows.
 *
 * @module
 */
import { unsaid } from "./standard_lines.ts";

const SECOND = 1_000;

/**
 * Messages that are logged in a second, whatever they are: enough to see who and what it is, and with
 * some 130 bytes a line about 5 MB an hour.
 */
const FIRST = 10;

/** With those of a sort that the second had none of: a flood of one sort does not hide another. */
const MOST = 20;

/** The limit for messages of one kind. */
export class LogLimit {
  readonly #what: string;
  readonly #say: (text: string) => void;
  readonly #sorts = new Set<string>();
  #began = -Infinity;
  #logged = 0;
  #left = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param what One such message, in words: `protocol error`.
   * @param say Logs how many were left out.
   */
  constructor(what: string, say: (text: string) => void) {
    this.#what = what;
    this.#say = say;
  }

  /**
   * Whether a message is to be logged. If not, it is counted.
   *
   * @param sort What it has in common with others, such as the code of an error.
   * @returns `first` of its sort in this second, `again`, or `undefined`: not to be logged.
   */
  take(sort: string): "first" | "again" | undefined {
    const now = performance.now();
    if (this.#timer === undefined && now - this.#began >= SECOND) this.#open(now);
    const again = this.#sorts.has(sort);
    if (this.#logged < (again ? FIRST : MOST)) {
      this.#logged++;
      this.#sorts.add(sort);
      return again ? "again" : "first";
    }
    this.#left++;
    if (this.#timer === undefined) {
      this.#timer = setTimeout(this.#sumUp, this.#began + SECOND - now);
      unsaid.add(this.#sumUp);
    }
    return undefined;
  }

  #open(now: number): void {
    this.#began = now;
    this.#logged = 0;
    this.#sorts.clear();
  }

  readonly #sumUp = (): void => {
    clearTimeout(this.#timer);
    unsaid.delete(this.#sumUp);
    this.#timer = undefined;
    this.#began = -Infinity;
    const count = this.#left;
    this.#left = 0;
    this.#say(
      `and ${count.toLocaleString("en-US")} more ${this.#what}${count === 1 ? "" : "s"} within a second`,
    );
  };
}
