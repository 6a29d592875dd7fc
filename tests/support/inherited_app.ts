/** What is served behind inherited sockets: an app that shows flow control, aborts and its own process. */
import { createHash } from "node:crypto";
import type { App } from "../../twig/mod.ts";
import { delay } from "./delay.ts";

const PIECE = new Uint8Array(64_000).fill(100);
const DOWNLOAD = 50_000_000;

/** What apps noticed, in order. */
const noticed: string[] = [];

async function* download(): AsyncGenerator<Uint8Array> {
  try {
    for (let sent = 0; sent < DOWNLOAD; sent += PIECE.length) yield PIECE;
  } finally {
    noticed.push("download over");
  }
}

function memory(): string {
  // What only waits for the collector is not what is measured; buffers are counted one collection later.
  for (let i = 0; i < 2; i++) (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  return JSON.stringify({ rss, held: heapUsed + external });
}

const apps: Record<string, App> = {
  "/hello": (request) => `hello ${request.remote.address}`,
  "/pid": () => String(Deno.pid),
  "/memory": memory,
  "/noticed": () => noticed.join(),
  "/download": download,
  "/digest": async (request) => {
    const hash = createHash("sha256");
    for await (const chunk of request.body) hash.update(chunk);
    return hash.digest("hex");
  },
  /** Never reads its body, and answers nobody. */
  "/ignore": async (request) => {
    noticed.push("begun");
    await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
    noticed.push("aborted");
    return "";
  },
  "/slow": async () => {
    noticed.push("slow");
    await delay(1000);
    return "at last";
  },
};

const app: App = (request, response) => apps[request.pathInfo]?.(request, response);
export default app;
