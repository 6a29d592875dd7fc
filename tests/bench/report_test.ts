import { assertEquals, assertStringIncludes } from "@std/assert";
import { compareWithStored } from "../../bench/load/compare.ts";
import { GOALS, judge } from "../../bench/load/goals.ts";
import { runReport, scenarioReport, table } from "../../bench/load/report.ts";
import { fileName } from "../../bench/load/results.ts";
import { SCENARIOS } from "../../bench/load/scenarios.ts";
import { HELLO, RUN } from "./sample_run.ts";

Deno.test("table() aligns names to the left and figures to the right", () => {
  assertEquals(
    table(["who", "µs"], [["a", "1.5"], ["longer", "10"]]),
    "| who    |  µs |\n| ------ | --: |\n| a      | 1.5 |\n| longer |  10 |",
  );
});

Deno.test("judge() says of each goal whether the median ratio reaches it", () => {
  assertEquals(
    judge(HELLO).map(({ goal: { metric, rival }, found, met }) => [metric, rival, found, met]),
    [["cpu", "deno_serve", 1.2, false], ["cpu", "hono", 1, true], ["p99", "deno_serve", 1, true]],
  );
});

Deno.test("judge() passes over goals whose rival did not take part", () => {
  const { length } = judge({ ...HELLO, contenders: HELLO.contenders.slice(0, 1) });
  assertEquals(length, 0);
});

Deno.test("every goal is about a scenario and contenders that exist", () => {
  for (const { scenario, name = "archangel", rival } of GOALS) {
    const contenders = SCENARIOS.find((found) => found.name === scenario)?.contenders ?? [];
    const names = contenders.map((contender) => contender.name ?? contender.rival);
    assertEquals([name, rival ?? name].filter((wanted) => !names.includes(wanted)), [], scenario);
  }
});

Deno.test("scenarioReport() shows ratios, goals, who is missing and what disturbed", () => {
  const report = scenarioReport(HELLO);
  assertStringIncludes(
    report,
    "| Archangel            |     1.200 |   1.00–1.50 |   3.00 |   1.00 |    50.0 |",
  );
  assertStringIncludes(report, "- NOT MET: archangel cpu ≤ 1.1 × deno_serve: 1.200");
  assertStringIncludes(report, "- missing: nginx, for want of nginx");
  assertStringIncludes(
    report,
    "- other programs used up to 25 % of the cores: too much to trust small differences",
  );
});

Deno.test("scenarioReport() of a quiet machine does not warn", () => {
  assertStringIncludes(scenarioReport({ ...HELLO, foreign: 0.05 }), "used up to 5 % of the cores\n");
});

Deno.test("scenarioReport() says how this tree compares with the commit that ran beside it", () => {
  const [ours, baseline] = HELLO.contenders;
  const samples = ours!.samples.map(({ cpu }, round) => ({ cpu: cpu! / [1, 1.5, 2][round]! }));
  const before = { ...ours!, name: "archangel@HEAD~3", samples };
  const report = scenarioReport({ ...HELLO, contenders: [ours!, baseline!, before] });
  assertStringIncludes(report, "- cpu of this tree is 1.500 of archangel@HEAD~3 (1.000–2.000)");
});

Deno.test("scenarioReport() says who failed, when, and what it printed", () => {
  const [ours, baseline, ...others] = HELLO.contenders;
  const failure = "in round 2: Its load ended with exit code 1:\nunable to connect";
  const report = scenarioReport({
    ...HELLO,
    contenders: [ours!, { ...baseline!, samples: baseline!.samples.slice(0, 1), failure }, ...others],
  });
  assertStringIncludes(report, "- FAILED: deno_serve in round 2: Its load ended with exit code 1:\n");
  assertStringIncludes(report, "\n      unable to connect\n");
});

Deno.test("scenarioReport() shows the others' figures where ours or the baseline has none", () => {
  const [ours, baseline, ...others] = HELLO.contenders;
  const none = { samples: [], failure: "before the first round: It ended" };
  const report = scenarioReport({
    ...HELLO,
    contenders: [{ ...ours!, ...none }, { ...baseline!, ...none }, ...others],
  });
  assertStringIncludes(report, "| Node http            |           |        |   20.0 |");
});

Deno.test("scenarioReport() of a scenario that could not be measured says why", () => {
  const report = scenarioReport({ ...HELLO, contenders: [], failure: "No more processes" });
  assertStringIncludes(report, "- FAILED: hello-64 No more processes");
});

Deno.test("runReport() of a run that was broken off names what is left", () => {
  assertEquals(runReport(RUN, "name").includes("Not finished"), false);
  const report = runReport({ ...RUN, left: ["hello-64", "echo"] }, "name");
  assertStringIncludes(report, "Not finished, or not begun: hello-64, echo.");
});

Deno.test("runReport() names machine, method and chart", () => {
  const report = runReport(RUN, fileName(RUN));
  assertStringIncludes(report, "2 CPUs (A & B), 8 GiB, Linux 6; Deno 2.9.6.");
  assertStringIncludes(report, "(2026-03-04T050607-abc1234.svg)");
});

Deno.test("compareWithStored() calls a change within the spread of both runs none", () => {
  assertStringIncludes(compareWithStored(RUN, RUN), "   0 % | within the spread |");
});

Deno.test("compareWithStored() tells worse from better when the spreads are apart", () => {
  const [ours, ...others] = HELLO.contenders;
  const slower = { ...ours!, samples: ours!.samples.map((sample) => ({ cpu: sample.cpu! * 2 })) };
  const later = { ...RUN, scenarios: [{ ...HELLO, contenders: [slower, ...others] }] };
  assertStringIncludes(compareWithStored(later, RUN), "1.200 | 2.400 | +100 % |   worse");
  assertStringIncludes(compareWithStored(RUN, later), "2.400 | 1.200 |  -50 % |  better");
});

Deno.test("compareWithStored() shows a scenario that was not stored", () => {
  const report = compareWithStored(RUN, { ...RUN, scenarios: [] });
  assertStringIncludes(report, "| hello-64 cpu |     | 1.200 |        | not stored |");
});
