/**
 * A FastCGI server as a process of its own, so that its memory can be measured: `/ignore` never reads the body it gets
 * and never answers, `/download` answers with 50 MB. The port is its first line on stdout; a line on stdin is answered
 * with the memory in use now, in bytes.
 */
import { startService } from "../../server/service.ts";
import type { App } from "../../twig/mod.ts";
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
const service = await startService(settings);
const [address] = service.addresses;
const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
say(address?.transport === "tcp" ? String(address.port) : "");
for await (const _line of Deno.stdin.readable) {
  // What only waits for the collector is not what is measured.
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  say(JSON.stringify({ rss, held: heapUsed + external }));
}
service.stop();
