/**
 * What a worker process runs, if it is not a bundle or a compiled binary. Nothing imports this file:
 * `spawn.ts` names it.
 *
 * @module
 */
import { startService } from "./service.ts";
import { runWorker } from "./worker.ts";

Deno.exit(await runWorker(startService));
