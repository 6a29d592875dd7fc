/**
 * The rounds of one scenario: who runs when, and what is written down.
 *
 * All contenders are started and warmed up first. In a round they take turns of a tenth of a second
 * (`slices.ts`), in another order every time; before that, where latency counts, each has the machine for
 * itself. Where connections are only held, every round begins with new processes, for memory that was used
 * once is not given back.
 *
 * Who fails keeps the samples of the rounds before, and has no part in those that follow.
 *
 * @module
 */
import { hold } from "./held.ts";
import { audition, type Bench, coresOf, type Entry, type Lane, orFail, withLanes } from "./lanes.ts";
import { busySeconds, driverSeconds } from "./processes.ts";
import { latencies, type Sample, type ScenarioResult } from "./results.ts";
import type { Scenario, Watch } from "./scenarios.ts";
import { pinned } from "./server_process.ts";
import { ENDLESS_SECONDS, runInTurns } from "./slices.ts";
import { outputOf, parseWrk, wrkCommand } from "./wrk.ts";

const WARM_UP_SECONDS = 5;
/** Held connections use so little that a shorter look would see nothing. */
const BRIEFLY: Watch = { settle: 2, look: 5 };

/** The load of one contender on its own, for whole seconds. */
async function runAlone(scenario: Scenario, lane: Lane, seconds: number, bench: Bench): Promise<Sample> {
  const command = pinned(
    coresOf(scenario, bench).load,
    wrkCommand(scenario.load, lane.url, Math.ceil(seconds)),
  );
  const [program, ...args] = command;
  const output = await new Deno.Command(program!, { args, stdin: "null" }).output();
  const report = parseWrk(outputOf(command, output));
  return { ...latencies(report), throughput: report.requests / report.seconds };
}

async function runSliced(
  scenario: Scenario,
  lanes: readonly Lane[],
  bench: Bench,
): Promise<PromiseSettledResult<Sample>[]> {
  const { load } = coresOf(scenario, bench);
  const turns = lanes.map(({ url, server }) => ({
    command: pinned(load, wrkCommand(scenario.load, url, ENDLESS_SECONDS, false)),
    cpu: () => server.cpu(),
  }));
  const outcomes = await runInTurns(turns, bench.options.seconds, bench.options.turn);
  return outcomes.map((outcome) => {
    if (outcome.status === "rejected") return outcome;
    const { report, seconds, cpu } = outcome.value;
    const value = {
      cpu: cpu.total * 1e6 / report.requests,
      user: cpu.user / (cpu.user + cpu.system),
      throughput: report.requests / seconds,
      errors: report.errors,
    };
    return { status: "fulfilled", value };
  });
}

/** What each contender did in a round; who failed is not in it, or in part. */
type Samples = Map<Lane, Sample>;

async function addLatencies(
  samples: Samples,
  scenario: Scenario,
  when: string,
  bench: Bench,
): Promise<void> {
  for (const lane of samples.keys()) {
    const sample = await orFail(lane, when, () => runAlone(scenario, lane, bench.options.seconds, bench));
    if (sample !== undefined) samples.set(lane, sample);
  }
}

async function addSliced(samples: Samples, scenario: Scenario, when: string, bench: Bench): Promise<void> {
  const lanes = [...samples.keys()].filter(({ entry }) => entry.fit);
  const outcomes = await runSliced(scenario, lanes, bench);
  await addOutcomes(samples, lanes, outcomes, when);
}

async function addHeld(samples: Samples, scenario: Scenario, when: string, bench: Bench): Promise<void> {
  const { load: { connections }, watch = BRIEFLY } = scenario;
  const lanes = [...samples.keys()];
  const { load } = coresOf(scenario, bench);
  await addOutcomes(samples, lanes, await hold(lanes, connections, watch, load), when);
}

async function addOutcomes(
  samples: Samples,
  lanes: readonly Lane[],
  outcomes: readonly PromiseSettledResult<Sample>[],
  when: string,
): Promise<void> {
  for (const [i, lane] of lanes.entries()) {
    const sample = await orFail(lane, when, () => settled(outcomes[i]!));
    const before = samples.get(lane)!;
    if (sample === undefined) continue;
    const errors = (before.errors ?? 0) + (sample.errors ?? 0);
    samples.set(lane, { ...before, ...sample, errors });
  }
}

function settled<T>(outcome: PromiseSettledResult<T>): T {
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}

/** One round, in an order of its own, so that nobody always comes first. */
async function sampleAll(
  scenario: Scenario,
  lanes: readonly Lane[],
  round: number,
  bench: Bench,
): Promise<Samples> {
  const turn = round % lanes.length;
  const order = [...lanes.slice(turn), ...lanes.slice(0, turn)];
  const samples: Samples = new Map(order.map((lane) => [lane, {}]));
  const before = new Map(order.map((lane) => [lane, lane.server.pids]));
  const when = `in round ${round + 1}`;
  const { measures } = scenario;
  if (measures.includes("held")) await addHeld(samples, scenario, when, bench);
  if (measures.includes("latency")) await addLatencies(samples, scenario, when, bench);
  if (measures.includes("cpu")) await addSliced(samples, scenario, when, bench);
  for (const lane of lanes.filter(({ entry }) => entry.fit)) {
    await orFail(lane, when, () => lane.server.check(before.get(lane)));
  }
  return samples;
}

/** How much of the cores of servers and load other programs use. */
class Others {
  readonly #lanes: readonly Lane[];
  readonly #cores: readonly number[];
  readonly #before: { used: number; time: number };

  constructor(lanes: readonly Lane[], { options: { serverCores, loadCores } }: Bench) {
    this.#lanes = lanes;
    this.#cores = [...new Set([...coreNumbers(serverCores), ...coreNumbers(loadCores)])];
    this.#before = this.#look();
  }

  /** The share since the beginning, from 0 to 1. */
  share(): number {
    const { used, time } = this.#look();
    const seconds = (time - this.#before.time) / 1000 * this.#cores.length;
    return Math.max(0, used - this.#before.used) / seconds;
  }

  #look() {
    const servers = this.#lanes.reduce((sum, { server }) => sum + server.cpu().total, 0);
    return { used: busySeconds(this.#cores) - servers - driverSeconds(), time: performance.now() };
  }
}

/** The numbers in a list of cores as `taskset -c` takes it: `0,2-3`. */
function coreNumbers(list: string): number[] {
  return list.split(",").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number) as [number, number?];
    return Array.from({ length: last! - first + 1 }, (_, i) => first + i);
  });
}

function describe(entries: readonly Entry[]): string {
  return entries.filter(({ fit }) => fit).map(({ result: { name, samples } }) => {
    const { cpu, p99, memory } = samples.at(-1)!;
    if (cpu !== undefined) return `${name} ${cpu.toFixed(2)} µs`;
    return `${name} ${memory === undefined ? `p99 ${p99?.toFixed(3)} ms` : `${Math.round(memory)} bytes`}`;
  }).join(", ");
}

/** Runs a round and writes down what it brought; of who failed in it, nothing. */
async function writeRound(
  found: ScenarioResult,
  scenario: Scenario,
  lanes: readonly Lane[],
  round: number,
  bench: Bench,
): Promise<void> {
  const fit = lanes.filter(({ entry }) => entry.fit);
  if (fit.length === 0) return;
  const others = new Others(fit, bench);
  const samples = await sampleAll(scenario, fit, round, bench);
  const left = fit.filter(({ entry }) => entry.fit);
  for (const lane of left) {
    const { result } = lane.entry;
    result.samples.push(samples.get(lane)!);
    result.peakMemory = Math.max(result.peakMemory, lane.server.peakMemory());
  }
  // What a process used that has ended would be taken for the use of others.
  if (left.length === fit.length) found.foreign = Math.max(found.foreign, others.share());
  bench.say(`  round ${round + 1}: ${describe(left.map(({ entry }) => entry))}`);
}

/**
 * Measures one scenario. Nobody's failure ends it: whoever does not start, answers wrong, ends, or whose load
 * breaks off, is out, and the result says so.
 *
 * @param scenario The scenario.
 * @param bench The run.
 * @param found Filled in round by round.
 */
export async function measureScenario(
  scenario: Scenario,
  bench: Bench,
  found: ScenarioResult,
): Promise<void> {
  const { entries, missing } = await audition(scenario, bench);
  found.contenders = entries.map(({ result }) => result);
  found.missing = missing;
  const rounds = Array.from({ length: bench.options.rounds }, (_, round) => round);
  if (scenario.measures.includes("held")) {
    for (const round of rounds) {
      await withLanes(entries, scenario, bench, (lanes) => writeRound(found, scenario, lanes, round, bench));
    }
    return;
  }
  await withLanes(entries, scenario, bench, async (lanes) => {
    for (const lane of lanes) {
      await orFail(lane, "while warming up", () => runAlone(scenario, lane, WARM_UP_SECONDS, bench));
    }
    for (const round of rounds) await writeRound(found, scenario, lanes, round, bench);
  });
}
