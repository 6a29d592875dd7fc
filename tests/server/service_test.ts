import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { serve, type ServeOptions } from "@archangel/archangel/server";
import { startService } from "../../server/service.ts";
import { Folder } from "../support/folder.ts";
import { Served } from "../support/served.ts";
import { settingsFor } from "../support/settings.ts";

const app = () => "hello";

/** Whether a socket has this mode. */
function modes(...paths: string[]): string[] {
  return paths.map((path) => (Deno.lstatSync(path).mode! & 0o777).toString(8));
}

Deno.test("Service.change() gives Unix sockets the mode that they have now", async () => {
  using folder = new Folder();
  const paths = [`${folder.path}/a`, `${folder.path}/b`] as const;
  const options = (...modes: string[]): ServeOptions => ({
    listen: paths.map((path, at) => ({ url: `http+unix:${path}`, mode: modes[at]! })),
    apps: { app },
  });
  await using server = await serve(options("0600", "0660"));
  assertEquals(modes(...paths), ["600", "660"]);
  await server.reload(options("0666", "0660"));
  assertEquals(modes(...paths), ["666", "660"]);
  assertEquals(server.addresses.map((address) => address.transport === "unix" && address.mode), [
    0o666,
    0o660,
  ]);
});

Deno.test("Service.change() leaves everything as it was if a Unix socket cannot be given its group", async () => {
  using folder = new Folder();
  const paths = [`${folder.path}/a`, `${folder.path}/b`] as const;
  const options = (mode: string, group?: string): ServeOptions => ({
    listen: [
      { url: `http+unix:${paths[0]}`, mode },
      { url: `http+unix:${paths[1]}`, mode, ...group === undefined ? {} : { group } },
    ],
    apps: { app },
    log: { access: `${folder.path}/${mode}.log` },
  });
  await using server = await serve(options("0600"));
  const error = await assertRejects(() => server.reload(options("0666", "no-such-group")));
  assertEquals(
    (error as Error).message,
    `Cannot listen on http+unix:${paths[1]}: there is no group "no-such-group"`,
  );
  assertEquals(modes(...paths), ["600", "600"]);
});

Deno.test("Service.change() that is overtaken by the end leaves no access log open", async () => {
  using folder = new Folder({
    "slow.js": "await new Promise((go) => globalThis.loaded = go); export default () => '';",
  });
  const place = { protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 0 } as const;
  const spec = { name: "hello", kind: "twig", preload: false, bodyBytes: 16 } as const;
  const settings = settingsFor({
    listen: [place],
    apps: { hello: { ...spec, location: folder.url("slow.js").href } },
    log: { access: `${folder.path}/access.log`, format: "json" },
  });
  const service = await startService(settings);
  const changed = service.change(settings, new Map()).catch((error) => error);
  const late = globalThis as { loaded?: () => void };
  while (late.loaded === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
  await service.stop();
  late.loaded();
  const error = await changed;
  assertInstanceOf(error, TypeError);
  assertEquals(error.message, "Cannot reload: the server is closed");
});

/** How many descriptors of this process lead to files of a folder. */
function openIn({ path }: Folder): number {
  let open = 0;
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    try {
      if (Deno.readLinkSync(`/proc/self/fd/${name}`).startsWith(`${path}/`)) open++;
    } catch {
      // Closed meanwhile, as the one that read the folder.
    }
  }
  return open;
}

Deno.test({
  name: "Service.change() has one access log open, whether it succeeds or not",
  ignore: Deno.build.os !== "linux",
}, async () => {
  using folder = new Folder({ "broken.js": "export default 5;" });
  using sockets = new Folder();
  const options = (log: string, group?: string): ServeOptions => ({
    listen: [{ url: `http+unix:${sockets.path}/a`, ...group === undefined ? {} : { group } }],
    apps: { app },
    log: { access: `${folder.path}/${log}` },
  });
  await using server = await serve(options("0.log"));
  assertEquals(openIn(folder), 1);
  for (const log of ["1.log", "2.log", "2.log"]) {
    await server.reload(options(log));
    assertEquals(openIn(folder), 1, log);
  }
  for (const log of ["3.log", "4.log"]) {
    await assertRejects(() => server.reload(options(log, "no-such-group")));
    assertEquals(openIn(folder), 1, log);
  }
});

Deno.test("Service.drain() that stops closes connections at rest at once", async () => {
  await using server = await Served.start(() => "hello", { timeouts: { linger: 60_000, drain: 60_000 } });
  using client = await server.connect();
  await client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
  assertEquals((await client.response()).body, "hello");
  const drained = server.service.drain(true);
  assert(await client.closes());
  await drained;
});
