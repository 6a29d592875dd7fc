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

/**
 * Who competes: ours, the baseline, then the others as far as they are wanted.
 *
 * @param scenario The scenario.
 * @param bench The run.
 * @returns Those who can, and what the others lack.
 */
export function entries(scenario: Scenario, bench: Bench): { present: Entry[]; missing: string[] } {
  const { options: { rivals, control }, config, before } = bench;
  const tree = { root: ROOT, config };
  const plain = (contender: Contender): Entry => {
    const name = contender.name ?? contender.rival;
    return { contender, name, title: contender.name ?? RIVALS[contender.rival]!.title, tree };
  };
  const [ours, baseline, ...others] = scenario.contenders.map(plain) as [Entry, Entry, ...Entry[]];
  const renamed = (entry: Entry, name: string): Entry => ({ ...entry, name, title: name });
  const all = [
    ours,
    baseline,
    ...(before ? [{ ...renamed(ours, `${ours.name}@${before.ref}`), tree: before }] : []),
    ...(control ? [renamed(baseline, `${baseline.name} again`)] : []),
    ...others.filter(({ name }) =>
      rivals.length === 0 || rivals.includes(name) || name.startsWith("archangel")
    ),
  ];
  const lacks = ({ contender }: Entry) => missingPrograms(RIVALS[contender.rival]!).join(", ");
  return {
    present: all.filter((entry) => lacks(entry) === ""),
    missing: all.filter((entry) => lacks(entry) !== "").map((entry) =>
      `${entry.name}, for want of ${lacks(entry)}`
    ),
  };
}

/** Cores of the servers and of the load. Several workers get both. */
export function coresOf({ workers = 1 }: Scenario, { options }: Bench): { server: string; load: string } {
  const { serverCores, loadCores } = options;
  const all = `${serverCores},${loadCores}`;
  return workers > 1 ? { server: all, load: all } : { server: serverCores, load: loadCores };
}

/**
 * Starts a contender and asks it once.
 *
 * @throws {Error} If it does not start or answers wrong.
 */
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
  const path = contender.path ?? scenario.load.path;
  const reply = await server.ask(path, scenario.probe, scenario.expected.body instanceof RegExp).catch(
    String,
  );
  const wrong = typeof reply === "string" ? reply : complaint(reply, scenario.expected);
  if (wrong === undefined) return { name, server, url: server.url + path };
  await server.stop();
  throw new Error(`${name} answers ${scenario.name} with ${wrong}\n${server.output()}`);
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
