import { assertEquals } from "@std/assert";
import { freePort } from "../support/ports.ts";
import { choosePackages, ROOT } from "../support/packages.ts";
import { say } from "../support/run_deno.ts";
import { missingPrograms, RIVALS } from "../../bench/load/rivals.ts";
import { chooseScenarios } from "../../bench/load/scenarios.ts";
import { ServerProcess } from "../../bench/load/server_process.ts";

/** Announces more than it sends, and goes. */
async function breakOff(server: ServerProcess, path: string): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(new URL(server.url).port) });
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 20000000\r\n\r\n`;
  await conn.write(new TextEncoder().encode(head + "x".repeat(1000)));
  // Long enough for the body to be waited for, not only the head.
  await new Promise((resolve) => setTimeout(resolve, 300));
  conn.close();
}

const [upload] = chooseScenarios(["upload"]);
for (const { rival, path = "/" } of upload!.contenders) {
  const lacks = missingPrograms(RIVALS[rival]!);
  if (lacks.length > 0) say(`${lacks} is not installed: ${rival} is not tested`);
  Deno.test({
    name: `${rival} survives an upload that breaks off, as each end of a load does`,
    ignore: lacks.length > 0,
    fn: async () => {
      const folder = Deno.makeTempDirSync();
      const { config } = await choosePackages();
      const place = { port: freePort(), backend: freePort(), workers: 1, files: folder, folder, config };
      const server = await ServerProcess.start(RIVALS[rival]!, { ...place, root: ROOT, app: "upload" }, {
        server: "0",
        load: "0",
      });
      try {
        await breakOff(server, path);
        const { status, body } = await server.ask(path, { method: "POST", body: new Uint8Array(1000) });
        assertEquals([status, new TextDecoder().decode(body)], [200, "1000"]);
      } finally {
        await server.stop();
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}
