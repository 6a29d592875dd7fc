/** FCGI_WEB_SERVER_ADDRS (FastCGI 1.0 §3.2). */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { WebServers } from "../../server/web_servers.ts";
import { get } from "../support/fcgi_client.ts";
import { FcgiServer, type Transport } from "../support/fcgi_server.ts";

function tcp(hostname: string): Deno.Addr {
  return { transport: "tcp", hostname, port: 4711 };
}

Deno.test("WebServers knows an address in every spelling", () => {
  const servers = new WebServers("192.0.2.1, 2001:DB8:0:0::1,,127.0.0.1,");
  for (const address of ["192.0.2.1", "::ffff:192.0.2.1", "127.0.0.1", "2001:db8::1", "2001:db8:0::0:1"]) {
    assert(servers.include(tcp(address)), address);
  }
  for (const address of ["192.0.2.10", "::1", "2001:db8::2"]) {
    assert(!servers.include(tcp(address)), address);
  }
  assert(!servers.include({ transport: "unix", path: "/run/app.sock" }));
});

Deno.test("WebServers refuses what is no address", () => {
  for (const item of ["localhost", "192.0.2.256", "192.0.2", "192.0.2.1/24", "1.2.3.4.5", "192.0.2.1."]) {
    const error = assertThrows(() => new WebServers(`127.0.0.1,${item}`), TypeError);
    assertEquals(
      error.message,
      `Cannot read FCGI_WEB_SERVER_ADDRS: ${JSON.stringify(item)} is no IP address`,
    );
  }
});

Deno.test("WebServers complains of a peer once", () => {
  const servers = new WebServers("192.0.2.1");
  assertEquals(servers.complaint(tcp("192.0.2.2")), "fcgi 192.0.2.2: not in FCGI_WEB_SERVER_ADDRS (closed)");
  assertEquals(servers.complaint(tcp("192.0.2.2")), undefined);
  for (let i = 0; i < 200; i++) servers.complaint(tcp(`10.0.0.${i}`));
  assertEquals(servers.complaint(tcp("192.0.2.3")), undefined);
});

/** Starts a server with the variable set. */
async function withList(list: string, transport: Transport = "TCP"): Promise<FcgiServer> {
  Deno.env.set("FCGI_WEB_SERVER_ADDRS", list);
  try {
    return await FcgiServer.start(() => "hello", transport);
  } finally {
    Deno.env.delete("FCGI_WEB_SERVER_ADDRS");
  }
}

Deno.test("a peer on the list is served", async () => {
  await using server = await withList("192.0.2.1,127.0.0.1");
  using client = await server.connect();
  assertEquals((await client.ask(get())).body, "hello");
});

for (const transport of ["TCP", "Unix"] as const) {
  Deno.test(`a peer that is not on the list is closed, with one line in the log (${transport})`, async () => {
    await using server = await withList("192.0.2.1", transport);
    for (let i = 0; i < 3; i++) {
      using client = await server.connect();
      await client.closes();
    }
    assert((await server.oneLogLine()).endsWith("not in FCGI_WEB_SERVER_ADDRS (closed)"));
  });
}

Deno.test("a list that cannot be read stops the start", async () => {
  await assertRejects(() => withList("127.0.0.1,web.test"), TypeError, '"web.test" is no IP address');
});
