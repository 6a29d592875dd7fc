import { assertEquals } from "@std/assert";
import { EXIT } from "../../server/exit_codes.ts";
import {
  detectSelf,
  permissionFlags,
  type PermissionQuery,
  WORKER_ARGUMENT,
  workerArguments,
} from "../../server/spawn.ts";
import { choosePackages } from "../support/packages.ts";
import { settingsFor } from "../support/settings.ts";

const executable = Deno.execPath();

/** Answers as a process does that was started with these grants: `net`, `read=/srv`, `read!` (partly denied). */
function granted(...grants: string[]): PermissionQuery {
  return (descriptor) => {
    const { name } = descriptor;
    const of = descriptor.name === "net"
      ? descriptor.host
      : "path" in descriptor
      ? descriptor.path
      : undefined;
    const partial = grants.includes(`${name}!`);
    const isIn = (value: string, list: string) => value === list || value.startsWith(`${list}/`);
    const narrow = grants.some((grant) => {
      const [grantedName, list] = grant.split("=");
      return grantedName === name && list !== undefined && of !== undefined && isIn(String(of), list);
    });
    return { state: grants.includes(name) || partial || narrow ? "granted" : "prompt", partial };
  };
}

const everything = granted("read", "write", "net", "env", "run", "sys", "ffi", "import");

Deno.test("detectSelf() runs the worker module beside it, from a file and from a URL", () => {
  for (const root of ["file:///srv/archangel/", "https://example.org/archangel@1.0.0/"]) {
    const self = detectSelf(`${root}server/spawn.ts`, false);
    assertEquals(self, { executable, module: `${root}server/worker_main.ts`, args: [] });
  }
});

Deno.test("detectSelf() runs a single-file bundle again and tells it to be a worker", () => {
  const url = "https://example.org/archangel.js";
  assertEquals(detectSelf(url, false), { executable, module: url, args: [WORKER_ARGUMENT] });
});

Deno.test("detectSelf() runs a compiled binary again and tells it to be a worker", () => {
  const self = detectSelf("file:///tmp/deno-compile-archangel/archangel/server/spawn.ts", true);
  assertEquals(self, { executable, module: undefined, args: [WORKER_ARGUMENT] });
  assertEquals(workerArguments(self, settingsFor(), everything), [WORKER_ARGUMENT]);
});

Deno.test("the command line takes the word that tells it to be a worker", async () => {
  const module = new URL("../../server/cli.ts", import.meta.url).href;
  const { config: denoConfig } = await choosePackages();
  const self = { executable, module, args: [WORKER_ARGUMENT] };
  const args = workerArguments(self, settingsFor({ denoConfig }));
  const { code, stderr } = await new Deno.Command(executable, { args, stdin: "null" }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(code, EXIT.failure, "without a supervisor it ends at once");
});

Deno.test("workerArguments() always passes --unstable-net and never prompts", () => {
  const self = { executable, module: "https://example.org/archangel.js", args: [WORKER_ARGUMENT] };
  assertEquals(workerArguments(self, settingsFor({ denoConfig: "/srv/deno.json" }), everything), [
    "run",
    "--no-prompt",
    "--unstable-net",
    "-c",
    "/srv/deno.json",
    "-A",
    "https://example.org/archangel.js",
    WORKER_ARGUMENT,
  ]);
});

Deno.test("permissionFlags() passes on whole grants, and nothing that is not granted", () => {
  assertEquals(permissionFlags(settingsFor(), granted("net", "read")), ["--allow-read", "--allow-net"]);
  assertEquals(permissionFlags(settingsFor(), granted()), []);
});

Deno.test("permissionFlags() passes on of a narrow grant what the settings need", () => {
  const settings = settingsFor({
    listen: [
      { protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 8000 },
      { protocol: "http", transport: "tcp", hostname: "::1", port: 8000 },
      { protocol: "fcgi", transport: "unix", path: "/run/app.sock", mode: 0o660, group: undefined },
    ],
    apps: {
      hello: {
        name: "hello",
        kind: "twig",
        location: "file:///srv/a%20b/x,y/hello.ts",
        preload: false,
        bodyBytes: 1,
      },
      files: { name: "files", kind: "static", location: "/srv/files", preload: false, bodyBytes: 1 },
      far: {
        name: "far",
        kind: "fetch",
        location: "https://example.org/app.ts",
        preload: false,
        bodyBytes: 1,
      },
    },
    log: { access: "/var/log/access.log", format: "json" },
  });
  const query = granted(
    "env",
    "net=127.0.0.1:8000",
    "net=[::1]:8000",
    "read=/srv",
    "read=/run",
    "write=/run",
    "write=/var/log",
  );
  assertEquals(permissionFlags(settings, query), [
    "--allow-env",
    "--allow-net=127.0.0.1:8000",
    "--allow-net=[::1]:8000",
    "--allow-read=/run",
    "--allow-write=/run",
    "--allow-read=/srv/a b/x,,y",
    "--allow-read=/srv/files",
    "--allow-write=/var/log/access.log",
  ]);
  assertEquals(permissionFlags(settings, granted("read=/srv/files")), ["--allow-read=/srv/files"]);
});

Deno.test("permissionFlags() does not widen a grant that is partly denied", () => {
  const query = granted("read!", "write", "net", "env", "run", "sys", "ffi", "import");
  const flags = permissionFlags(settingsFor(), query);
  assertEquals(flags.includes("-A"), false);
  assertEquals(flags.includes("--allow-read"), false);
  assertEquals(flags.includes("--allow-read=/srv/apps"), true);
});
