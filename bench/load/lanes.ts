/**
 * The contenders of a scenario, started and asked whether they answer right.
 *
 * @module
 */
import { ROOT } from "../../tests/support/packages.ts";
import { freePort } from "../../tests/support/ports.ts";
import type { CommitTree } from "./compare.ts";
import type { Options } from "./options.ts";
import { missingPrograms, RIVALS } from "./rivals.ts";
import type { Contender, Scenario } from "./scenarios.ts";
import { complaint, ServerProcess } from "./server_process.ts";

/** What stays the same for all scenarios of a run. */
export interface Bench {
  /** The command line. */
  readonly options: Options;
  /** Config of Deno that knows where the packages come from. */
  readonly config: string;
  /** Temporary folder; has the files to serve in `files`. */
  readonly folder: string;
  /** Another commit's tree, if one is compared. */
  readonly before: CommitTree | undefined;
}

/** One contender that runs. */
export interface Lane {
  /** Its name. */
  readonly name: string;
  /** The server. */
  readonly server: ServerProcess;
  /** What to ask for. */
  readonly url: string;
}

/** A contender of a run: it has a name, and may run another commit. */
export interface Entry {
  /** The contender. */
  readonly contender: Contender;
  /** Its name. */
  readonly name: string;
  /** Its name for readers. */
  readonly title: string;
  /** Folder of the Archangel to run, and config of Deno for it. */
  readonly tree: { readonly root: string; readonly config: string };
}

/** Who competes: ours, the baseline, then the others as far as they are wanted. */
function entries(scenario: Scenario, bench: Bench): Entry[] {
  const { options: { rivals, control }, config, before } = bench;
  const tree = { root: ROOT, config };
  const plain = (contender: Contender): Entry => {
    const name = contender.name ?? contender.rival;
    return { contender, name, title: contender.title ?? RIVALS[contender.rival]!.title, tree };
  };
  const [ours, baseline, ...others] = scenario.contenders.map(plain) as [Entry, Entry, ...Entry[]];
  const renamed = (entry: Entry, name: string): Entry => ({ ...entry, name, title: name });
  return [
    ours,
    baseline,
    ...(before ? [{ ...renamed(ours, `${ours.name}@${before.ref}`), tree: before }] : []),
    ...(control ? [renamed(baseline, `${baseline.name} again`)] : []),
    ...others.filter(({ name }) =>
      rivals.length === 0 || rivals.includes(name) || name.startsWith("archangel")
    ),
  ];
}

/**
 * Finds out who can take part, by starting each contender once and asking it.
 *
 * @param scenario The scenario.
 * @param bench The run.
 * @returns Those who answer right, and what the others lack.
 * @throws {Error} If Archangel or the baseline does not start, or anybody answers wrong.
 */
export async function audition(
  scenario: Scenario,
  bench: Bench,
): Promise<{ present: readonly Entry[]; missing: readonly string[] }> {
  const present: Entry[] = [];
  const missing: string[] = [];
  for (const [place, entry] of entries(scenario, bench).entries()) {
    const lacks = missingPrograms(RIVALS[entry.contender.rival]!).join(", ");
    const trouble = lacks === "" ? await tryOut(entry, scenario, bench) : `there is no ${lacks}`;
    if (trouble === undefined) present.push(entry);
    else if (place < 2) throw new Error(`${entry.name}: ${trouble}`);
    else missing.push(`${entry.name}: ${trouble}`);
  }
  return { present, missing };
}

/** Returns why a contender does not start, if so. */
async function tryOut(entry: Entry, scenario: Scenario, bench: Bench): Promise<string | undefined> {
  let lane: Lane;
  try {
    lane = await startLane(entry, scenario, bench);
  } catch (error) {
    return (error as Error).message;
  }
  const { contender: { path = scenario.load.path }, name } = entry;
  const reply = await lane.server.ask(path, scenario.probe, scenario.expected.body instanceof RegExp).catch(
    String,
  );
  const wrong = typeof reply === "string" ? reply : complaint(reply, scenario.expected);
  await lane.server.stop();
  if (wrong !== undefined) {
    throw new Error(`${name} answers ${scenario.name} with ${wrong}\n${lane.server.output()}`);
  }
  return undefined;
}

/** Cores of the servers and of the load. Several workers get both. */
export function coresOf({ workers = 1 }: Scenario, { options }: Bench): { server: string; load: string } {
  const { serverCores, loadCores } = options;
  const all = `${serverCores},${loadCores}`;
  return workers > 1 ? { server: all, load: all } : { server: serverCores, load: loadCores };
}

async function startLane({ contender, name, tree }: Entry, scenario: Scenario, bench: Bench): Promise<Lane> {
  const server = await ServerProcess.start(RIVALS[contender.rival]!, {
    port: freePort(),
    backend: freePort(),
    app: scenario.app,
    workers: scenario.workers ?? 1,
    files: `${bench.folder}/files`,
    folder: Deno.makeTempDirSync({ dir: bench.folder }),
    ...tree,
  }, coresOf(scenario, bench).server);
  return { name, server, url: server.url + (contender.path ?? scenario.load.path) };
}

/**
 * Runs something with all contenders started, and ends them, come what may.
 *
 * @param present The contenders.
 * @param scenario The scenario.
 * @param bench The run.
 * @param use What to do with them.
 * @returns What `use` returns.
 */
export async function withLanes<T>(
  present: readonly Entry[],
  scenario: Scenario,
  bench: Bench,
  use: (lanes: readonly Lane[]) => Promise<T>,
): Promise<T> {
  const lanes: Lane[] = [];
  try {
    for (const entry of present) lanes.push(await startLane(entry, scenario, bench));
    return await use(lanes);
  } finally {
    await Promise.all(lanes.map(({ server }) => server.stop()));
  }
}
