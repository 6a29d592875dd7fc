/**
 * The load bench: starts Archangel and its rivals, makes sure that they answer right, and measures them side
 * by side. `bench/README.md` says how to use it and how to read what it prints.
 *
 * For each scenario: all contenders are started on the server's core and asked once; each is warmed up; then
 * come the rounds. In a round the contenders take turns of a tenth of a second (`slices.ts`), in another order
 * every time, and after that, where latency counts, each has the machine for itself.
 *
 * @module
 */
import { choosePackages, ROOT } from "../../tests/support/packages.ts";
import { freePort } from "../../tests/support/ports.ts";
import { writeChart } from "./chart.ts";
import { CommitTree, compareWithStored } from "./compare.ts";
import { describeCommit, describeMachine } from "./machine.ts";
import { type Options, parseOptions, USAGE } from "./options.ts";
import { busySeconds } from "./processes.ts";
import { runReport, scenarioReport } from "./report.ts";
import {
  type ContenderResult,
  fileName,
  latencies,
  newestResult,
  type RunResult,
  type Sample,
  type ScenarioResult,
} from "./results.ts";
import { missingPrograms, RIVALS } from "./rivals.ts";
import { chooseScenarios, type Contender, FILES, type Scenario } from "./scenarios.ts";
import { complaint, pinned, ServerProcess } from "./server_process.ts";
import { ENDLESS_SECONDS, runInTurns } from "./slices.ts";
import { parseWrk, wrkCommand } from "./wrk.ts";

const WARM_UP_SECONDS = 2;
const RESULTS = new URL("../results", import.meta.url).pathname;

/** One contender that runs. */
interface Lane {
  readonly contender: Contender;
  readonly server: ServerProcess;
  readonly url: string;
  readonly result: ContenderResult;
}

/** What stays the same for all scenarios of a run. */
interface Bench {
  readonly options: Options;
  readonly config: string;
  readonly folder: string;
  /** Another commit's tree, if one is compared. */
  readonly before: CommitTree | undefined;
}

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const nameOf = (contender: Contender) => contender.name ?? contender.rival;

/** Who competes: ours, the baseline, then the others as far as they are wanted. */
function contendersOf({ contenders }: Scenario, { options, before }: Bench): Contender[] {
  const [ours, baseline, ...others] = contenders as [Contender, Contender, ...Contender[]];
  const wanted = (contender: Contender) =>
    options.rivals.length === 0 || options.rivals.includes(nameOf(contender)) ||
    contender.rival === ours.rival;
  return [
    ours,
    baseline,
    ...(before ? [{ ...ours, name: `archangel@${before.ref}` }] : []),
    ...(options.control ? [{ ...baseline, name: `${baseline.rival} again` }] : []),
    ...others.filter(wanted),
  ];
}

async function startLane(scenario: Scenario, contender: Contender, bench: Bench): Promise<Lane> {
  const rival = RIVALS[contender.rival]!;
  const name = nameOf(contender);
  const tree = bench.before !== undefined && name.includes("@")
    ? bench.before
    : { root: ROOT, config: bench.config };
  const folder = Deno.makeTempDirSync({ dir: bench.folder });
  const server = await ServerProcess.start(rival, {
    port: freePort(),
    backend: freePort(),
    app: scenario.app,
    workers: 1,
    files: `${bench.folder}/files`,
    folder,
    config: tree.config,
    root: tree.root,
  }, bench.options.serverCores);
  const path = contender.path ?? scenario.load.path;
  const title = contender.name === undefined ? rival.title : contender.name;
  const lane = {
    contender,
    server,
    url: server.url + path,
    result: { name, title, samples: [], peakMemory: 0 },
  };
  try {
    const wrong = complaint(await server.ask(path, scenario.probe), scenario.expected);
    if (wrong !== undefined) {
      throw new Error(`${title} answers ${scenario.name} with ${wrong}\n${server.output()}`);
    }
  } catch (error) {
    await server.stop();
    throw error;
  }
  return lane;
}

/** The load of one contender on its own, for whole seconds. */
async function runAlone(scenario: Scenario, lane: Lane, seconds: number, bench: Bench): Promise<Sample> {
  const [program, ...args] = pinned(
    bench.options.loadCores,
    wrkCommand(scenario.load, lane.url, Math.ceil(seconds)),
  );
  const { stdout } = await new Deno.Command(program!, { args, stdin: "null" }).output();
  const report = parseWrk(new TextDecoder().decode(stdout));
  return { ...latencies(report), throughput: report.requests / report.seconds };
}

async function runSliced(scenario: Scenario, lanes: readonly Lane[], bench: Bench): Promise<Sample[]> {
  const reports = await runInTurns(
    lanes.map(({ url, server }) => ({
      command: pinned(bench.options.loadCores, wrkCommand(scenario.load, url, ENDLESS_SECONDS, false)),
      cpu: () => server.cpu(),
    })),
    bench.options.seconds,
  );
  return reports.map(({ report, seconds, cpu }) => ({
    cpu: cpu.total * 1e6 / report.requests,
    user: cpu.user / (cpu.user + cpu.system),
    throughput: report.requests / seconds,
    errors: report.errors,
  }));
}

/** One round; the order changes from round to round, so that nobody always comes first. */
async function runRound(
  scenario: Scenario,
  lanes: readonly Lane[],
  round: number,
  bench: Bench,
): Promise<void> {
  const turn = round % lanes.length;
  const order = [...lanes.slice(turn), ...lanes.slice(0, turn)];
  const samples: Sample[] = order.map(() => ({}));
  if (scenario.measures.includes("latency")) {
    for (const [i, lane] of order.entries()) {
      samples[i] = await runAlone(scenario, lane, bench.options.seconds, bench);
    }
  }
  if (scenario.measures.includes("cpu")) {
    const sliced = await runSliced(scenario, order, bench);
    for (const [i, sample] of sliced.entries()) {
      samples[i] = { ...samples[i], ...sample, errors: (samples[i]!.errors ?? 0) + (sample.errors ?? 0) };
    }
  }
  for (const [i, lane] of order.entries()) lane.result.samples.push(samples[i]!);
  const figures = lanes.map(({ result }) => {
    const { cpu, p99 } = result.samples.at(-1)!;
    return `${result.name} ${cpu === undefined ? `${p99} ms` : `${cpu.toFixed(2)} µs`}`;
  });
  say(`  round ${round + 1}: ${figures.join(", ")}`);
}

async function runScenario(scenario: Scenario, bench: Bench): Promise<ScenarioResult> {
  say(`\n${scenario.name}: ${scenario.about}`);
  const missing: string[] = [];
  const lanes: Lane[] = [];
  try {
    for (const contender of contendersOf(scenario, bench)) {
      const programs = missingPrograms(RIVALS[contender.rival]!);
      if (programs.length > 0) {
        missing.push(`${nameOf(contender)}, because there is no ${programs.join(", ")}`);
      } else lanes.push(await startLane(scenario, contender, bench));
    }
    for (const lane of lanes) await runAlone(scenario, lane, WARM_UP_SECONDS, bench);
    const foreign = await measure(scenario, lanes, bench);
    for (const { result, server } of lanes) result.peakMemory = server.peakMemory();
    const { name, about } = scenario;
    return { name, about, contenders: lanes.map(({ result }) => result), missing, foreign };
  } finally {
    for (const { server } of lanes) await server.stop();
  }
}

/** Runs the rounds. Returns the share of the servers' cores that others used meanwhile. */
async function measure(scenario: Scenario, lanes: readonly Lane[], bench: Bench): Promise<number> {
  const cores = bench.options.serverCores.split(",").map(Number);
  const used = () => lanes.reduce((sum, { server }) => sum + server.cpu().total, 0);
  const start = { time: performance.now(), busy: busySeconds(cores), used: used() };
  for (let round = 0; round < bench.options.rounds; round++) await runRound(scenario, lanes, round, bench);
  const seconds = (performance.now() - start.time) / 1000 * cores.length;
  return Math.max(0, busySeconds(cores) - start.busy - (used() - start.used)) / seconds;
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
  Deno.chmodSync(folder, 0o755);
  writeFiles(`${folder}/files`);
  const ref = options.compare === "last" ? undefined : options.compare;
  using before = ref === undefined ? undefined : await CommitTree.at(ref);
  const bench: Bench = { options, config, folder, before };
  const { rounds, seconds, serverCores, loadCores } = options;
  const result: RunResult = {
    date: new Date().toISOString(),
    commit: await describeCommit(ROOT),
    machine: await describeMachine(),
    method: { rounds, seconds, cores: `${serverCores}:${loadCores}` },
    scenarios: [],
  };
  try {
    for (const scenario of chooseScenarios(options.only)) {
      const found = await runScenario(scenario, bench);
      result.scenarios.push(found);
      say(`\n${scenarioReport(found)}`);
    }
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
  return result;
}

function store(result: RunResult): void {
  const path = `${RESULTS}/${fileName(result)}`;
  Deno.mkdirSync(RESULTS, { recursive: true });
  Deno.writeTextFileSync(`${path}.json`, JSON.stringify(result, null, 1) + "\n");
  Deno.writeTextFileSync(`${path}.md`, runReport(result));
  writeChart(`${path}.svg`, result);
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
    if (options !== undefined) chooseScenarios(options.only);
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options === undefined) {
    say(USAGE);
    return 0;
  }
  const stored = options.compare === "last" ? newestResult(RESULTS) : undefined;
  const result = await run(options);
  if (stored !== undefined) say(compareWithStored(result, stored));
  if (options.save) store(result);
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
