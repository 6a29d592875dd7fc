/**
 * A chart of a run: for each scenario one bar a contender, its ratio to the baseline, with the spread as a thin
 * line. SVG written by hand, since it is a few rectangles; its colours follow the reader's light or dark
 * mode. It brings its own paper, since a page may not be as light or dark as its reader's mode.
 *
 * @module
 */
import { mainMetric } from "./report.ts";
import { type ContenderResult, type Metric, ratio, type RunResult, type ScenarioResult } from "./results.ts";
import type { Spread } from "./statistics.ts";

const WIDTH = 860;
const LEFT = 250;
const BAR = 15;
const GAP = 5;
const TITLE = 26;
const TOP = 64;
const RIGHT = 90;

/** Ratios above this are cut off, or one slow rival would flatten all other bars. */
const LARGEST = 3;

const STYLE = `
  .paper { fill: #fff }
  text { font: 12px system-ui, sans-serif; fill: #24292f; paint-order: stroke; stroke: #fff; stroke-width: 3px }
  .title { font-weight: 600 }
  .head { font-size: 16px; font-weight: 600 }
  .soft { fill: #6e7781 }
  .bar { fill: #afb8c1 }
  .ours { fill: #0969da }
  .spread { stroke: #24292f; stroke-opacity: .55 }
  .one { stroke: #6e7781; stroke-dasharray: 3 3 }
  @media (prefers-color-scheme: dark) {
    .paper { fill: #0d1117 }
    text { fill: #e6edf3; stroke: #0d1117 }
    .soft { fill: #9198a1 }
    .bar { fill: #57606a }
    .ours { fill: #4493f8 }
    .spread { stroke: #e6edf3 }
    .one { stroke: #9198a1 }
  }`;

const NAMES: Partial<Record<Metric, string>> = {
  cpu: "CPU time for a request",
  p99: "99th percentile of latency",
  memory: "memory for a connection",
};

const x = (value: number) => LEFT + Math.min(value, LARGEST) / LARGEST * (WIDTH - LEFT - RIGHT);
const round = (value: number) => Math.round(value * 10) / 10;

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function bar(contender: ContenderResult, { median, min, max }: Spread, y: number): string {
  const style = contender.name.startsWith("archangel") ? "bar ours" : "bar";
  const middle = y + BAR / 2;
  const label = (median > LARGEST ? "→ " : "") + median.toFixed(2);
  return `<text x="${LEFT - 8}" y="${middle + 4}" text-anchor="end">${escape(contender.title)}</text>
<rect class="${style}" x="${LEFT}" y="${y}" width="${round(x(median) - LEFT)}" height="${BAR}" rx="2"/>
<line class="spread" x1="${round(x(min))}" x2="${round(x(max))}" y1="${middle}" y2="${middle}"/>
<text x="${round(x(Math.max(median, Math.min(max, LARGEST))) + 6)}" y="${middle + 4}">${label}</text>`;
}

/** One scenario, drawn from `y` downwards. Returns where the next one begins. */
function group(scenario: ScenarioResult, y: number): { svg: string; end: number } {
  const metric = mainMetric(scenario);
  const baseline = scenario.contenders[1]?.name ?? "";
  const bars: string[] = [];
  let at = y + TITLE;
  for (const contender of scenario.contenders) {
    const found = ratio(scenario, contender.name, baseline, metric);
    if (found === undefined) continue;
    bars.push(bar(contender, found, at));
    at += BAR + GAP;
  }
  const one = round(x(1));
  const svg = `<text class="title" x="16" y="${y + 16}">${escape(scenario.name)}
<tspan class="soft" font-weight="400"> ${escape(scenario.about)}: ${NAMES[metric]}</tspan></text>
<line class="one" x1="${one}" x2="${one}" y1="${y + TITLE - 3}" y2="${at - GAP + 3}"/>
${bars.join("\n")}`;
  return { svg, end: at + 10 };
}

/**
 * Draws a run.
 *
 * @param run What was found.
 * @returns An SVG document.
 */
export function drawChart(run: RunResult): string {
  const groups: string[] = [];
  let y = TOP;
  for (const scenario of run.scenarios) {
    const { svg, end } = group(scenario, y);
    groups.push(svg);
    y = end;
  }
  const { machine, date, commit } = run;
  const subtitle = `commit ${commit}, ${date.slice(0, 10)}, Deno ${
    machine.versions["Deno"]
  }, ${machine.cpus} × ${machine.cpu}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y + 6}" width="${WIDTH}" height="${
    y + 6
  }">
<title>Archangel and its rivals: ratio to the baseline, shorter is better</title>
<style>${STYLE}
</style>
<rect class="paper" width="100%" height="100%"/>
<text class="head" x="16" y="26">Ratio to the second line of each group, shorter is better</text>
<text class="soft" x="16" y="46">${escape(subtitle)}</text>
${groups.join("\n")}
</svg>
`;
}
