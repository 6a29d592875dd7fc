/**
 * The rounds of one scenario: who runs when, and what is written down.
 *
 * All contenders are started and warmed up first. In a round they take turns of a tenth of a second
 * (`slices.ts`), in another order every time; before that, where latency counts, each has the machine for
 * itself. Where connections are only held, every round begins with new processes, for memory that was used
 * once is not given back.
 *
 * @module
 */
import { hold } from "./held.ts";
import { audition, type Bench, coresOf, type Lane, withLanes } from "./lanes.ts";
import { busySeconds } from "./processes.ts";
import { type ContenderResult, latencies, type Sample, type ScenarioResult } from "./results.ts";
import type { Scenario } from "./scenarios.ts";
import { pinned } from "./server_process.ts";
import { ENDLESS_SECONDS, runInTurns } from "./slices.ts";
import { parseWrk, wrkCommand } from "./wrk.ts";

const WARM_UP_SECONDS = 2;
/** Held connections use so little that a shorter look would see nothing. */
const HELD_SECONDS = 5;

/** Hears of every round. */
export type Progress = (line: string) => void;

/** The load of one contender on its own, for whole seconds. */
async function runAlone(scenario: Scenario, lane: Lane, seconds: number, bench: Bench): Promise<Sample> {
  const command = wrkCommand(scenario.load, lane.url, Math.ceil(seconds));
  const [program, ...args] = pinned(coresOf(scenario, bench).load, command);
  const { stdout } = await new Deno.Command(program!, { args, stdin: "null" }).output();
  const report = parseWrk(new TextDecoder().decode(stdout));
  return { ...latencies(report), throughput: report.requests / report.seconds };
}

async function runSliced(scenario: Scenario, lanes: readonly Lane[], bench: Bench): Promise<Sample[]> {
  const { load } = coresOf(scenario, bench);
  const turns = lanes.map(({ url, server }) => ({
    command: pinned(load, wrkCommand(scenario.load, url, ENDLESS_SECONDS, false)),
    cpu: () => server.cpu(),
  }));
  const reports = await runInTurns(turns, bench.options.seconds);
  return reports.map(({ report, seconds, cpu }) => ({
    cpu: cpu.total * 1e6 / report.requests,
    user: cpu.user / (cpu.user + cpu.system),
    throughput: report.requests / seconds,
    errors: report.errors,
  }));
}

/** One round of requests. */
async function requestRound(scenario: Scenario, lanes: readonly Lane[], bench: Bench): Promise<Sample[]> {
  const samples: Sample[] = lanes.map(() => ({}));
  if (scenario.measures.includes("latency")) {
    for (const [i, lane] of lanes.entries()) {
      samples[i] = await runAlone(scenario, lane, bench.options.seconds, bench);
    }
  }
  if (!scenario.measures.includes("cpu")) return samples;
  const sliced = await runSliced(scenario, lanes, bench);
  return sliced.map((sample, i) => ({
    ...samples[i],
    ...sample,
    errors: (samples[i]!.errors ?? 0) + (sample.errors ?? 0),
  }));
}

/** Runs a round in an order of its own, so that nobody always comes first. */
async function rotated(
  lanes: readonly Lane[],
  round: number,
  run: (order: readonly Lane[]) => Promise<Sample[]>,
): Promise<Sample[]> {
  const turn = round % lanes.length;
  const samples = await run([...lanes.slice(turn), ...lanes.slice(0, turn)]);
  return [...samples.slice(lanes.length - turn), ...samples.slice(0, lanes.length - turn)];
}

/** Share of the servers' cores that other programs used while `run` ran. */
async function watchOthers(lanes: readonly Lane[], bench: Bench, run: () => Promise<void>): Promise<number> {
  const cores = bench.options.serverCores.split(",").map(Number);
  const used = () => lanes.reduce((sum, { server }) => sum + server.cpu().total, 0);
  const start = { time: performance.now(), busy: busySeconds(cores), used: used() };
  await run();
  const seconds = (performance.now() - start.time) / 1000 * cores.length;
  return Math.max(0, busySeconds(cores) - start.busy - (used() - start.used)) / seconds;
}

function describe(results: readonly ContenderResult[]): string {
  return results.map(({ name, samples }) => {
    const { cpu, p99, memory } = samples.at(-1)!;
    if (cpu !== undefined) return `${name} ${cpu.toFixed(2)} µs`;
    return `${name} ${memory === undefined ? `p99 ${p99} ms` : `${Math.round(memory)} bytes`}`;
  }).join(", ");
}

/**
 * Measures one scenario.
 *
 * @param scenario The scenario.
 * @param bench The run.
 * @param progress Told of every round.
 * @returns What was found.
 * @throws {Error} If a contender does not start or answers wrong.
 */
export async function measureScenario(
  scenario: Scenario,
  bench: Bench,
  progress: Progress,
): Promise<ScenarioResult> {
  const { present, missing } = await audition(scenario, bench);
  const contenders = present.map(({ name, title }): ContenderResult => ({
    name,
    title,
    samples: [],
    peakMemory: 0,
  }));
  const foreign: number[] = [];
  const roundOf = async (lanes: readonly Lane[], round: number) => {
    foreign.push(
      await watchOthers(lanes, bench, async () => {
        const samples = await rotated(lanes, round, (order) => sampleAll(scenario, order, bench));
        for (const [i, contender] of contenders.entries()) contender.samples.push(samples[i]!);
      }),
    );
    for (const [i, { server }] of lanes.entries()) {
      contenders[i]!.peakMemory = Math.max(contenders[i]!.peakMemory, server.peakMemory());
    }
    progress(`  round ${round + 1}: ${describe(contenders)}`);
  };
  const rounds = Array.from({ length: bench.options.rounds }, (_, round) => round);
  if (scenario.measures.includes("held")) {
    for (const round of rounds) {
      await withLanes(present, scenario, bench, (lanes) => roundOf(lanes, round));
    }
  } else {
    await withLanes(present, scenario, bench, async (lanes) => {
      for (const lane of lanes) await runAlone(scenario, lane, WARM_UP_SECONDS, bench);
      for (const round of rounds) await roundOf(lanes, round);
    });
  }
  const { name, about } = scenario;
  return { name, about, contenders, missing, foreign: foreign.reduce((a, b) => a + b, 0) / foreign.length };
}

function sampleAll(scenario: Scenario, lanes: readonly Lane[], bench: Bench): Promise<Sample[]> {
  if (!scenario.measures.includes("held")) return requestRound(scenario, lanes, bench);
  const seconds = Math.max(HELD_SECONDS, bench.options.seconds);
  return hold(lanes, scenario.load.connections, seconds, coresOf(scenario, bench).load);
}
