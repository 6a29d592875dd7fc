/**
 * Runs several loads side by side on one core, in turns of a tenth of a second: A B C A B C …
 *
 * Why: a virtual machine may change its speed by the factor of two or three every few seconds, and no number
 * of rounds of whole seconds evens that out. With turns far shorter than those states every contender
 * meets all of them alike. Each load generator runs all the time but is stopped (SIGSTOP) while it
 * is another's turn; its server then has nothing to do. Two copies of one server measured like this differ by
 * 1 to 4 %, where whole seconds in turns gave 40 %.
 *
 * Latencies measured in slices mean nothing: answers wait for a generator that is stopped.
 *
 * @module
 */
import { cpuSince, type CpuTime } from "./processes.ts";
import { parseWrk, type WrkReport } from "./wrk.ts";

/** Length of a turn in milliseconds. */
export const SLICE_MS = 100;
/** After SIGCONT a generator needs a moment before its main thread takes a signal. */
const AWAKE_MS = 20;
/** Longer than any run; a generator is ended by SIGINT, at which wrk prints its report. */
export const ENDLESS_SECONDS = 3600;

/** One load and the server that bears it. */
export interface Lane {
  /** The generator's command, which runs until SIGINT. */
  readonly command: readonly string[];
  /** CPU time that the server has used. */
  readonly cpu: () => CpuTime;
}

/** What one lane took. */
export interface LaneReport {
  /** What the generator says; its seconds are those of the clock, the others' turns included. */
  readonly report: WrkReport;
  /** Seconds that this lane had its turn. */
  readonly seconds: number;
  /** CPU time of the server. */
  readonly cpu: CpuTime;
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

class Generator {
  seconds = 0;
  readonly #command: readonly string[];
  readonly #before: CpuTime;
  readonly #lane: Lane;
  #child: Deno.ChildProcess | undefined;

  constructor(lane: Lane) {
    this.#lane = lane;
    this.#command = lane.command;
    this.#before = lane.cpu();
  }

  async turn(): Promise<void> {
    const start = performance.now();
    if (this.#child === undefined) this.#child = this.#spawn();
    else this.#child.kill("SIGCONT");
    await delay(SLICE_MS);
    this.#child.kill("SIGSTOP");
    this.seconds += (performance.now() - start) / 1000;
  }

  /** Repeats SIGINT: a thread other than the main one may take the first, and then nothing ends. */
  async end(): Promise<LaneReport> {
    const child = this.#child!;
    let ended = false;
    const output = child.output().finally(() => ended = true);
    child.kill("SIGCONT");
    for (await delay(AWAKE_MS); !ended; await delay(AWAKE_MS)) interrupt(child);
    const text = new TextDecoder().decode((await output).stdout);
    return { report: parseWrk(text), seconds: this.seconds, cpu: cpuSince(this.#before, this.#lane.cpu()) };
  }

  #spawn(): Deno.ChildProcess {
    const [program, ...args] = this.#command;
    return new Deno.Command(program!, { args, stdin: "null", stdout: "piped" }).spawn();
  }
}

function interrupt(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGINT");
  } catch {
    // It has ended since we looked.
  }
}

/**
 * Runs loads in turns.
 *
 * @param lanes The loads.
 * @param seconds How long each has its turn, summed up.
 * @returns What each took, in the same order.
 */
export async function runInTurns(lanes: readonly Lane[], seconds: number): Promise<LaneReport[]> {
  const generators = lanes.map((lane) => new Generator(lane));
  for (let turn = 0; turn < seconds * 1000 / SLICE_MS; turn++) {
    for (const generator of generators) await generator.turn();
  }
  const reports: LaneReport[] = [];
  for (const generator of generators) reports.push(await generator.end());
  return reports;
}
