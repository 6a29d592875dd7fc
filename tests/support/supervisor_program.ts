/** The supervisor without the command line: its arguments are a config file and a config for Deno. */
import { loadConfig } from "../../server/config.ts";
import { runSupervisor } from "../../server/supervisor.ts";

const [file, denoConfig] = Deno.args;
const read = () => ({ ...loadConfig({ file }), denoConfig });
Deno.exit(await runSupervisor({ settings: read(), reread: read }));
