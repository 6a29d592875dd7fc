import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { serve, type ServeOptions } from "@archangel/archangel/server";
import { startService } from "../../server/service.ts";
import { Folder } from "../support/folder.ts";
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
