import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import {
  type AppOption,
  type AppOptions,
  ConfigError,
  type LimitOptions,
  ListenError,
  type ListenOption,
  type LogOptions,
  type PermissionOption,
  type RouteOption,
  serve,
  type ServeOptions,
  type TimeoutOptions,
} from "@archangel/archangel/server";
import * as whole from "@archangel/archangel";
import { defaultText } from "../../server/command_table.ts";
import { SETTINGS } from "../../server/settings_table.ts";
import { delay } from "../support/delay.ts";
import { choosePackages, ROOT } from "../support/packages.ts";
import { isAlive, PID_APP, waitUntil } from "../support/processes.ts";
import { Folder } from "../support/folder.ts";

const { config } = await choosePackages();
const listen = "http://127.0.0.1:0";

async function text(url: string): Promise<string> {
  const response = await fetch(url, { headers: { connection: "close" } });
  return await response.text();
}

/** Serves one app. */
function serveApp(app: AppOption, options: Partial<ServeOptions> = {}): ReturnType<typeof serve> {
  return serve({ listen, apps: { app }, ...options });
}

Deno.test("serve() serves functions, objects with a fetch method, and either with settings", async () => {
  class Framework {
    name = "framework";
    fetch(request: Request): Response {
      return new Response(`${this.name} ${new URL(request.url).pathname}`);
    }
  }
  await using server = await serve({
    listen,
    apps: {
      twig: (request) => `twig ${request.pathInfo}`,
      framework: new Framework(),
      small: { fetch: async (request) => new Response(await request.text()), body: 3 },
      wrapped: { fetch: new Framework(), preload: true },
    },
    routes: [
      { app: "twig" },
      { path: "/f", app: "framework" },
      { path: "/s", app: "small" },
      { path: "/w", app: "wrapped" },
    ],
  });
  assertEquals(await text(`${server.url}/x`), "twig /x");
  assertEquals(await text(`${server.url}/f/x`), "framework /f/x");
  assertEquals(await text(`${server.url}/w`), "framework /w");
  const post = async (body: string) => {
    const response = await fetch(`${server.url}/s`, {
      method: "POST",
      body,
      headers: { connection: "close" },
    });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await post("abc"), await post("abcd")], [200, 413]);
});

Deno.test("serve() serves modules and folders, by URL and by path", async () => {
  using folder = new Folder({ "app.js": "export default () => 'module';", "site/a.txt": "file" });
  await using server = await serve({
    listen,
    apps: { module: folder.url("app.js"), site: { static: `${folder.path}/site` } },
    routes: [{ app: "module" }, { path: "/site", app: "site" }],
  });
  assertEquals(await text(server.url), "module");
  assertEquals(await text(`${server.url}/site/a.txt`), "file");
});

Deno.test("serve() tells every address as bound", async () => {
  using folder = new Folder({});
  const socket = `http+unix:${folder.path}/a.sock`;
  await using server = await serveApp(() => "", { listen: [listen, { url: socket, mode: "0600" }] });
  const [tcp, unix] = server.addresses;
  assertEquals([tcp?.transport, unix?.transport], ["tcp", "unix"]);
  assertEquals(tcp?.transport === "tcp" && `http://127.0.0.1:${tcp.port}`, server.url);
  assertEquals(Deno.statSync(`${folder.path}/a.sock`).mode! & 0o777, 0o600);
});

/** All options, with all options within them: the compiler finds one that is left out. */
interface Everything extends Required<Omit<ServeOptions, "signal">> {
  limits: Required<LimitOptions>;
  timeouts: Required<TimeoutOptions>;
  log: Required<LogOptions>;
  listen: [Required<ListenOption>];
  routes: [Required<RouteOption>];
  permissions: [Required<PermissionOption>];
}

const EVERYTHING: Everything = {
  listen: [{ url: "http+unix:/run/a.sock", mode: "0600", group: "0" }],
  workers: 1,
  apps: {},
  routes: [{ host: "a.example", path: "/x", app: "a" }],
  limits: {
    target_bytes: "4KiB",
    header_bytes: "8KiB",
    header_fields: 50,
    body: "1MiB",
    drain_bytes: "1KiB",
    open_exchanges: 7,
    connections: 70,
    requests_per_connection: 700,
  },
  timeouts: { header: "1s", body: "2s", idle: "3s", write: "4s", linger: "1s", drain: "6s", boot: "7s" },
  log: { access: "stderr", format: "json" },
  development: true,
  server_name: "other",
  strict_hosts: true,
  deno_config: "/srv/deno.json",
  permissions: [{ grant: "env=A" }],
};

Deno.test("serve() has the options of the settings table and no others", () => {
  const app: Required<AppOptions> = { twig: "", fetch: "", static: "", auto: "", preload: true, body: 1 };
  const keys = keysOf({ ...EVERYTHING, apps: { app } }, "");
  assertEquals(keys.sort(), SETTINGS.map(({ key }) => key).sort());
});

/** The keys of a value as the settings table writes them. */
function keysOf(value: unknown, key: string): string[] {
  if (typeof value !== "object" || value === null) return [];
  const lead = key === "" ? "" : `${key}.`;
  if (Array.isArray(value)) return keysOf(value[0], `${lead}*`);
  return Object.entries(value).flatMap(([name, inner]) => {
    if (key === "apps") return keysOf(inner, "apps.*");
    return [lead + name, ...keysOf(inner, lead + name)];
  });
}

Deno.test("the limits and timeouts of serve() are documented with the summary and default of the settings table", () => {
  const source = Deno.readTextFileSync(`${ROOT}/server/serve_options.ts`);
  for (const [section, name] of [["limits", "LimitOptions"], ["timeouts", "TimeoutOptions"]] as const) {
    const [, members] = new RegExp(`interface ${name} {\n([^]*?)\n}`).exec(source)!;
    const comments = [...members!.matchAll(/\/\*\*([^]*?)\*\/\s*readonly (\w+)\?:/g)];
    const documented = comments.map(([, text, key]) => [key, text!.replaceAll(/[\s*]+/g, " ").trim()]);
    const rows = SETTINGS.filter(({ key }) => key.startsWith(`${section}.`)).map((row) => {
      const value = defaultText(row);
      const written = /^\d+$/.test(value) ? value : JSON.stringify(value);
      return [row.key.slice(section.length + 1), `${row.summary} @default {${written}}`];
    });
    assertEquals(documented.sort(), rows.sort());
  }
});

Deno.test("what serve() throws can be told apart with what the package exports", async () => {
  const wrong = await assertRejects(() => serve({ apps: {} }));
  assertInstanceOf(wrong, whole.ConfigError);
  using folder = new Folder({ "a.js": "throw new Error('broken');", "b.js": "export default 1;" });
  const broken = ["a.js", "b.js"].map((name) => ({ twig: folder.url(name), preload: true }));
  const one = await assertRejects(() => serveApp(broken[0]!));
  assertInstanceOf(one, whole.AppLoadError);
  const [a, b] = broken as [AppOptions, AppOptions];
  const routes = [{ app: "a" }, { path: "/b", app: "b" }];
  const several = await assertRejects(() => serve({ listen, apps: { a, b }, routes }));
  assertInstanceOf(several, AggregateError);
  for (const error of several.errors) assertInstanceOf(error, whole.AppLoadError);
  const taken = await assertRejects(() => serveApp(() => "", { listen: "http+unix:/no/such/folder/s" }));
  assertInstanceOf(taken, whole.ListenError);
});

Deno.test("serve() reports everything that is wrong with its options at once", async () => {
  const options = { apps: { app: () => "", b: {} }, limits: { bdy: 1 }, timeouts: { idle: 5 } };
  const error = await assertRejects(() => serve(options as unknown as ServeOptions), ConfigError);
  assertEquals(error.problems.map(({ key }) => key).sort(), ["", "apps.b", "limits.bdy", "timeouts.idle"]);
  assertStringIncludes(error.message, 'serve(): unknown key "bdy" under "limits"; did you mean "body"?');
});

Deno.test("serve() and reload() say what they expect when their options are no object", async () => {
  const cases: [unknown, string][] = [
    [undefined, "got nothing"],
    [null, "got nothing"],
    ["./app.ts", 'got "./app.ts"'],
    [8000, 'got "8000"'],
    [["./app.ts"], "got a list"],
    [() => "", "got a function"],
  ];
  await using server = await serveApp(() => "here");
  for (const [options, got] of cases) {
    const wrong = options as ServeOptions;
    const calls = [() => serve(wrong), ...options === undefined ? [] : [() => server.reload(wrong)]];
    for (const call of calls) {
      const error = await assertRejects(call, ConfigError);
      assertEquals(error.problems.map(({ key }) => key), [""], got);
      assertEquals(
        error.message,
        `serve(): the options must be an object such as { apps: { hello: "./hello.ts" } }, ${got}`,
      );
    }
  }
  assertEquals(await text(server.url), "here");
});

Deno.test("serve() leaves out options that are undefined", async () => {
  const options = { listen, apps: { app: () => "here" }, workers: undefined, limits: { body: undefined } };
  await using server = await serve(options as unknown as ServeOptions);
  assertEquals(await text(server.url), "here");
});

Deno.test("serve() refuses a function together with workers, and says why", async () => {
  const error = await assertRejects(() => serveApp(() => "", { workers: 2 }), TypeError);
  assertStringIncludes(error.message, 'Cannot serve app "app" with workers');
});

Deno.test("serve() says which address is taken, and holds none of the others", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const addresses = [free, other].map(({ addr }) => `http://127.0.0.1:${addr.port}`);
  free.close();
  const error = await assertRejects(() => serveApp(() => "", { listen: addresses }), ListenError);
  assertStringIncludes(error.message, addresses[1]!);
  Deno.listen({ hostname: "127.0.0.1", port: free.addr.port }).close();
});

Deno.test("close() lets a slow request finish, and takes no further one", async () => {
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const server = await serveApp(async () => {
    begun.resolve();
    await go.promise;
    return "slow";
  });
  const slow = text(server.url);
  await begun.promise;
  const closed = server.close();
  assertEquals(server.close(), closed);
  go.resolve();
  assertEquals(await slow, "slow");
  await closed;
  await server.finished;
  await assertRejects(() => text(server.url));
  await assertRejects(() => server.reload(), TypeError, "the server is closed");
});

Deno.test("an abort closes the server, and one before the start starts none", async () => {
  const controller = new AbortController();
  const server = await serveApp(() => "", { signal: controller.signal });
  controller.abort();
  await server.finished;
  await assertRejects(() => text(server.url));
  const reason = await assertRejects(() => serveApp(() => "", { signal: controller.signal }));
  assertEquals(reason, controller.signal.reason);
});

Deno.test("a closed server lets go of the signal that would have closed it", async () => {
  const { signal } = new AbortController();
  const listeners = new Set<unknown>();
  signal.addEventListener = (_type: string, listener: unknown) => void listeners.add(listener);
  signal.removeEventListener = (_type: string, listener: unknown) => void listeners.delete(listener);
  const server = await serveApp(() => "", { signal });
  assertEquals(listeners.size, 1);
  await server.close();
  assertEquals(listeners.size, 0);
});

Deno.test("an abort whose closing fails says so, and rejects nothing that nobody awaits", async () => {
  using folder = new Folder({});
  const controller = new AbortController();
  const log = { access: `${folder.path}/access.log` };
  const server = await serveApp(() => "", { signal: controller.signal, log });
  const { close } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.close = function () {
    close.call(this);
    throw new Error("the disk is gone");
  };
  try {
    controller.abort();
    await server.finished;
    await assertRejects(() => server.close(), Error, "the disk is gone");
  } finally {
    Deno.FsFile.prototype.close = close;
  }
});

Deno.test("reload() changes apps, routes and limits under an open listener", async () => {
  await using server = await serveApp(() => "old");
  const { url } = server;
  assertEquals(await text(url), "old");
  const apps = { a: () => "new", b: () => "b" };
  const routes = [{ app: "a" }, { path: "/b", app: "b" }];
  await server.reload({ listen, apps, routes, limits: { target_bytes: 256 } });
  assertEquals([server.url, await text(url), await text(`${url}/b`)], [url, "new", "b"]);
  const response = await fetch(`${url}/${"x".repeat(300)}`);
  await response.body?.cancel();
  assertEquals(response.status, 414);
});

Deno.test("a reload() that fails changes nothing", async () => {
  await using server = await serveApp(() => "old");
  const apps = { app: "data:text/javascript,throw new Error('broken')" };
  await assertRejects(() => server.reload({ listen, apps }), Error, 'Cannot load app "app"');
  await assertRejects(() => server.reload({ apps: { app: () => "" } }), TypeError, "that needs a new server");
  await assertRejects(() => server.reload({ listen, apps: {} }), ConfigError);
  await assertRejects(() => server.reload({ listen, apps, workers: 1 }), TypeError, "Cannot add workers");
  assertEquals(await text(server.url), "old");
});

Deno.test("an access log of serve() is a file of its own, reopened by a reload", async () => {
  using folder = new Folder({});
  const log = { access: folder.url("access.log"), format: "json" } as const;
  const options: ServeOptions = { listen, apps: { app: () => "" }, log };
  const lines = (name: string) => Deno.readTextFileSync(`${folder.path}/${name}`).split("\n").length - 1;
  {
    await using server = await serve(options);
    await text(server.url);
    await delay(50);
    Deno.renameSync(`${folder.path}/access.log`, `${folder.path}/access.log.1`);
    await server.reload();
    await text(server.url);
    await text(server.url);
  }
  assertEquals([lines("access.log.1"), lines("access.log")], [1, 2]);
});

/** Options for workers whose app answers with its process id. */
function withWorkers(folder: Folder, options: Partial<ServeOptions> = {}): ServeOptions {
  return { listen, workers: 2, apps: { app: folder.url("app.js") }, deno_config: config, ...options };
}

/** The processes that answer. */
async function processes(url: string): Promise<Set<string>> {
  const pids = new Set<string>();
  for (let times = 0; times < 60 && pids.size < 2; times++) pids.add(await text(url));
  return pids;
}

Deno.test("serve() with workers runs other processes, reloads their code, and ends them", async () => {
  using folder = new Folder({ "app.js": PID_APP });
  await using server = await serve(withWorkers(folder));
  const { url } = server;
  const first = await processes(url);
  assertEquals([first.size, first.has(String(Deno.pid))], [2, false]);
  Deno.writeTextFileSync(`${folder.path}/app.js`, "export default () => 'changed';");
  await server.reload();
  // For a moment the old workers still answer whom the kernel has given them.
  await waitUntil(async () => await text(url) === "changed", "the new workers answer");
  assertEquals(server.url, url);
  await server.close();
  await server.finished;
  await assertRejects(() => text(url));
});

Deno.test("workers that do not get ready make serve() and reload() throw the reason", async () => {
  using folder = new Folder({ "app.js": "throw new Error('no database');" });
  const apps = { app: { auto: folder.url("app.js"), preload: true } };
  const error = await assertRejects(() => serve(withWorkers(folder, { apps })), Error);
  assertStringIncludes(error.message, "no database");
  Deno.writeTextFileSync(`${folder.path}/app.js`, "export default () => 'fine';");
  await using server = await serve(withWorkers(folder, { apps }));
  Deno.writeTextFileSync(`${folder.path}/app.js`, "throw new Error('broken since');");
  const broken = await assertRejects(() => server.reload(), Error);
  assertStringIncludes(broken.message, "broken since");
  assertEquals(await text(server.url), "fine");
});

Deno.test("serve() with workers says which port is taken", async () => {
  using folder = new Folder({ "app.js": PID_APP });
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const taken = withWorkers(folder, { listen: `http://127.0.0.1:${other.addr.port}` });
  assertInstanceOf(await assertRejects(() => serve(taken)), ListenError);
});

/** Runs a program that uses the library, in a process of its own. */
async function run(
  folder: Folder,
  source: string,
  ...flags: string[]
): Promise<{ out: string; code: number; signal: Deno.Signal | null }> {
  const program = `${folder.path}/program.ts`;
  Deno.writeTextFileSync(program, source.replaceAll("ARCHANGEL", new URL("mod.ts", `file://${ROOT}/`).href));
  const args = ["run", "--no-prompt", ...(flags.includes("-c") ? [] : ["-c", config]), ...flags, program];
  const output = await new Deno.Command(Deno.execPath(), { args, stdin: "null" }).output();
  const out = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  return { out, code: output.code, signal: output.signal };
}

Deno.test("in a process, serve() needs permission for its port and nothing else, and no unstable flag", async () => {
  using folder = new Folder({});
  const plain = Deno.makeTempFileSync({ suffix: ".json" });
  const { unstable: _, ...rest } = JSON.parse(Deno.readTextFileSync(config));
  Deno.writeTextFileSync(plain, JSON.stringify(rest));
  const source = `import { serve } from "ARCHANGEL";
    const server = await serve({ listen: "http://127.0.0.1:0", apps: { a: () => "fine" } });
    console.log(await (await fetch(server.url)).text());
    await server.close();`;
  const { out, code } = await run(folder, source, "-c", plain, "--allow-net=127.0.0.1");
  Deno.removeSync(plain);
  assertEquals([out, code], ["fine\n", 0]);
});

Deno.test("serve() prints that a worker ended also during a reload, and nothing of the reload itself", async () => {
  using folder = new Folder({ "app.js": PID_APP });
  const source = `import { serve } from "ARCHANGEL";
    const app = new URL("./app.js", import.meta.url);
    const options = { listen: "http://127.0.0.1:0", workers: 1, deno_config: ${JSON.stringify(config)} };
    const server = await serve({ ...options, apps: { app } });
    const pid = Number(await (await fetch(server.url)).text());
    Deno.writeTextFileSync(app, "await new Promise((go) => setTimeout(go, 1000)); export default () => '';");
    const reloaded = server.reload();
    Deno.kill(pid, "SIGKILL");
    await reloaded;
    Deno.writeTextFileSync(app, "throw new Error('broken')");
    await server.reload().catch((error) => console.log(error.message));
    await server.close();`;
  const { out, code } = await run(folder, source, "-A");
  assertEquals(code, 0, out);
  assertStringIncludes(out, "archangel: worker 1 ended (SIGKILL); starting another in 0.1 s\n");
  assertStringIncludes(out, "Cannot reload, generation 2 keeps serving: Cannot load app");
  assertEquals(out.match(/^archangel: .*/gm)?.length, 1, out);
});

Deno.test("serve() leaves signals to the program: TERM ends it, and its workers with it", async () => {
  using folder = new Folder({ "app.js": PID_APP });
  const source = `import { serve } from "ARCHANGEL";
    const apps = { a: new URL("./app.js", import.meta.url) };
    const server = await serve({ listen: "http://127.0.0.1:0", workers: 1, apps, deno_config: ${
    JSON.stringify(config)
  } });
    console.log(await (await fetch(server.url)).text());
    Deno.kill(Deno.pid, "SIGTERM");
    await new Promise(() => setInterval(() => {}, 1000));`;
  const { out, signal } = await run(folder, source, "-A");
  assertEquals(signal, "SIGTERM");
  const pid = Number(out);
  await waitUntil(() => !isAlive(pid), "the worker ends");
});

Deno.test("a program that uses serve() and is one file starts itself as its workers", async () => {
  using folder = new Folder({ "app.js": PID_APP });
  const source = `import { startServer } from "SERVE";
    console.log("program", Deno.args.length);
    const self = { executable: Deno.execPath(), args: ["--as-worker"], module: import.meta.url };
    const apps = { a: new URL("./app.js", import.meta.url) };
    const options = { listen: "http://127.0.0.1:0", workers: 1, apps, deno_config: ${
    JSON.stringify(config)
  } };
    await using server = await startServer(options, self);
    console.log(await (await fetch(server.url)).text() !== String(Deno.pid));`;
  const serveModule = new URL("server/serve.ts", `file://${ROOT}/`).href;
  const { out } = await run(folder, source.replace("SERVE", serveModule), "-A");
  assertEquals(out.split("\n").sort(), ["", "program 0", "program 1", "true"]);
});
