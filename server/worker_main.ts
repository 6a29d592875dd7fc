/**
 * What a worker process runs: importing this file turns a process into a worker, until it ends. `spawn.ts`
 * names it; a bundle and a compiled binary import it when they are started as workers.
 *
 * @module
 */
import { startService } from "./service.ts";
import { runWorker } from "./worker.ts";

Deno.exit(await runWorker(startService));
