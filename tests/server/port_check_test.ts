import { assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ListenError } from "../../server/errors.ts";
import { claimPorts, withPorts } from "../../server/port_check.ts";
import type { TcpAddress } from "../../server/settings.ts";
import { freePort } from "../support/ports.ts";
import { settingsFor } from "../support/settings.ts";

function tcp(port: number, hostname = "127.0.0.1"): TcpAddress {
  return { protocol: "http", transport: "tcp", hostname, port };
}

function ports(claims: ReturnType<typeof claimPorts>): number[] {
  return claims.map(({ got }) => got.transport === "tcp" ? got.port : -1);
}

Deno.test("claimPorts() finds out that a port is taken, and names it", () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = other.addr;
  assertThrows(
    () => claimPorts(settingsFor({ listen: [tcp(port)] }), []),
    ListenError,
    `Cannot listen on http://127.0.0.1:${port}: the port is taken by another program; name another with ` +
      `--listen http://127.0.0.1:${port + 1} or the setting listen`,
  );
});

Deno.test("claimPorts() lets go of what it tried, also when a later one is taken", () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = freePort();
  claimPorts(settingsFor({ listen: [tcp(port)] }), []);
  assertThrows(() => claimPorts(settingsFor({ listen: [tcp(port), tcp(other.addr.port)] }), []), ListenError);
  Deno.listen({ hostname: "127.0.0.1", port }).close();
});

Deno.test("claimPorts() says when the machine has no such address", () => {
  // TEST-NET-1, RFC 5737 §3
  const listen = [tcp(freePort(), "192.0.2.1")];
  assertThrows(
    () => claimPorts(settingsFor({ listen }), []),
    ListenError,
    "this machine has no such address",
  );
});

Deno.test("claimPorts() does not try ports that are held already", () => {
  using ours = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = tcp(ours.addr.port);
  const held = [{ asked: address, got: address }];
  assertEquals(claimPorts(settingsFor({ listen: [address] }), held), held);
});

Deno.test("claimPorts() tells a port that our own workers have, at another address, from one that others have", () => {
  using ours = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = ours.addr;
  const held = [{ asked: tcp(0), got: tcp(port) }];
  const claim = (address: TcpAddress) => claimPorts(settingsFor({ listen: [address] }), held);
  const own = `Archangel's own workers have the port, as http://127.0.0.1:${port}, and a reload cannot`;
  const asked: TcpAddress[] = [tcp(port, "0.0.0.0"), tcp(port, "::"), { ...tcp(port), protocol: "fcgi" }];
  for (const address of asked) assertThrows(() => claim(address), ListenError, own);
  using other = Deno.listen({ hostname: "127.0.0.2", port: 0 });
  const theirs = [{ asked: tcp(other.addr.port), got: tcp(other.addr.port) }];
  assertThrows(
    () => claimPorts(settingsFor({ listen: [tcp(other.addr.port, "127.0.0.2")] }), theirs),
    ListenError,
    "the port is taken by another program",
  );
});

Deno.test("claimPorts() gives each port 0 a port of its own, and the same one at a reload", () => {
  const settings = settingsFor({ listen: [tcp(0), tcp(0)] });
  const claims = claimPorts(settings, []);
  const [first, second] = ports(claims);
  assertNotEquals(first, 0);
  assertNotEquals(first, second);
  assertEquals(ports(claimPorts(settings, claims)), [first, second]);
  assertEquals(withPorts(settings, claims).listen, [tcp(first!), tcp(second!)]);
});

Deno.test("claimPorts() leaves Unix sockets to the worker", () => {
  const unix = {
    protocol: "http",
    transport: "unix",
    path: "/nowhere/s",
    mode: 0o660,
    group: undefined,
  } as const;
  assertEquals(claimPorts(settingsFor({ listen: [unix] }), []), [{ asked: unix, got: unix }]);
});

Deno.test("claimPorts() gives each port 0 a port of its own though the kernel gives free ones again at once", () => {
  const { listen } = Deno;
  const taken = new Set<number>();
  // As a kernel does that always gives the first one.
  Reflect.set(Deno, "listen", () => {
    let port = 50_000;
    while (taken.has(port)) port++;
    taken.add(port);
    return { addr: { port }, close: () => taken.delete(port) };
  });
  try {
    const claims = claimPorts(settingsFor({ listen: [tcp(0), tcp(0), tcp(0)] }), []);
    assertEquals(ports(claims), [50_000, 50_001, 50_002]);
    assertEquals(taken.size, 0);
  } finally {
    Reflect.set(Deno, "listen", listen);
  }
});
