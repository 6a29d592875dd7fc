/** A supervisor whose workers run `standin_service.ts`. */
import { runSupervisor } from "../../server/supervisor.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import type { Settings } from "../../server/settings.ts";

function read(): Settings {
  const config = JSON.parse(Deno.readTextFileSync(Deno.args[0]!));
  const port = Number(new URL(config.listen[0]).port);
  const location = new URL("app.js", `file://${Deno.args[0]}`).href;
  return {
    listen: [{ protocol: "http", transport: "tcp", hostname: "127.0.0.1", port }],
    workers: config.workers,
    apps: { test: { name: "test", kind: "fetch", location, preload: true, bodyBytes: 1000 } },
    routes: [{ host: undefined, path: "/", app: "test" }],
    strictHosts: false,
    development: false,
    serverName: "",
    limits: DEFAULT_LIMITS,
    timeouts: { ...DEFAULT_TIMEOUTS, ...config.timeouts_ms },
    log: { access: "off", format: "auto", ...config.log },
    denoConfig: undefined,
    source: Deno.args[0],
  };
}

const module = new URL("./standin_worker.ts", import.meta.url).href;
const self = { executable: Deno.execPath(), module, args: [] };
Deno.exit(await runSupervisor({ settings: read(), reread: read, self }));
