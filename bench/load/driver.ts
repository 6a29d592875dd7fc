/**
 * The load bench: runs scenarios, prints what it finds, stores it. `bench/README.md` says how to use it and
 * how to read what it prints.
 *
 * @module
 */
import { choosePackages, ROOT } from "../../tests/support/packages.ts";
import { drawChart } from "./chart.ts";
import { CommitTree, compareWithStored } from "./compare.ts";
import type { Bench } from "./lanes.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { measureScenario } from "./measure.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { processTree } from "./processes.ts";
import { runReport, scenarioReport } from "./report.ts";
import { fileName, newestResult, type RunResult } from "./results.ts";
import { chooseScenarios, FILES } from "./scenarios.ts";
import { endNow } from "./server_process.ts";

const RESULTS = new URL("../results", import.meta.url).pathname;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

function writeFiles(folder: string): void {
  Deno.mkdirSync(folder);
  for (const [name, size] of Object.entries(FILES)) {
    Deno.writeFileSync(`${folder}/${name}`, new Uint8Array(size).fill(120));
  }
}

async function run(options: Options): Promise<RunResult> {
  const { config } = await choosePackages();
  const folder = Deno.makeTempDirSync({ prefix: "archangel_bench_" });
  // A server may give its workers another user.
  Deno.chmodSync(folder, 0o755);
  endAllWhenToldTo(folder);
  writeFiles(`${folder}/files`);
  const ref = options.compare === "last" ? undefined : options.compare;
  using before = ref === undefined ? undefined : await CommitTree.at(ref);
  const { rounds, seconds, serverCores, loadCores } = options;
  const result: RunResult = {
    date: new Date().toISOString(),
    commit: await describeCommit(ROOT),
    machine: await describeMachine(),
    method: { rounds, seconds, cores: `${serverCores}:${loadCores}` },
    scenarios: [],
  };
  try {
    await runScenarios(result, { options, config, folder, before });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  return result;
}

async function runScenarios(result: RunResult, bench: Bench): Promise<void> {
  for (const scenario of chooseScenarios(bench.options.only)) {
    say(`\n${scenario.name}: ${scenario.about}`);
    const found = await measureScenario(scenario, bench, say);
    result.scenarios.push(found);
    say(`\n${scenarioReport(found)}`);
  }
}

/** A load generator that is stopped would outlive its driver for ever. */
function endAllWhenToldTo(folder: string): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => {
      for (const pid of processTree(Deno.pid).slice(1).toReversed()) endNow(pid);
      Deno.removeSync(folder, { recursive: true });
      Deno.exit(130);
    });
  }
}

function store(result: RunResult): void {
  const path = `${RESULTS}/${fileName(result)}`;
  Deno.mkdirSync(RESULTS, { recursive: true });
  Deno.writeTextFileSync(`${path}.json`, JSON.stringify(result, null, 1) + "\n");
  Deno.writeTextFileSync(`${path}.md`, runReport(result, fileName(result)));
  Deno.writeTextFileSync(`${path}.svg`, drawChart(result));
  say(`Stored as ${path}.json, .md and .svg`);
}

/**
 * Runs the load bench.
 *
 * @param args The command line.
 * @returns The exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  let options: Options | undefined;
  try {
    options = parseOptions(args);
    chooseScenarios(options?.only ?? []);
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    say(USAGE);
    return 0;
  }
  const stored = options.compare === "last" ? newestResult(RESULTS) : undefined;
  if (options.compare === "last" && stored === undefined) {
    say("Cannot compare with the newest result: there is none in bench/results");
    return 1;
  }
  const result = await run(options);
  if (stored !== undefined) say(compareWithStored(result, stored));
  if (options.save) store(result);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
