import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { say } from "../support/run_deno.ts";
import type { Bench } from "../../bench/load/lanes.ts";
import { measureScenario } from "../../bench/load/measure.ts";
import { parseOptions } from "../../bench/load/options.ts";
import { scenarioReport } from "../../bench/load/report.ts";
import type { ScenarioResult } from "../../bench/load/results.ts";
import type { Rival } from "../../bench/load/rivals.ts";
import type { Scenario } from "../../bench/load/scenarios.ts";

const hasWrk = await new Deno.Command("wrk", { args: ["-v"] }).output().then(() => true, () => false);
if (!hasWrk) say("wrk is not installed: what needs it is not tested");

/** A server of one line, in which `port` is what to listen on. */
function rival(program: string, needs: string[] = []): Rival {
  return {
    title: program,
    needs,
    start: ({ port }) => [{ argv: [Deno.execPath(), "eval", `const port = ${port}; ${program}`], port }],
  };
}

const answer = (handler: string) => `Deno.serve({ hostname: "127.0.0.1", port }, ${handler});`;
const well = answer(`() => new Response("yes")`);
/** Ends after so many requests: the check, and some of the load. */
const endsAfter = (count: number) =>
  `let count = 0; ${
    answer(`() => {
     if (++count > ${count}) { console.error("I have had enough"); Deno.exit(7); }
     return new Response("yes");
   }`)
  }`;

const rivals: Record<string, Rival> = {
  well: rival(well),
  tired: rival(endsAfter(20)),
  wrong: rival(answer(`() => new Response("no")`)),
  broken: rival(`throw new Error("I cannot start");`),
  absent: rival(well, ["a-program-that-nobody-has"]),
};

function scenario(names: string[], more: Partial<Scenario> = {}): Scenario {
  return {
    name: "test",
    about: "a test",
    app: "",
    load: { connections: 2, path: "/" },
    expected: { body: "yes" },
    contenders: names.map((rival) => ({ rival })),
    measures: ["cpu"],
    ...more,
  };
}

async function measure(scenario: Scenario, rounds: number): Promise<ScenarioResult> {
  const folder = Deno.makeTempDirSync();
  const options = parseOptions(["--rounds", String(rounds), "--seconds", "0.2"])!;
  const bench: Bench = { options, rivals, config: "", folder, before: undefined, say() {} };
  const found: ScenarioResult = { name: "test", about: "", contenders: [], missing: [], foreign: 0 };
  try {
    await measureScenario(scenario, bench, found);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  return found;
}

Deno.test({
  name: "measureScenario() goes on without those who fail, and says who, when and why",
  ignore: !hasWrk,
  fn: async () => {
    const found = await measure(scenario(["broken", "wrong", "well", "tired", "absent"]), 2);
    const samples = Object.fromEntries(found.contenders.map(({ name, samples }) => [name, samples.length]));
    assertEquals(samples, { broken: 0, wrong: 0, well: 2, tired: 0 });
    const [broken, wrong, , tired] = found.contenders.map(({ failure }) => failure ?? "");
    assertStringIncludes(wrong!, "before the first round: It answers with a body of 2 bytes that is not");
    assertStringIncludes(broken!, "before the first round: It ended with exit code 1. Its last lines:");
    assertStringIncludes(broken!, "I cannot start");
    // wrk takes a server that is gone for a slow one, and goes on.
    assertStringIncludes(tired!, "while warming up: It ended with exit code 7. Its last lines:");
    assertStringIncludes(tired!, "I have had enough");
    assertEquals(found.missing, ["absent: there is no a-program-that-nobody-has"]);
    assert(scenarioReport(found).includes("- FAILED: tired while warming up"));
  },
});

Deno.test({
  name: "measureScenario() of connections that are held goes on without those who fail",
  fn: async () => {
    const held = scenario(["tired", "well"], { measures: ["held"], load: { connections: 200, path: "/" } });
    const { contenders: [tired, well] } = await measure(held, 1);
    assertEquals([tired!.samples.length, well!.samples.length], [0, 1]);
    assertStringIncludes(tired!.failure!, "in round 1: ");
    assertStringIncludes(tired!.failure!, "I have had enough");
    assert(well!.samples.every(({ memory }) => memory! > 0));
  },
});
