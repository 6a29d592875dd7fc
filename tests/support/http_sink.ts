/** An HTTP server whose memory is measured; see `measured_server.ts`. */
import { startService } from "../../server/service.ts";
import type { App } from "../../twig/mod.ts";
import { delay } from "./delay.ts";
import { reportMemory } from "./measured_server.ts";
import { settingsOf } from "./served.ts";

const DOWNLOAD = 50_000_000;
const MEMORY = new Uint8Array(64_000).fill(100);

async function* download(): AsyncGenerator<Uint8Array> {
  for (let sent = 0; sent < DOWNLOAD; sent += MEMORY.length) yield MEMORY;
}

function* downloadAtOnce(): Generator<string> {
  const text = "x".repeat(1000);
  for (let sent = 0; sent < DOWNLOAD; sent += text.length) yield text;
}

const apps: Record<string, App> = {
  /** Never reads its body and never answers. */
  "/ignore": (request) =>
    new Promise((resolve) => request.signal.addEventListener("abort", () => resolve(""))),
  "/download": download,
  "/download-at-once": downloadAtOnce,
  "/small": () => "x".repeat(2000),
  "/later": async () => {
    await delay(0);
    return "x".repeat(2000);
  },
};

const app: App = (request, response) => apps[request.pathInfo]?.(request, response);
await reportMemory(await startService(settingsOf(app, { limits: { bodyBytes: 128 * 1024 * 1024 } })));
