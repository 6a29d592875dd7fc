/** Settings for tests of what is above the config. */
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import type { Settings } from "../../server/settings.ts";

/** Settings with one HTTP listener and one app at `/`, and what differs. */
export function settingsFor(changes: Partial<Settings> = {}): Settings {
  return {
    listen: [{ protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 8000 }],
    workers: 2,
    apps: {
      hello: {
        name: "hello",
        kind: "twig",
        location: "file:///srv/apps/hello.ts",
        preload: false,
        bodyBytes: 16,
      },
    },
    routes: [{ host: undefined, path: "/", app: "hello" }],
    strictHosts: false,
    development: false,
    serverName: "",
    limits: DEFAULT_LIMITS,
    timeouts: DEFAULT_TIMEOUTS,
    log: { access: "off", format: "auto" },
    denoConfig: undefined,
    permissions: [],
    source: undefined,
    ...changes,
  };
}
