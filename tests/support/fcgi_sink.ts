/**
 * A FastCGI server whose memory is measured (see `measured_server.ts`): `/ignore` never reads the body it gets and never
 * answers, `/download` answers with 50 MB.
 */
import { startService } from "../../server/service.ts";
import type { App } from "../../twig/mod.ts";
import { reportMemory } from "./measured_server.ts";
import { settingsOf } from "./served.ts";

const CHUNK = new Uint8Array(64_000).fill(100);
const DOWNLOAD = 50_000_000;

const app: App = async function* (request, response) {
  if (request.pathInfo === "/ignore") {
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    return;
  }
  response.start(200, { "content-type": "application/octet-stream" });
  for (let sent = 0; sent < DOWNLOAD; sent += CHUNK.length) yield CHUNK;
};

const settings = settingsOf(app, {
  listen: [{ protocol: "fcgi", transport: "tcp", hostname: "127.0.0.1", port: 0 }],
  limits: { bodyBytes: 128 * 1024 * 1024 },
});
await reportMemory(await startService(settings));
