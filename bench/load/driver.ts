/**
 * The load bench: runs scenarios, prints what it finds, stores it. `bench/README.md` says how to use it and
 * how to read what it prints.
 *
 * The result is stored after each scenario, so a run that is interrupted leaves what it has found so far.
 *
 * @module
 */
import { choosePackages, ROOT } from "../../tests/support/packages.ts";
import { drawChart } from "./chart.ts";
import { CommitTree, compareWithStored } from "./compare.ts";
import type { Bench } from "./lanes.ts";
import { LIGHTHOUSE_RIVALS } from "./lighthouse.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { measureScenario } from "./measure.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { processTree } from "./processes.ts";
import { runReport, scenarioReport } from "./report.ts";
import { fileName, newestResult, type RunResult, type ScenarioResult } from "./results.ts";
import { missingPrograms, RIVALS } from "./rivals.ts";
import { checkRivals, chooseScenarios, FILES, type Scenario } from "./scenarios.ts";
import { endNow, pinned } from "./server_process.ts";

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
  using folder = new TemporaryFolder();
  writeFiles(`${folder.path}/files`);
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
  using _ = whenToldToEnd(() => {
    folder[Symbol.dispose]();
    before?.[Symbol.dispose]();
    if (options.save) store(result, options);
  });
  const rivals = { ...RIVALS, ...LIGHTHOUSE_RIVALS };
  await runScenarios(result, { options, rivals, config, folder: folder.path, before, say });
  return result;
}

async function runScenarios(result: RunResult, bench: Bench): Promise<void> {
  const scenarios = chooseScenarios(bench.options.only);
  for (const [i, scenario] of scenarios.entries()) {
    result.left = scenarios.slice(i).map(({ name }) => name);
    await runScenario(result, scenario, bench);
    result.left = result.left.slice(1);
    if (bench.options.save) store(result, bench.options);
  }
}

async function runScenario({ scenarios }: RunResult, scenario: Scenario, bench: Bench): Promise<void> {
  const { name, about } = scenario;
  say(`\n${name}: ${about}`);
  const found: ScenarioResult = { name, about, contenders: [], missing: [], foreign: 0 };
  scenarios.push(found);
  try {
    await measureScenario(scenario, bench, found);
  } catch (error) {
    found.failure = (error as Error).message;
    say(`  FAILED: ${(error as Error).stack}`);
  }
  say(`\n${scenarioReport(found)}`);
}

class TemporaryFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "archangel_bench_" });

  constructor() {
    // A server may give its workers another user.
    Deno.chmodSync(this.path, 0o755);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A load generator that is stopped would outlive its driver for ever. */
function whenToldToEnd(tidyUp: () => void): Disposable {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  const end = () => {
    for (const pid of processTree(Deno.pid).slice(1).toReversed()) endNow(pid);
    tidyUp();
    Deno.exit(130);
  };
  for (const signal of signals) Deno.addSignalListener(signal, end);
  return {
    [Symbol.dispose]() {
      for (const signal of signals) Deno.removeSignalListener(signal, end);
    },
  };
}

/** Stores a result as far as it goes, in place of what was stored of this run before. */
function store(run: RunResult, { to = RESULTS }: Options): void {
  const begun = ({ failure, contenders }: ScenarioResult) =>
    failure !== undefined ||
    contenders.some(({ failure, samples }) => failure !== undefined || samples.length > 0);
  const result = { ...run, scenarios: run.scenarios.filter(begun) };
  const path = `${to}/${fileName(result)}`;
  Deno.mkdirSync(to, { recursive: true });
  Deno.writeTextFileSync(`${path}.json`, JSON.stringify(result, null, 1) + "\n");
  Deno.writeTextFileSync(`${path}.md`, runReport(result, fileName(result)));
  Deno.writeTextFileSync(`${path}.svg`, drawChart(result));
  if (!result.left?.length) say(`Stored as ${path}.json, .md and .svg`);
  else say(`Stored so far as ${path}.json, .md and .svg`);
}

/** Whether somebody failed, so that the result is not whole. */
function hasFailures({ scenarios }: RunResult): boolean {
  return scenarios.some(({ failure, contenders }) =>
    failure !== undefined || contenders.some(({ failure }) => failure !== undefined)
  );
}

/** Reads the command line; the exit code if there is nothing to run. */
async function prepare(args: readonly string[]): Promise<Options | number> {
  let options: Options | undefined;
  try {
    options = parseOptions(args);
    chooseScenarios(options?.only ?? []);
    checkRivals(options?.rivals ?? []);
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    say(USAGE);
    return 0;
  }
  const obstacle = await findObstacle(options);
  if (obstacle === undefined) return options;
  say(obstacle);
  return 1;
}

/** Why nothing could be measured, if so: better said once than by each contender. */
async function findObstacle({ compare, serverCores, loadCores }: Options): Promise<string | undefined> {
  const lacks = missingPrograms({ title: "the bench", needs: ["wrk", "taskset"], start: () => [] });
  if (lacks.length > 0) return `Cannot run the load bench without ${lacks.join(" and ")}`;
  for (const cores of [serverCores, loadCores]) {
    if (await succeeds(...pinned(cores, ["true"]))) continue;
    return `Cannot run on cores ${cores}: name others with --cores SERVER:LOAD`;
  }
  if (compare === undefined || compare === "last") return undefined;
  const known = await succeeds("git", "-C", ROOT, "rev-parse", "--verify", "--quiet", `${compare}^{commit}`);
  return known ? undefined : `Cannot compare with ${compare}: git knows no such commit`;
}

async function succeeds(...[program, ...args]: string[]): Promise<boolean> {
  return (await new Deno.Command(program!, { args }).output()).success;
}

/**
 * Runs the load bench.
 *
 * @param args The command line.
 * @returns The exit code: 1 if anything failed.
 */
export async function main(args: readonly string[]): Promise<number> {
  const options = await prepare(args);
  if (typeof options === "number") return options;
  const stored = options.compare === "last" ? newestResult(RESULTS) : undefined;
  if (options.compare === "last" && stored === undefined) {
    say("Cannot compare with the newest result: there is none in bench/results");
    return 1;
  }
  const result = await run(options);
  if (stored !== undefined) say(compareWithStored(result, stored));
  return hasFailures(result) ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
