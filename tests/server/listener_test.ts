import { assert, assertEquals } from "@std/assert";
import { serve } from "@archangel/archangel/server";
import { delay } from "../support/delay.ts";
import { RawClient } from "../support/raw_client.ts";

Deno.test("limits.connections holds over all listeners, however often connections are replaced", async () => {
  const limit = 3;
  await using server = await serve({
    listen: ["http://127.0.0.1:0", "http://127.0.0.1:0", "http://127.0.0.1:0"],
    apps: { app: () => "here" },
    limits: { connections: limit },
    log: { access: "off" },
  });
  const clients: RawClient[] = [];
  for (let i = 0; i < 36; i++) {
    const address = server.addresses[i % 3]!;
    assert(address.transport === "tcp");
    const client = await RawClient.connect(address.port);
    await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    clients.push(client);
  }
  const served = clients.map((client) => client.response().then(() => client, () => undefined));
  let open: RawClient[] = [];
  for (let round = 0; round < 8; round++) {
    await delay(100);
    open = (await Promise.all(served.map((one) => Promise.race([one, undefined])))).filter((one) =>
      one !== undefined
    );
    open = open.filter((client) => clients.includes(client));
    // Each listener but one may have let in somebody before another one filled the last place.
    assert(open.length >= limit && open.length <= limit + 2, `${open.length} connections in round ${round}`);
    const gone = open[0]!;
    clients.splice(clients.indexOf(gone), 1);
    gone.close();
  }
  for (const client of clients) client.close();
  await Promise.all(served);
  assertEquals(clients.length, 28);
});
