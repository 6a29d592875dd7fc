/**
 * What a worker process runs: `spawn.ts` names this file, a bundle or compiled binary gets here
 * through the command line. That it is imported there has another use: run from a URL, Deno fetches
 * everything that workers need once, before any of them starts.
 *
 * @module
 */
import { startService } from "./service.ts";
import { runWorker } from "./worker.ts";

/** The exit code; the worker has ended. */
export const exitCode: number = await runWorker(startService);

if (import.meta.main) Deno.exit(exitCode);
