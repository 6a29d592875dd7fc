/**
 * Runs several loads side by side on one core, in short turns: A B C A B C …
 *
 * Why: a virtual machine may change its speed by the factor of two or three every few seconds, and no number
 * of rounds of whole seconds evens that out. With turns far shorter than those states every contender
 * meets all of them alike. Each load generator runs all the time but is stopped (SIGSTOP) while it
 * is another's turn; its server then has nothing to do. Two copies of one server measured like this differ by
 * 1 to 4 %, where whole seconds in turns gave 40 %. `bench/README.md` has figures for turns of other lengths.
 *
 * Latencies measured in slices mean nothing: answers wait for a generator that is stopped.
 *
 * @module
 */
import { delay } from "../../tests/support/delay.ts";
import { cpuSince, type CpuTime } from "./processes.ts";
import { outputOf, parseWrk, type WrkReport } from "./wrk.ts";

/** After SIGCONT a generator needs a moment before its main thread takes a signal. */
const AWAKE_MS = 20;
/** Longer than any run; a generator is ended by SIGINT, at which wrk prints its report. */
export const ENDLESS_SECONDS = 3600;

/** One load and the server that bears it. */
export interface SlicedLoad {
  /** The generator's command, which runs until SIGINT. */
  readonly command: readonly string[];
  /** CPU time that the server has used. */
  readonly cpu: () => CpuTime;
}

/** What one load took. */
export interface SliceReport {
  /** What the generator says; its seconds are those of the clock, the others' turns included. */
  readonly report: WrkReport;
  /** Seconds that the generator ran: its turns, and until it has ended. */
  readonly seconds: number;
  /** CPU time of the server. */
  readonly cpu: CpuTime;
}

class Generator {
  #seconds = 0;
  readonly #command: readonly string[];
  readonly #before: CpuTime;
  readonly #load: SlicedLoad;
  #child: Deno.ChildProcess | undefined;
  #output: Promise<Deno.CommandOutput> | undefined;
  /** When the generator ended, if it has. */
  #ended: number | undefined;

  constructor(load: SlicedLoad) {
    this.#load = load;
    this.#command = load.command;
    this.#before = load.cpu();
  }

  /** Nothing happens if the generator has ended: `end()` says so. */
  async turn(length: number): Promise<void> {
    if (this.#ended !== undefined) return;
    const start = performance.now();
    if (this.#child === undefined) this.#spawn();
    else this.#signal("SIGCONT");
    await delay(length * 1000);
    this.#signal("SIGSTOP");
    this.#seconds += (performance.now() - start) / 1000;
  }

  /**
   * Repeats SIGINT: a thread other than the main one may take the first, and then nothing ends. wrk looks
   * only every 100 ms whether it is to end, and goes on until then: that time counts as well.
   *
   * @throws {Error} If the generator has ended by itself, or is no wrk; with what it says.
   */
  async end(): Promise<SliceReport> {
    const byItself = this.#ended !== undefined;
    const start = performance.now();
    this.#signal("SIGCONT");
    for (await delay(AWAKE_MS); this.#ended === undefined; await delay(AWAKE_MS)) this.#signal("SIGINT");
    const text = outputOf(this.#command, await this.#output!);
    if (byItself) throw new Error(`Its load ended before it was told to:\n${text}`);
    const seconds = this.#seconds + (this.#ended - start) / 1000;
    return { report: parseWrk(text), seconds, cpu: cpuSince(this.#before, this.#load.cpu()) };
  }

  #spawn(): void {
    const [program, ...args] = this.#command;
    this.#child = new Deno.Command(program!, { args, stdin: "null", stdout: "piped", stderr: "piped" })
      .spawn();
    this.#output = this.#child.output().finally(() => this.#ended = performance.now());
    // Whoever cares asks in `end()`, which may be seconds later.
    this.#output.catch(() => {});
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child?.kill(signal);
    } catch {
      // It has ended since we looked.
    }
  }
}

/**
 * Runs loads in turns. One whose generator fails does not keep the others from going on.
 *
 * @param loads The loads.
 * @param seconds How long each has its turn, summed up.
 * @param turn Seconds of one turn.
 * @returns What each took, or why it failed, in the same order.
 */
export async function runInTurns(
  loads: readonly SlicedLoad[],
  seconds: number,
  turn = 0.1,
): Promise<PromiseSettledResult<SliceReport>[]> {
  const generators = loads.map((load) => new Generator(load));
  // A little less than a turn that is left is the rounding of floating point.
  for (let run = 0; run < seconds / turn - 0.01; run++) {
    for (const generator of generators) await generator.turn(turn);
  }
  const outcomes: PromiseSettledResult<SliceReport>[] = [];
  for (const generator of generators) outcomes.push(...await Promise.allSettled([generator.end()]));
  return outcomes;
}
