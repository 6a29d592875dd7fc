import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { drawChart } from "../../bench/load/chart.ts";
import { RIVALS } from "../../bench/load/rivals.ts";
import { SCENARIOS } from "../../bench/load/scenarios.ts";
import { HELLO, RUN } from "./sample_run.ts";

const bars = (svg: string) =>
  [...svg.matchAll(/<rect class="(bar[^"]*)" x="(\d+)" y="(\d+)" width="([\d.]+)"/g)].map((
    [, style, x, y, width],
  ) => ({
    style,
    x: Number(x),
    y: Number(y),
    width: Number(width),
  }));

Deno.test("drawChart() draws one bar a contender, as long as its ratio", () => {
  const [ours, baseline, hono] = bars(drawChart(RUN));
  assertEquals(bars(drawChart(RUN)).length, 4);
  assertEquals(Math.round(ours!.width / baseline!.width * 100), 120);
  assertEquals(ours!.width, hono!.width);
  assertEquals([ours!.style, baseline!.style], ["bar ours", "bar"]);
});

Deno.test("drawChart() cuts off very long bars and says so", () => {
  const svg = drawChart(RUN);
  const [, , , node] = bars(svg);
  assertStringIncludes(svg, ">→ 10.00<");
  assertEquals(Math.round(node!.width / bars(svg)[1]!.width), 3);
});

Deno.test("drawChart() puts nothing outside its frame and no bar upon another", () => {
  const svg = drawChart({ ...RUN, scenarios: [HELLO, HELLO] });
  const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number);
  const ys = bars(svg).map((bar) => bar.y);
  assertEquals(bars(svg).every((bar) => bar.x + bar.width < width! && bar.y + 15 < height!), true);
  assertEquals(ys, ys.toSorted((a, b) => a - b));
  assertEquals(ys.every((y, i) => i === 0 || y - ys[i - 1]! >= 15), true);
});

Deno.test("drawChart() escapes text and follows light and dark mode", () => {
  const svg = drawChart(RUN);
  assertStringIncludes(svg, "Hono &lt;on&gt; Deno.serve");
  assertStringIncludes(svg, "A &amp; B");
  assertMatch(svg, /@media \(prefers-color-scheme: dark\)/);
});

Deno.test("drawChart() has room for the longest title beside the bars", () => {
  const titles = [...SCENARIOS.flatMap(({ contenders }) => contenders), ...Object.values(RIVALS)]
    .map(({ title }) => title ?? "");
  const { x } = bars(drawChart(RUN))[0]!;
  // Letters of 12 px are 7 px wide on average, in a wide font.
  for (const title of titles) assert(title.length * 7 + 8 < x, title);
});
