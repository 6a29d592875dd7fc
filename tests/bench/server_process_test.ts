import { assertRejects } from "@std/assert";
import { ServerProcess } from "../../bench/load/server_process.ts";
import { freePort } from "../support/ports.ts";

/** Promises ten bytes and sends three. */
const CUT = `for await (const conn of Deno.listen({ hostname: "127.0.0.1", port: PORT })) {
  conn.read(new Uint8Array(1000)).then(async (size) => {
    if (size !== null) {
      await conn.write(new TextEncoder().encode("HTTP/1.1 200 OK\\r\\ncontent-length: 10\\r\\n\\r\\nabc"));
    }
    conn.close();
  });
}`;

Deno.test("ServerProcess.ask() fails when an answer is cut", async () => {
  const folder = Deno.makeTempDirSync();
  const port = freePort();
  const place = { port, backend: port, app: "", workers: 1, files: folder, folder, config: "", root: "" };
  const argv = [Deno.execPath(), "eval", CUT.replace("PORT", String(port))];
  const rival = { title: "cut", needs: [], start: () => [{ argv, port }] };
  const server = await ServerProcess.start(rival, place, { server: "0", load: "0" });
  try {
    await assertRejects(() => server.ask("/"), Error);
  } finally {
    await server.stop();
    Deno.removeSync(folder, { recursive: true });
  }
});
