/** RFC 9110 §7.8: no other protocol is spoken here, and asking for one changes nothing. */
import { assertEquals } from "@std/assert";
import { valueOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";

const NEXT = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";

Deno.test("upgrade (RFC9110§7.8): is ignored, and the answer is that of HTTP/1.1", async () => {
  await using server = await Served.start();
  const websocket =
    "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==";
  for (
    const lines of [
      `connection: Upgrade\r\n${websocket}`,
      `connection: keep-alive, upgrade\r\n${websocket}`,
      websocket,
      "connection: upgrade\r\nupgrade: unknown/1.0",
      "connection: upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__",
      "connection: upgrade\r\nupgrade: TLS/1.0",
      "connection: upgrade",
    ]
  ) {
    using client = await server.connect();
    await client.send(`GET / HTTP/1.1\r\nhost: x\r\n${lines}\r\n\r\n` + NEXT);
    const response = await client.response();
    assertEquals(response.status, 200, lines);
    assertEquals(valueOf(response, "upgrade"), undefined);
    assertEquals(valueOf(response, "connection"), undefined);
    assertEquals((await client.response()).status, 200);
  }
});

Deno.test("upgrade (RFC9110§7.8): of a request with a body leaves the body a body", async () => {
  await using server = await Served.start();
  using client = await server.connect();
  const fields = "connection: upgrade\r\nupgrade: websocket\r\ncontent-length: 5\r\nexpect: 100-continue";
  await client.send(`POST / HTTP/1.1\r\nhost: x\r\n${fields}\r\n\r\n`);
  assertEquals((await client.response()).status, 100);
  await client.send("hello" + NEXT);
  assertEquals(JSON.parse((await client.response()).body).body, "hello");
  assertEquals((await client.response()).status, 200);
});

Deno.test("upgrade (RFC9110§7.6.1): connection fields that an app sets are the server's business", async () => {
  await using server = await Served.start((_request, response) => {
    response.start(200, {
      "connection": "upgrade, x",
      "keep-alive": "timeout=5",
      "upgrade": "h2c",
      "transfer-encoding": "gzip",
      "x-kept": "1",
    });
    return "hello";
  });
  using client = await server.connect();
  await client.send(NEXT + NEXT);
  for (let i = 0; i < 2; i++) {
    const response = await client.response();
    assertEquals(response.body, "hello");
    for (const name of ["connection", "keep-alive", "transfer-encoding"]) {
      assertEquals(valueOf(response, name), undefined, name);
    }
    assertEquals(valueOf(response, "x-kept"), "1");
  }
});
