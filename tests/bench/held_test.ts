import { assert, assertEquals } from "@std/assert";
import { hold } from "../../bench/load/held.ts";
import type { Sample } from "../../bench/load/results.ts";
import { SCENARIOS } from "../../bench/load/scenarios.ts";
import { ServerProcess } from "../../bench/load/server_process.ts";
import { DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import { freePort } from "../support/ports.ts";

/** Tidies up with all its might, from half a second after the first request on, for half a second. */
const TIDY = `let later;
Deno.serve({ hostname: "127.0.0.1", port: PORT }, () => {
  later ??= setTimeout(() => { for (const end = Date.now() + 500; Date.now() < end;); }, 500);
  return new Response("yes");
});`;

async function holdTidy(watch: { settle: number; look: number }): Promise<Sample> {
  const folder = Deno.makeTempDirSync();
  const port = freePort();
  const place = { port, backend: port, app: "", workers: 1, files: folder, folder, config: "", root: "" };
  const argv = [Deno.execPath(), "eval", TIDY.replace("PORT", String(port))];
  const rival = { title: "tidy", needs: [], start: () => [{ argv, port }] };
  const server = await ServerProcess.start(rival, place, { server: "0", load: "0" });
  try {
    const [outcome] = await hold([{ server, url: `${server.url}/` }], 10, watch, "0");
    assert(outcome!.status === "fulfilled");
    return outcome!.value;
  } finally {
    await server.stop();
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("hold() counts what a server does between the two looks, and not what it does before", async () => {
  const { busy, cpu } = await holdTidy({ settle: 5, look: 1 });
  assert(busy! < 100, `${busy} ms a second after it had settled`);
  assertEquals(cpu, undefined, "there was no event");
  const early = await holdTidy({ settle: 0, look: 3 });
  assert(early.busy! > 100, `${early.busy} ms a second while it tidied up`);
});

Deno.test("idle connections are looked at when the deadlines of their heads have passed", () => {
  const { watch } = SCENARIOS.find(({ name }) => name === "idle")!;
  assert(watch!.settle * 1000 > DEFAULT_TIMEOUTS.header);
});
