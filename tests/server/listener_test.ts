import { assert, assertEquals, assertLess } from "@std/assert";
import { serve } from "@archangel/archangel/server";
import { type Accepted, Listener } from "../../server/listener.ts";
import { delay } from "../support/delay.ts";
import { RawClient } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

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

Deno.test("the error log says once that limits.connections is reached, and again if that comes again", async () => {
  await using server = await Served.start(() => "here", { limits: { connections: 4 } });
  const full = /Z 4 connections are open, as many as limits\.connections allows: further ones wait$/;
  const told = () => server.log.filter((line) => full.test(line)).length;
  const clients: RawClient[] = [];
  const open = async () => {
    const client = await server.connect();
    await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    clients.push(client);
    await Promise.race([client.response().catch(() => {}), delay(100)]);
  };
  const close = async (count: number) => {
    for (const client of clients.splice(0, count)) client.close();
    await delay(50);
  };
  for (let count = 0; count < 3; count++) await open();
  assertEquals(told(), 0);
  for (let count = 0; count < 3; count++) await open();
  assertEquals(told(), 1);
  // One goes and another takes the place: it is full as before.
  await close(1);
  await open();
  assertEquals([told(), server.log.length], [1, 1]);
  await close(clients.length);
  for (let count = 0; count < 4; count++) await open();
  assertEquals([told(), server.log.length], [2, 2]);
});

/** Accepts from a socket on which these things happen, one after the other; says what was served and what failed. */
async function acceptAll(
  happening: readonly (Error | Deno.Conn)[],
  serve?: (conn: Accepted) => void,
): Promise<unknown[]> {
  const left = [...happening];
  const heard: unknown[] = [];
  const over = Promise.withResolvers<Deno.Conn>();
  const socket = {
    accept(): Promise<Deno.Conn> {
      const next = left.shift();
      if (next === undefined) listener.close();
      return next === undefined
        ? over.promise
        : next instanceof Error
        ? Promise.reject(next)
        : Promise.resolve(next);
    },
    close: () => over.reject(new Deno.errors.BadResource("closed")),
  };
  const address = { protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 1 } as const;
  const listener = new Listener(address, socket as unknown as Deno.Listener);
  await listener.accept(serve ?? ((conn) => heard.push(conn)), () => undefined, (error) => heard.push(error));
  return heard;
}

Deno.test("Listener passes over clients that are gone before they are accepted, and neither waits nor complains", async () => {
  const conn = {} as Deno.Conn;
  const gone = [
    new Deno.errors.NotConnected("reset"),
    new Deno.errors.ConnectionAborted("reset"),
    new Deno.errors.ConnectionReset("reset"),
  ];
  assertEquals(await acceptAll([...gone, ...gone, conn]), [conn]);
});

Deno.test("Listener complains of any other trouble, and goes on after a moment", async () => {
  const conn = {} as Deno.Conn;
  const trouble = new Error("Too many open files");
  assertEquals(await acceptAll([trouble, conn]), [trouble, conn]);
});

Deno.test("Listener closes a connection that cannot be served, says why, and goes on at once", async () => {
  const closed: number[] = [];
  const conns = [1, 2, 3].map((number) => ({ close: () => closed.push(number) }) as unknown as Deno.Conn);
  const trouble = new Error("Invalid argument");
  const begun = performance.now();
  const heard = await acceptAll(conns, (conn) => {
    if (conn !== conns[1]) throw trouble;
  });
  assertEquals([heard, closed], [[trouble, trouble], [1, 3]]);
  assertLess(performance.now() - begun, 90);
});

Deno.test("Listener says nothing of a client that is gone before it is served, nor of one that closed itself", async () => {
  const conn = {
    close() {
      throw new Deno.errors.BadResource("closed");
    },
  } as unknown as Deno.Conn;
  const heard = await acceptAll([conn, conn], () => {
    throw new Deno.errors.NotConnected("reset");
  });
  assertEquals(heard, []);
});
