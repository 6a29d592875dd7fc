import { assertEquals, assertThrows } from "@std/assert";
import {
  flagsFor,
  neededGrants,
  permissionFlags,
  requireGrants,
  shellFlags,
} from "../../server/permissions.ts";
import type { AppSpec, Settings } from "../../server/settings.ts";
import { processWith } from "../support/granted.ts";
import { settingsFor } from "../support/settings.ts";

const executable = Deno.execPath();

function app(name: string, kind: AppSpec["kind"], location: string): AppSpec {
  return { name, kind, location, preload: false, bodyBytes: 1 };
}

/** Settings with something of everything. */
const FULL: Settings = settingsFor({
  listen: [
    { protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 8000 },
    { protocol: "http", transport: "tcp", hostname: "::1", port: 8000 },
  ],
  apps: {
    hello: app("hello", "twig", "file:///srv/a%20b/x,y/hello.ts"),
    files: app("files", "static", "/srv/files"),
    far: app("far", "fetch", "https://example.org/app.ts"),
    npm: app("npm", "fetch", "npm:some-app"),
  },
  log: { access: "/var/log/access.log", format: "json" },
  permissions: [{ name: "env", value: "TOKEN" }, { name: "net", value: "db.example.org:5432" }],
});

const TRUSTED = [
  "deno.land:443",
  "jsr.io:443",
  "esm.sh:443",
  "raw.esm.sh:443",
  "cdn.jsdelivr.net:443",
  "raw.githubusercontent.com:443",
  "gist.githubusercontent.com:443",
];

Deno.test("permissionFlags() passes on whole grants, and nothing that is not granted", () => {
  assertEquals(permissionFlags(settingsFor(), processWith("net", "read")), ["--allow-read", "--allow-net"]);
  assertEquals(permissionFlags(settingsFor(), processWith()), []);
  const all = ["read", "write", "net", "env", "run", "sys", "ffi", "import"];
  assertEquals(permissionFlags(settingsFor(), processWith(...all)), ["-A"]);
});

Deno.test("permissionFlags() passes on of a narrow grant what the settings need", () => {
  const grants = ["net=127.0.0.1:8000", "net=[::1]:8000", "read=/srv/files", "write=/var/log/access.log"];
  const query = processWith(...grants, "env=TOKEN", "env=OTHER", "run=git", "import=example.org:443");
  assertEquals(permissionFlags(FULL, query), [
    "--allow-read=/srv/files",
    "--allow-write=/var/log/access.log",
    "--allow-net=127.0.0.1:8000,[::1]:8000",
    "--allow-env=TOKEN",
    "--allow-import=example.org:443",
  ]);
});

Deno.test("permissionFlags() passes on the granted folder around what the settings need", () => {
  const query = processWith("read=/srv", "write=/var/log", "read=/etc");
  assertEquals(permissionFlags(FULL, query), ["--allow-read=/srv", "--allow-write=/var/log"]);
});

Deno.test("permissionFlags() passes on the list of web servers where FastCGI is spoken", () => {
  const query = processWith("env=FCGI_WEB_SERVER_ADDRS");
  const [http] = settingsFor().listen;
  assertEquals(permissionFlags(settingsFor({ listen: [{ ...http!, protocol: "fcgi" }] }), query), [
    "--allow-env=FCGI_WEB_SERVER_ADDRS",
  ]);
  assertEquals(permissionFlags(settingsFor(), query), []);
});

Deno.test("permissionFlags() does not widen a grant that is partly denied", () => {
  const whole = ["read", "write", "net", "env", "run", "sys", "ffi", "import"];
  const flags = permissionFlags(settingsFor(), processWith(...whole, "!read=/srv/secret"));
  assertEquals(flags.filter((flag) => flag.startsWith("--allow-read")), ["--allow-read=/srv/apps"]);
  assertEquals(flags.includes("-A"), false);
  const narrow = processWith("read=/srv", "!read=/srv/apps/secret");
  assertEquals(permissionFlags(settingsFor(), narrow), []);
});

Deno.test("neededGrants() lists what each part of a config needs", () => {
  const settings = { ...FULL, source: "/srv/archangel.yaml", denoConfig: "/srv/deno.json" };
  assertEquals(flagsFor(neededGrants(settings, ["PORT"])), [
    "--allow-read=/srv/archangel.yaml,/srv/deno.json,/srv/a b/x,,y,/srv/files",
    "--allow-write=/var/log/access.log",
    "--allow-net=127.0.0.1:8000,[::1]:8000,db.example.org:5432",
    "--allow-env=TOKEN,PORT",
    `--allow-run=${executable}`,
    `--allow-import=example.org:443,${TRUSTED}`,
  ]);
});

Deno.test("neededGrants() wants no second process without workers", () => {
  assertEquals(flagsFor(neededGrants(settingsFor({ workers: 0 }))), [
    "--allow-read=/srv/apps",
    "--allow-net=127.0.0.1:8000",
  ]);
});

Deno.test("neededGrants() wants all ports of a host for one that the kernel chooses", () => {
  const listen = ["127.0.0.1", "::1"].map((hostname) =>
    ({ protocol: "http", transport: "tcp", hostname, port: 0 }) as const
  );
  const settings = settingsFor({ listen, workers: 0, apps: {} });
  assertEquals(flagsFor(neededGrants(settings)), ["--allow-net=127.0.0.1,[::1]"]);
});

Deno.test("neededGrants() wants for a Unix socket its folder, all of the net, and the groups by name", () => {
  const socket = { protocol: "fcgi", transport: "unix", path: "/run/a.sock", mode: 0o660 } as const;
  const flags = (group: string | undefined) =>
    flagsFor(neededGrants(settingsFor({ listen: [{ ...socket, group }], workers: 0, apps: {} })));
  assertEquals(flags(undefined), ["--allow-read=/run", "--allow-write=/run", "--allow-net"]);
  assertEquals(flags("33"), flags(undefined));
  assertEquals(flags("www-data")[0], "--allow-read=/run,/etc/group");
});

Deno.test("neededGrants() wants nothing for a socket that is there already", () => {
  const listen = [{ protocol: "fcgi", transport: "fd", descriptor: 0 }] as const;
  assertEquals(flagsFor(neededGrants(settingsFor({ listen, workers: 0, apps: {} }))), []);
});

Deno.test("neededGrants() leaves out what another grant contains", () => {
  const permissions = [{ name: "read", value: "/srv" }, { name: "net" }, { name: "net" }] as const;
  assertEquals(flagsFor(neededGrants({ ...FULL, workers: 0, permissions })).slice(0, 3), [
    "--allow-read=/srv",
    "--allow-write=/var/log/access.log",
    "--allow-net",
  ]);
});

Deno.test("requireGrants() names the flags that are missing", () => {
  requireGrants(FULL, processWith("env", "net=db.example.org:5432"));
  assertThrows(
    () => requireGrants(FULL, processWith("net")),
    Error,
    "Cannot give workers the permissions of the config: run Deno with --allow-env=TOKEN",
  );
});

Deno.test("shellFlags() quotes what a shell would take apart", () => {
  const grants = [{ name: "read", value: "/it's here" }, { name: "net", value: "[::1]:80" }] as const;
  assertEquals(shellFlags(grants), "'--allow-read=/it'\\''s here' --allow-net=[::1]:80");
});

Deno.test("neededGrants() does not take a path for one that is in a folder whose name it begins with", () => {
  const permissions = ["/srv", "/srvx", "/srv/in", "/srv.d/file"].map((value) =>
    ({ name: "read", value }) as const
  );
  const settings = settingsFor({ workers: 0, apps: {}, permissions });
  assertEquals(flagsFor(neededGrants(settings))[0], "--allow-read=/srv,/srvx,/srv.d/file");
});
