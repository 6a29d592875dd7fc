/**
 * What Archangel is to reach, as ratios to a rival of the same run.
 *
 * @module
 */
import { type Metric, ratio, type ScenarioResult } from "./results.ts";

/** One goal. */
export interface Goal {
  /** Scenario. */
  readonly scenario: string;
  /** Contender that has to reach it. Default: `archangel`. */
  readonly name?: string;
  /** Whom it is compared with. */
  readonly rival: string;
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
    const found = ratio(scenario, goal.name ?? "archangel", goal.rival, goal.metric)?.median;
    if (found === undefined) return [];
    return [{ goal, found, met: found <= (goal.atMost ?? Infinity) && found >= (goal.atLeast ?? 0) }];
  });
}

/** A goal in words: `cpu ≤ 1.10 × hono`. */
export function describeGoal({ metric, rival, atMost, atLeast, name }: Goal): string {
  const bound = atMost === undefined ? `≥ ${atLeast!.toFixed(2)}` : `≤ ${atMost.toFixed(2)}`;
  return `${name ?? "archangel"} ${metric} ${bound} × ${rival}`;
}
