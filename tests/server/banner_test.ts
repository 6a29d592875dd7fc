import { assertEquals, assertStringIncludes } from "@std/assert";
import { formatAddress } from "../../server/address.ts";
import { banner, migratesRequests, reloadLine } from "../../server/banner.ts";
import { settingsFor } from "../support/settings.ts";

Deno.test("banner() shows listeners, workers, routes, config file and how a reload goes", () => {
  const settings = settingsFor({
    source: "/srv/archangel.yaml",
    routes: [{ host: undefined, path: "/", app: "hello" }, {
      host: "*.example.org",
      path: "/b",
      app: "hello",
    }],
  });
  const addresses = [
    settings.listen[0]!,
    { protocol: "fcgi", transport: "unix", path: "/run/a.sock", mode: 0o660, group: undefined } as const,
  ];
  assertEquals(
    banner(settings, addresses, true),
    `serving
  listen   http://127.0.0.1:8000
           fcgi+unix:/run/a.sock
  workers  2
  route    / -> hello (twig ./apps/hello.ts)
           *.example.org/b -> hello (twig ./apps/hello.ts)
  config   /srv/archangel.yaml
  reload   loss-free`,
  );
});

Deno.test("banner() shows one path for the Unix sockets of several workers", () => {
  const asked = {
    protocol: "http",
    transport: "unix",
    path: "/run/{worker}.sock",
    mode: 0o660,
    group: undefined,
  } as const;
  const bound = { ...asked, path: "/run/2.sock" };
  const shown = (workers: number) => banner(settingsFor({ listen: [asked], workers }), [bound], true);
  assertStringIncludes(shown(2), "  listen   http+unix:/run/{worker}.sock\n");
  assertStringIncludes(shown(1), "  listen   http+unix:/run/2.sock\n");
});

Deno.test("banner() promises no reload without workers", () => {
  assertStringIncludes(banner(settingsFor({ workers: 0 }), [], true), "  reload   needs workers");
  const listen = [{ protocol: "fcgi", transport: "fd", descriptor: 0 }] as const;
  const inherited = banner(settingsFor({ workers: 0, listen }), listen, true);
  assertStringIncludes(inherited, "  listen   fcgi+fd:0\n");
  assertStringIncludes(inherited, "  reload   takes a new process");
});

Deno.test("reloadLine() gives the command to set what is off, and promises nothing it does not know", () => {
  assertEquals(reloadLine(true), "loss-free");
  assertStringIncludes(reloadLine(false), "sysctl -w net.ipv4.tcp_migrate_req=1");
  assertStringIncludes(reloadLine(undefined), "cannot tell");
});

Deno.test("migratesRequests() reads the kernel's setting, and is undecided on other systems", () => {
  const isLinux = Deno.build.os === "linux";
  const set = isLinux && Deno.readTextFileSync("/proc/sys/net/ipv4/tcp_migrate_req") === "1\n";
  assertEquals(migratesRequests(), isLinux ? set : undefined);
});

Deno.test("formatAddress() brackets IPv6 addresses", () => {
  const address = { protocol: "fcgi", transport: "tcp", port: 9000 } as const;
  assertEquals(formatAddress({ ...address, hostname: "localhost" }), "fcgi://localhost:9000");
  assertEquals(formatAddress({ ...address, hostname: "::" }), "fcgi://[::]:9000");
});
