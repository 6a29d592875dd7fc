/**
 * What Archangel is to reach, as ratios to a rival of the same run.
 *
 * @module
 */
import { type Metric, ratio, type ScenarioResult, summary } from "./results.ts";
import type { Spread } from "./statistics.ts";

/** One goal. */
export interface Goal {
  /** Scenario. */
  readonly scenario: string;
  /** Contender that has to reach it. Default: `archangel`. */
  readonly name?: string;
  /** Whom it is compared with; the figure itself counts if left out. */
  readonly rival?: string;
  /** What is compared. */
  readonly metric: Metric;
  /** Largest ratio allowed. */
  readonly atMost?: number;
  /** Smallest ratio allowed. */
  readonly atLeast?: number;
}

const cpu = (scenario: string, atMost: number, rival = "deno_serve", name = "archangel"): Goal => ({
  scenario,
  name,
  rival,
  metric: "cpu",
  atMost,
});
const p99 = (scenario: string, atMost: number): Goal => ({
  scenario,
  rival: "deno_serve",
  metric: "p99",
  atMost,
});

/** All goals. */
export const GOALS: readonly Goal[] = [
  cpu("hello-64", 1.10),
  cpu("hello-64", 1.00, "hono"),
  p99("hello-64", 1.5),
  cpu("browser", 0.72, "hono"),
  cpu("browser", 0.78),
  p99("browser", 1.5),
  cpu("pipelined", 0.15),
  cpu("pipelined", 0.21, "deno_serve", "archangel_generator"),
  cpu("echo", 0.50),
  cpu("limited-conn", 1.20),
  cpu("upload", 0.9),
  cpu("stream", 0.20),
  cpu("stream-waits", 1.0),
  cpu("static-64k", 0.9),
  cpu("static-1m", 0.9),
  p99("fairness-256", 3),
  p99("fairness-512", 3),
  { scenario: "fcgi", name: "archangel_fcgi", rival: "deno_proxied", metric: "throughput", atLeast: 1 },
  { scenario: "idle", metric: "memory", atMost: 8192 },
  // A timer that runs while nothing is pending shows as one wake-up a second or more.
  { scenario: "idle", metric: "switches", atMost: 0.5 },
  { scenario: "parallel", rival: "deno_parallel", metric: "throughput", atLeast: 1 },
];

/** A goal and what was found. */
export interface Verdict {
  /** The goal. */
  readonly goal: Goal;
  /** The median ratio. */
  readonly found: number;
  /** Whether it holds. */
  readonly met: boolean;
}

/**
 * Judges a scenario.
 *
 * @param scenario What was found.
 * @returns A verdict for each of its goals whose contenders took part.
 */
export function judge(scenario: ScenarioResult): Verdict[] {
  return GOALS.filter((goal) => goal.scenario === scenario.name).flatMap((goal) => {
    const found = find(scenario, goal)?.median;
    if (found === undefined) return [];
    return [{ goal, found, met: found <= (goal.atMost ?? Infinity) && found >= (goal.atLeast ?? 0) }];
  });
}

function find(scenario: ScenarioResult, { name = "archangel", rival, metric }: Goal): Spread | undefined {
  if (rival !== undefined) return ratio(scenario, name, rival, metric);
  const contender = scenario.contenders.find((contender) => contender.name === name);
  return contender && summary(contender, metric);
}

/** A goal in words: `archangel cpu ≤ 1.1 × hono`. */
export function describeGoal({ metric, rival, atMost, atLeast, name }: Goal): string {
  const bound = atMost === undefined ? `≥ ${atLeast}` : `≤ ${atMost}`;
  return `${name ?? "archangel"} ${metric} ${bound}${rival === undefined ? "" : ` × ${rival}`}`;
}
