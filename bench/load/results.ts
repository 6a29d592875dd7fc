/**
 * What a run found: plain data, stored as JSON, from which tables and chart are made.
 *
 * @module
 */
import type { WrkReport } from "./wrk.ts";
import { ratios, type Spread, spread } from "./statistics.ts";

/** What one contender did in one round. What was not measured is left out. */
export interface Sample {
  /** CPU microseconds for a request or an event, user and system, of all processes of the server. */
  readonly cpu?: number;
  /** The part of `cpu` that is user time, from 0 to 1. */
  readonly user?: number;
  /** Requests a second. */
  readonly throughput?: number;
  /** Median latency in milliseconds. */
  readonly p50?: number;
  /** 99th percentile of the latency in milliseconds. */
  readonly p99?: number;
  /** Largest latency in milliseconds. */
  readonly max?: number;
  /** Resident memory for a connection in bytes. */
  readonly memory?: number;
  /** CPU milliseconds used in a second. */
  readonly busy?: number;
  /** How often in a second a thread of the server was given a CPU. */
  readonly switches?: number;
  /** Answers that were wrong and connections that failed. */
  readonly errors?: number;
}

/** What can be compared. */
export type Metric = Exclude<keyof Sample, "errors">;

/** One contender in one scenario. */
export interface ContenderResult {
  /** Its name. */
  readonly name: string;
  /** Its name for readers. */
  readonly title: string;
  /** One a round, in the order of the rounds; none after it failed. */
  readonly samples: Sample[];
  /** Peak resident memory of all its processes in bytes. */
  peakMemory: number;
  /** Why it took no further part, if so. */
  failure?: string;
}

/** One scenario. */
export interface ScenarioResult {
  /** Its name. */
  readonly name: string;
  /** What it is. */
  readonly about: string;
  /** Ours first, then the baseline, then the others. */
  contenders: readonly ContenderResult[];
  /** Whose programs are not installed. */
  missing: readonly string[];
  /** Share of the cores of servers and load that other programs used, from 0 to 1, in the worst round. */
  foreign: number;
  /** Why it could not be measured at all, if so. */
  failure?: string;
}

/** The machine of a run. */
export interface Machine {
  /** Model of the CPU. */
  readonly cpu: string;
  /** Number of CPUs. */
  readonly cpus: number;
  /** Memory in bytes. */
  readonly memory: number;
  /** Kernel. */
  readonly kernel: string;
  /** Versions of the programs that took part. */
  readonly versions: Readonly<Record<string, string>>;
  /** Load average of the last minute when the run began. */
  readonly load: number;
}

/** A whole run. */
export interface RunResult {
  /** When it began, ISO 8601. */
  readonly date: string;
  /** Commit, with `+` behind it if files were changed. */
  readonly commit: string;
  /** Where it ran. */
  readonly machine: Machine;
  /** Rounds and seconds for each contender and round. */
  readonly method: { readonly rounds: number; readonly seconds: number; readonly cores: string };
  /** What was found. */
  readonly scenarios: ScenarioResult[];
  /** Scenarios that were to be run and were not, or not to their end. */
  left?: readonly string[];
}

/** The figures of one contender, one a round; NaN where it was not measured. */
export function series(contender: ContenderResult, metric: Metric): number[] {
  return contender.samples.map((sample) => sample[metric] ?? NaN);
}

/** Median and spread of one contender. */
export function summary(contender: ContenderResult, metric: Metric): Spread | undefined {
  return spread(series(contender, metric));
}

/**
 * How one contender compares with another of the same scenario.
 *
 * @param scenario The scenario.
 * @param name The one.
 * @param rival The other.
 * @param metric What to compare.
 * @returns Ratios round by round; `undefined` if one of the two did not take part.
 */
export function ratio(
  scenario: ScenarioResult,
  name: string,
  rival: string,
  metric: Metric,
): Spread | undefined {
  const one = scenario.contenders.find((contender) => contender.name === name);
  const other = scenario.contenders.find((contender) => contender.name === rival);
  return one && other && ratios(series(one, metric), series(other, metric));
}

/** Latencies and errors of a report. */
export function latencies({ p50, p99, max, errors }: WrkReport): Sample {
  return { p50, p99, max, errors };
}

/** File name of a run: when it began, to the second, and its commit. */
export function fileName({ date, commit }: RunResult): string {
  return `${date.slice(0, 19).replaceAll(":", "")}-${commit}`;
}

/** The newest stored run, if there is one. */
export function newestResult(folder: string): RunResult | undefined {
  Deno.mkdirSync(folder, { recursive: true });
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) =>
    name.endsWith(".json")
  );
  const newest = names.toSorted().at(-1);
  return newest === undefined ? undefined : JSON.parse(Deno.readTextFileSync(`${folder}/${newest}`));
}
