/** Reloads again and again under load, and prints what became of the requests: for another process. */
import { Load, type Outcome } from "./load.ts";
import { Archangel } from "./processes.ts";

/** What {@linkcode reloadUnderLoad} saw. */
export interface Reloads extends Outcome {
  /** Worker processes that served, by id. */
  workers: number[];
}

/** Reloads so often, each time when the last one is over, while clients never pause. */
export async function reloadUnderLoad(reloads: number): Promise<Reloads> {
  await using archangel = await Archangel.serving();
  const workers = new Set(archangel.workers());
  const load = new Load(archangel.port);
  for (let times = 1; times <= reloads; times++) {
    archangel.signal("SIGHUP");
    await archangel.says("reloaded: ", times);
    for (const pid of archangel.workers()) workers.add(pid);
  }
  return { ...await load.stop(), workers: [...workers] };
}

if (import.meta.main) {
  const reloads = await reloadUnderLoad(Number(Deno.args[0]));
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(reloads)));
}
