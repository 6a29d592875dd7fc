/**
 * Tables of a run, as Markdown that can also be read on a terminal.
 *
 * @module
 */
import { describeGoal, judge } from "./goals.ts";
import {
  type ContenderResult,
  type Metric,
  ratio,
  type RunResult,
  type ScenarioResult,
  summary,
} from "./results.ts";

/** Lines of a Markdown table with columns of even width; numbers to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(...[cell, ...rows.map((row) => row[column]!)].map(length))
  );
  const pad = (cell: string, column: number) => {
    const space = " ".repeat(widths[column]! - length(cell));
    return column === 0 ? cell + space : space + cell;
  };
  const line = (cells: readonly string[]) => `| ${cells.map(pad).join(" | ")} |`;
  const rule = widths.map((width, column) => column === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":");
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

const length = (text: string) => [...text].length;

function figure(value: number | undefined): string {
  if (value === undefined) return "";
  return value >= 1000
    ? Math.round(value).toLocaleString("en")
    : value >= 100
    ? value.toFixed(0)
    : value.toPrecision(3);
}

/** What a scenario is about: CPU time if it was measured, else latency, else memory. */
export function mainMetric(scenario: ScenarioResult): Metric {
  const sample = scenario.contenders.find(({ samples }) => samples.length > 0)?.samples[0] ?? {};
  return (["cpu", "p99", "memory"] as const).find((metric) => sample[metric] !== undefined) ?? "cpu";
}

const COLUMNS: readonly (readonly [Metric, string])[] = [
  ["cpu", "CPU µs"],
  ["user", "of it user"],
  ["throughput", "requests/s"],
  ["p50", "p50 ms"],
  ["p99", "p99 ms"],
  ["max", "max ms"],
  ["memory", "bytes/connection"],
  ["busy", "CPU ms/s"],
  ["switches", "wake-ups/s"],
];

/**
 * The table of one scenario.
 *
 * @param scenario What was found.
 * @returns Markdown, with a line for each goal.
 */
export function scenarioReport(scenario: ScenarioResult): string {
  const columns = COLUMNS.filter(([metric]) =>
    scenario.contenders.some((c) => summary(c, metric) !== undefined)
  );
  const main = mainMetric(scenario);
  const head = [scenario.name, `${main} ratio`, "spread", ...columns.map(([, title]) => title), "peak MB"];
  const rows = scenario.contenders.map((contender) =>
    row(scenario, contender, main, columns.map(([metric]) => metric))
  );
  const notes = [
    ...judge(scenario).map(({ goal, found, met }) =>
      `- ${met ? "met" : "NOT MET"}: ${describeGoal(goal)}: ${
        found < 1000 ? found.toFixed(3) : figure(found)
      }`
    ),
    ...scenario.missing.map((who) => `- missing: ${who}`),
    ...[scenario, ...scenario.contenders].flatMap(failureOf),
    ...beside(scenario, main),
    disturbance(scenario),
  ];
  return `${scenario.about}\n\n${table(head, rows)}\n\n${notes.join("\n")}\n`;
}

/** Ours as a ratio to the other commit that ran beside it. */
function beside(scenario: ScenarioResult, metric: Metric): string[] {
  const [ours, ...others] = scenario.contenders;
  return others.filter(({ name }) => name.includes("@")).flatMap(({ name }) => {
    const found = ratio(scenario, ours!.name, name, metric);
    if (found === undefined) return [];
    const [median, min, max] = [found.median, found.min, found.max].map((value) => value.toFixed(3));
    return [`- ${metric} of this tree is ${median} of ${name} (${min}–${max})`];
  });
}

/** Above this share of the cores, what others do is larger than most differences that one looks for. */
const MUCH = 0.1;

function disturbance({ foreign }: ScenarioResult): string {
  const used = `- other programs used up to ${Math.round(foreign * 100)} % of the cores`;
  return foreign > MUCH ? `${used}: too much to trust small differences and high percentiles` : used;
}

/** Lines after the first are what a program printed. */
function failureOf({ name, failure }: { name: string; failure?: string }): string[] {
  if (failure === undefined) return [];
  const [first, ...printed] = failure.split("\n");
  const block = printed.length === 0 ? [] : ["", ...printed.map((line) => `      ${line}`), ""];
  return [`- FAILED: ${name} ${first}`, ...block];
}

function row(
  scenario: ScenarioResult,
  contender: ContenderResult,
  main: Metric,
  metrics: readonly Metric[],
): string[] {
  const baseline = scenario.contenders[1]?.name ?? "";
  const found = ratio(scenario, contender.name, baseline, main);
  const errors = contender.samples.reduce((sum, sample) => sum + (sample.errors ?? 0), 0);
  return [
    contender.title + (errors > 0 ? ` (${errors} errors)` : ""),
    found?.median.toFixed(3) ?? "",
    found ? `${found.min.toFixed(2)}–${found.max.toFixed(2)}` : "",
    ...metrics.map((metric) => figure(summary(contender, metric)?.median)),
    figure(contender.peakMemory / 1e6),
  ];
}

/**
 * The whole run.
 *
 * @param run What was found.
 * @param name File name of the chart, without its ending.
 * @returns Markdown.
 */
export function runReport(run: RunResult, name: string): string {
  const { machine, method } = run;
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`).join(", ");
  return `# Load bench of ${run.date.slice(0, 10)}, commit ${run.commit}

${machine.cpus} CPUs (${machine.cpu}), ${
    Math.round(machine.memory / 2 ** 30)
  } GiB, ${machine.kernel}; ${versions}.
${method.rounds} rounds of ${method.seconds} s for each contender; cores of server and load: ${method.cores}; load average
at the start ${
    machine.load.toFixed(2)
  }. Ratios are to the second line of each table, median of all rounds, with the
smallest and the largest beside it.

![The chart of this run](${name}.svg)
${run.left?.length ? `\nNot finished, or not begun: ${run.left.join(", ")}.\n` : ""}
${run.scenarios.map((scenario) => `## ${scenario.name}\n\n${scenarioReport(scenario)}`).join("\n")}`;
}
