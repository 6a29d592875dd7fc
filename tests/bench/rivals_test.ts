import { assertEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
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
  await delay(300);
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

Deno.test("a program is found outside of PATH, and by a name with a version", () => {
  const folder = Deno.makeTempDirSync();
  const path = Deno.env.get("PATH")!;
  const needs = ["php-fpm", "wrk", "a-program-that-nobody-has"];
  try {
    for (const name of ["php-fpm9.1", "wrk2"]) Deno.writeTextFileSync(`${folder}/${name}`, "");
    Deno.env.set("PATH", folder);
    assertEquals(missingPrograms({ title: "", needs, start: () => [] }), needs.slice(1));
    const place = { port: 1, backend: 2, app: "", workers: 1, files: "", folder, config: "", root: "" };
    const [php] = RIVALS["php_fpm"]!.start(place);
    assertEquals(php!.argv[0], `${folder}/php-fpm9.1`);
  } finally {
    Deno.env.set("PATH", path);
    Deno.removeSync(folder, { recursive: true });
  }
});
