/**
 * Is this tree slower than it was? Either another commit runs beside it in the same rounds, or the ratios to
 * the baseline are compared with those of a stored run. Figures of two runs are never compared as they are.
 *
 * @module
 */
import { choosePackages, offlineConfig, ROOT } from "../../tests/support/packages.ts";
import { mainMetric, table } from "./report.ts";
import { ratio, type RunResult } from "./results.ts";

/** Another commit's tree, in a folder of its own, gone when disposed of. */
export class CommitTree implements Disposable {
  /** What was asked for. */
  readonly ref: string;
  /** The folder. */
  readonly root: string;
  /** Config of Deno in it. */
  readonly config: string;

  private constructor(ref: string, root: string, config: string) {
    this.ref = ref;
    this.root = root;
    this.config = config;
  }

  /**
   * Checks a commit out.
   *
   * @param ref Whatever git understands.
   * @throws {Error} If git does not.
   */
  static async at(ref: string): Promise<CommitTree> {
    const { standIns } = await choosePackages();
    const root = Deno.makeTempDirSync({ prefix: "archangel_before_" });
    const config = `${root}/${standIns ? ".deno.offline.json" : "deno.json"}`;
    const tree = new CommitTree(ref, root, config);
    try {
      await extract(ref, root);
      if (standIns) Deno.writeTextFileSync(config, offlineConfig(root));
    } catch (error) {
      tree[Symbol.dispose]();
      throw error;
    }
    return tree;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.root, { recursive: true });
  }
}

/** Writes a commit's files into a folder; git itself notices nothing of it. */
async function extract(ref: string, folder: string): Promise<void> {
  const script = 'set -o pipefail; git archive "$0" | tar -x -C "$1"';
  const { success, stderr } = await new Deno.Command("bash", { args: ["-c", script, ref, folder], cwd: ROOT })
    .output();
  if (!success) throw new Error(`Cannot compare with ${ref}: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Compares with an older run.
 *
 * @param run This run.
 * @param stored The older one.
 * @returns A table.
 */
export function compareWithStored(run: RunResult, stored: RunResult): string {
  const rows = run.scenarios.flatMap((scenario) => {
    const old = stored.scenarios.find(({ name }) => name === scenario.name);
    const metric = mainMetric(scenario);
    const baseline = scenario.contenders[1]?.name ?? "";
    const ours = scenario.contenders[0]?.name ?? "";
    const was = old && ratio(old, ours, baseline, metric);
    const is = ratio(scenario, ours, baseline, metric);
    if (is === undefined) return [];
    if (was === undefined) {
      return [[`${scenario.name} ${metric}`, "", is.median.toFixed(3), "", "not stored"]];
    }
    const change = (is.median / was.median - 1) * 100;
    const apart = is.min > was.max || is.max < was.min;
    return [[
      `${scenario.name} ${metric}`,
      was.median.toFixed(3),
      is.median.toFixed(3),
      `${change > 0 ? "+" : ""}${change.toFixed(0)} %`,
      apart ? (change > 0 ? "worse" : "better") : "within the spread",
    ]];
  });
  const title = `Ratio to the baseline, against ${stored.commit} of ${stored.date.slice(0, 10)}`;
  return `${title}\n\n${table(["scenario", "was", "is", "change", "verdict"], rows)}\n`;
}
