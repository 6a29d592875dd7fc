import { assertEquals } from "@std/assert";
import { connectionsWithin, descriptorLimit } from "../../server/descriptors.ts";

Deno.test("connectionsWithin() leaves an eighth of the descriptors, and at least 64", () => {
  assertEquals(
    [20_000, 1024, 512, 120, 65, 10].map(connectionsWithin),
    [17_500, 896, 448, 56, 1, 1],
  );
  assertEquals(connectionsWithin(Infinity), Infinity);
});

Deno.test("descriptorLimit() is what Linux says, and no limit where nothing is said", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      file,
      "Max processes   1000  2000  processes\nMax open files   120   4096   files\n",
    );
    assertEquals(descriptorLimit(file), 120);
    await Deno.writeTextFile(file, "Max open files   unlimited   unlimited   files\n");
    assertEquals(descriptorLimit(file), Infinity);
  } finally {
    await Deno.remove(file);
  }
  assertEquals(descriptorLimit("/nowhere"), Infinity);
});

Deno.test("a server with few descriptors lets further connections wait instead of failing", async () => {
  const code = `
    import { serve } from ${JSON.stringify(new URL("../../mod.ts", import.meta.url).href)};
    const server = await serve({ listen: "http://127.0.0.1:0", apps: { a: () => { throw new Error("no"); } } });
    console.log(server.addresses[0].port);
    await server.finished;`;
  const module = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(module, code);
  const config = new URL("../../.deno.offline.json", import.meta.url).pathname;
  const flags = await Deno.stat(config).then(() => `-c ${config}`, () => "");
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n 120 && exec ${Deno.execPath()} run -A ${flags} ${module}`],
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const output = child.stdout.getReader();
  const connections: Deno.Conn[] = [];
  try {
    const { value } = await output.read();
    const port = Number(new TextDecoder().decode(value));
    for (let i = 0; i < 150; i++) connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
    const [first] = connections as [Deno.Conn];
    await first.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: x\r\n\r\n"));
    const answer = new Uint8Array(1024);
    const size = await first.read(answer);
    assertEquals(new TextDecoder().decode(answer.subarray(0, size ?? 0)).slice(0, 12), "HTTP/1.1 500");
  } finally {
    for (const connection of connections) connection.close();
    child.kill("SIGKILL");
    await child.status;
    await output.cancel();
    await Deno.remove(module);
  }
});
