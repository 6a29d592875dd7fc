/**
 * The contenders of a scenario: started, asked whether they answer right, and put aside when they fail.
 *
 * @module
 */
import { stripVTControlCharacters } from "node:util";
import { ROOT } from "../../tests/support/packages.ts";
import { freePort } from "../../tests/support/ports.ts";
import type { CommitTree } from "./compare.ts";
import type { Options } from "./options.ts";
import type { ContenderResult } from "./results.ts";
import { missingPrograms, type Rival } from "./rivals.ts";
import type { Contender, Scenario } from "./scenarios.ts";
import { complaint, ServerProcess } from "./server_process.ts";

/** What stays the same for all scenarios of a run. */
export interface Bench {
  /** The command line. */
  readonly options: Options;
  /** The servers to choose from, by name. */
  readonly rivals: Readonly<Record<string, Rival>>;
  /** Config of Deno that knows where the packages come from. */
  readonly config: string;
  /** Temporary folder; has the files to serve in `files`. */
  readonly folder: string;
  /** Another commit's tree, if one is compared. */
  readonly before: CommitTree | undefined;
  /** Hears of what happens, as it happens. */
  readonly say: (line: string) => void;
}

/** A contender of a run: it has a name, may run another commit, and may fail. */
export class Entry {
  /** The contender. */
  readonly contender: Contender;
  /** What it did. */
  readonly result: ContenderResult;
  /** Folder of the Archangel to run, and config of Deno for it. */
  readonly tree: { readonly root: string; readonly config: string };
  readonly #say: Bench["say"];

  /**
   * @param contender Who.
   * @param bench The run.
   * @param rename Another name; title and name are the contender's own if left out.
   * @param tree Where its Archangel is, if not here.
   */
  constructor(contender: Contender, bench: Bench, rename?: string, tree?: CommitTree) {
    this.contender = contender;
    this.tree = tree ?? { root: ROOT, config: bench.config };
    this.#say = bench.say;
    this.result = {
      name: rename ?? nameOf(contender),
      title: rename ?? contender.title ?? bench.rivals[contender.rival]!.title,
      samples: [],
      peakMemory: 0,
    };
  }

  /** Whether it still takes part. */
  get fit(): boolean {
    return this.result.failure === undefined;
  }

  /** It takes no further part; this is said, and noted in the result. */
  fail(when: string, error: unknown): void {
    const text = stripVTControlCharacters(error instanceof Error ? error.message : String(error));
    this.result.failure = `${when}: ${text.replaceAll(ROOT, ".").trimEnd()}`;
    this.#say(`  FAILED: ${this.result.name} ${this.result.failure}`);
  }
}

/** One contender that runs. */
export interface Lane {
  /** Who. */
  readonly entry: Entry;
  /** The server. */
  readonly server: ServerProcess;
  /** What to ask for. */
  readonly url: string;
}

const nameOf = ({ name, rival }: Contender) => name ?? rival;

/** Who competes: ours, the baseline, then the others as far as they are wanted. */
function entries(scenario: Scenario, bench: Bench): Entry[] {
  const { options: { rivals, control }, before } = bench;
  const [ours, baseline, ...others] = scenario.contenders as [Contender, Contender, ...Contender[]];
  const wanted = (name: string) =>
    rivals.length === 0 || rivals.includes(name) || name.startsWith("archangel");
  return [
    new Entry(ours, bench),
    new Entry(baseline, bench),
    ...(before ? [new Entry(ours, bench, `${nameOf(ours)}@${before.ref}`, before)] : []),
    ...(control ? [new Entry(baseline, bench, `${nameOf(baseline)} again`)] : []),
    ...others.filter((other) => wanted(nameOf(other))).map((other) => new Entry(other, bench)),
  ];
}

/**
 * Finds out who can take part, by starting each contender once and asking it. Who does not start or
 * answers wrong has failed.
 *
 * @param scenario The scenario.
 * @param bench The run.
 * @returns Those whose programs are installed, and what the others lack.
 */
export async function audition(
  scenario: Scenario,
  bench: Bench,
): Promise<{ entries: readonly Entry[]; missing: readonly string[] }> {
  const present: Entry[] = [];
  const missing: string[] = [];
  for (const entry of entries(scenario, bench)) {
    const lacks = missingPrograms(bench.rivals[entry.contender.rival]!).join(", ");
    if (lacks !== "") {
      missing.push(`${entry.result.name}: there is no ${lacks}`);
      continue;
    }
    present.push(entry);
    await tryOut(entry, scenario, bench).catch((error) => entry.fail("before the first round", error));
  }
  return { entries: present, missing };
}

/** @throws {Error} If a contender does not start or answers wrong. */
async function tryOut(entry: Entry, scenario: Scenario, bench: Bench): Promise<void> {
  const { server } = await startLane(entry, scenario, bench);
  try {
    const { contender: { path = scenario.load.path } } = entry;
    const reply = await server.ask(path, scenario.probe, scenario.expected.body instanceof RegExp);
    const wrong = complaint(reply, scenario.expected);
    if (wrong !== undefined) throw new Error(`It answers with ${wrong}. Its last lines:\n${server.output()}`);
  } finally {
    await server.stop();
  }
}

/** Cores of the servers and of the load. Several workers get both. */
export function coresOf({ workers = 1 }: Scenario, { options }: Bench): { server: string; load: string } {
  const { serverCores, loadCores } = options;
  const all = `${serverCores},${loadCores}`;
  return workers > 1 ? { server: all, load: all } : { server: serverCores, load: loadCores };
}

async function startLane(entry: Entry, scenario: Scenario, bench: Bench): Promise<Lane> {
  const { contender, tree } = entry;
  const server = await ServerProcess.start(bench.rivals[contender.rival]!, {
    port: freePort(),
    backend: freePort(),
    app: scenario.app,
    workers: scenario.workers ?? 1,
    files: `${bench.folder}/files`,
    folder: Deno.makeTempDirSync({ dir: bench.folder }),
    root: tree.root,
    config: tree.config,
  }, coresOf(scenario, bench));
  return { entry, server, url: server.url + (contender.path ?? scenario.load.path) };
}

/**
 * Does something for one contender. If that fails, or its server has ended then, the contender has failed,
 * and nobody else.
 *
 * @param lane Whom.
 * @param when When this is, for readers.
 * @param run What to do.
 * @returns What `run` returns, or `undefined`.
 */
export async function orFail<T>(lane: Lane, when: string, run: () => Promise<T> | T): Promise<T | undefined> {
  try {
    const result = await run();
    lane.server.check();
    return result;
  } catch (error) {
    lane.entry.fail(when, withServer(error, lane.server));
    return undefined;
  }
}

/** A load that broke off does not know that its server has ended, and how. */
function withServer(error: unknown, server: ServerProcess): unknown {
  try {
    server.check();
    return error;
  } catch (ended) {
    const [first, second] = [error, ended].map((error) => (error as Error).message);
    return first === second ? first : `${first}\n${second}`;
  }
}

/**
 * Runs something with all contenders started that have not failed, and ends them, come what may.
 *
 * @param entries The contenders.
 * @param scenario The scenario.
 * @param bench The run.
 * @param use What to do with them.
 */
export async function withLanes(
  entries: readonly Entry[],
  scenario: Scenario,
  bench: Bench,
  use: (lanes: readonly Lane[]) => Promise<void>,
): Promise<void> {
  const lanes: Lane[] = [];
  try {
    for (const entry of entries.filter(({ fit }) => fit)) {
      const lane = startLane(entry, scenario, bench);
      await lane.then((lane) => lanes.push(lane), (error) => entry.fail("at its start", error));
    }
    await use(lanes);
  } finally {
    await Promise.all(lanes.map(({ server }) => server.stop()));
  }
}
