/**
 * What a worker process runs: `spawn.ts` names this file as its main module, and a bundle or a compiled
 * binary gets here when it is started as a worker.
 *
 * @module
 */
import { startService } from "./service.ts";
import { runWorker } from "./worker.ts";

/**
 * Turns this process into a worker.
 *
 * @returns Never: the process ends with the worker.
 */
export async function work(): Promise<never> {
  Deno.exit(await runWorker(startService));
}

if (import.meta.main) await work();
