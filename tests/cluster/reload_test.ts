/** Reloads that work and reloads that must not happen, with real processes. */
import { assert, assertEquals, assertLessOrEqual, assertMatch, assertStringIncludes } from "@std/assert";
import { migratesRequests } from "../../server/banner.ts";
import { say } from "../../server/say.ts";
import { Archangel, isAlive, PID_APP, waitUntil } from "../support/processes.ts";
import { freePort } from "../support/ports.ts";
import { type Reloads, reloadUnderLoad } from "../support/reload_under_load.ts";

const RELOADS = 20;

function answersWith(text: string): string {
  return `export default { fetch: () => new Response(${JSON.stringify(text)}) };`;
}

Deno.test("HUP starts workers with the new config and app, then drains the old ones", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const [old] = archangel.workers();
  const slow = archangel.get("/slow");
  await archangel.says("slow request begun");
  archangel.writeApp(answersWith("new app"));
  archangel.writeConfig({ workers: 2 });
  archangel.signal("SIGHUP");
  await archangel.says("reloaded: generation 2 serves with 2 workers");
  assertEquals(await slow, String(old), "what was in flight is finished by the old worker");
  await waitUntil(() => !isAlive(old!), "the old worker ends");
  assertEquals(await archangel.get("/"), "new app");
  assertEquals(archangel.workers().length, 2);
});

Deno.test("without HUP a changed app is loaded by whoever has not loaded it yet: a new worker", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const [old] = archangel.workers();
  archangel.writeApp(answersWith("new app"));
  assertEquals(await archangel.get("/"), String(old), "loaded before the change");
  Deno.kill(old!, "SIGKILL");
  const isNew = async () => await archangel.get("/").catch(() => "") === "new app";
  await waitUntil(isNew, "another worker serves");
});

Deno.test("HUP with a broken config or app keeps the old workers, and says why", async () => {
  // Not preloaded: a reload has to load it all the same.
  const apps = { test: { fetch: "./app.js" } };
  await using archangel = await Archangel.serving({ workers: 1, config: { apps } });
  const workers = archangel.workers();
  const isUntouched = async () => {
    await waitUntil(() => archangel.workers().length === 1, "no others");
    assertEquals(archangel.workers(), workers);
    assertEquals(await archangel.get("/"), String(workers[0]));
  };

  archangel.writeConfig({ wrokers: 3 });
  archangel.signal("SIGHUP");
  await archangel.says("Cannot reload, generation 1 keeps serving:");
  assertStringIncludes(archangel.stderr, "wrokers");
  await isUntouched();

  archangel.writeConfig();
  archangel.writeApp('throw new Error("no database");');
  archangel.signal("SIGHUP");
  await archangel.says("Cannot reload, generation 1 keeps serving:", 2);
  assertStringIncludes(archangel.stderr, "no database");
  await isUntouched();

  archangel.writeApp(PID_APP);
  archangel.signal("SIGHUP");
  await archangel.says("reloaded: generation 3");
});

Deno.test("HUP says in one line what it changed", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const listen = `http://127.0.0.1:${freePort()}`;
  const apps = { test: { fetch: "./app.js" }, more: { auto: "./app.js" } };
  const routes = [{ path: "/", app: "test" }, { path: "/more", app: "more" }];
  archangel.writeConfig({ listen: [listen], apps, routes });
  archangel.signal("SIGHUP");
  await archangel.says(
    `reloaded: generation 2 serves with 1 worker; opened ${listen}; closed ${archangel.url}; ` +
      "new app more (./app.js); changed app test; changed routes\n",
  );
  archangel.signal("SIGHUP");
  await archangel.says("reloaded: generation 3 serves with 1 worker\n");
});

Deno.test("HUP names every app that cannot be loaded, and does not wait for one that never is", async () => {
  await using archangel = await Archangel.serving({ workers: 2 });
  const modules = {
    thrown: 'throw new Error("no database");',
    missing: 'import "./nowhere.js";',
    endless: "await new Promise(() => setInterval(() => {}, 1000));",
    empty: "export default 42;",
    well: PID_APP,
  };
  for (const [name, source] of Object.entries(modules)) {
    Deno.writeTextFileSync(`${archangel.folder}/${name}.js`, source);
  }
  const apps = Object.fromEntries(Object.keys(modules).map((name) => [name, { fetch: `./${name}.js` }]));
  archangel.writeConfig({ apps, routes: [{ path: "/", app: "well" }] });
  archangel.signal("SIGHUP");
  await archangel.says("Cannot reload, generation 1 keeps serving: Cannot load 3 apps\n");
  const reasons = [
    /Cannot load app "thrown" from file:.*thrown\.js: no database\n {4}at /,
    /Cannot load app "missing" from file:.*missing\.js: .*nowhere\.js/,
    /Cannot load app "empty" from file:.*empty\.js: The module does not export a fetch handler/,
  ];
  await archangel.says("does not export");
  for (const reason of reasons) assertMatch(archangel.stderr, reason);
  assertEquals(archangel.stderr.match(/Cannot load app/g)?.length, 3);
});

Deno.test("HUP to a port that is taken keeps the old workers", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using archangel = await Archangel.serving({ workers: 1 });
  archangel.writeConfig({ listen: [archangel.url, `http://127.0.0.1:${other.addr.port}`] });
  archangel.signal("SIGHUP");
  await archangel.says("Cannot reload, generation 1 keeps serving:");
  assertStringIncludes(archangel.stderr, `:${other.addr.port}: the port is taken`);
  assertEquals(await archangel.get("/"), String(archangel.workers()[0]));
});

Deno.test("where its folder has been deleted, neither a reload nor a new worker can be had, and it says why", async () => {
  const cwd = Deno.makeTempDirSync({ prefix: "archangel_test_" });
  await using archangel = await Archangel.serving({ workers: 1, cwd });
  Deno.removeSync(cwd);
  const remedy = "the folder that Archangel was started in has been deleted; start it in one that stays";
  archangel.signal("SIGHUP");
  await archangel.says(`Cannot reload, generation 1 keeps serving: ${remedy}`);
  const [worker] = archangel.workers();
  assertEquals(await archangel.get("/"), String(worker));
  Deno.kill(worker!, "SIGKILL");
  await archangel.says(`Cannot start a worker: ${remedy}`);
});

Deno.test("HUPs during a reload make one more, and TERM ends all generations", async () => {
  await using archangel = await Archangel.serving();
  for (let times = 0; times < 5; times++) archangel.signal("SIGHUP");
  await archangel.says("reloaded: generation 2");
  archangel.signal("SIGHUP");
  const workers = archangel.workers();
  archangel.signal("SIGTERM");
  assertEquals((await archangel.ended).code, 0);
  assertEquals(workers.filter(isAlive), []);
  assertEquals(archangel.stderr.includes("generation 4"), false);
});

/** Every generation served, and hardly any request was lost. */
function check({ answered, failures, workers }: Reloads, mayLose: number): void {
  assertEquals(workers.length >= 2 * RELOADS, true, `${workers.length} workers`);
  assert(answered > 500, `${answered} answered`);
  assertLessOrEqual(failures.length, mayLose, `of ${answered}: ${failures}`);
}

Deno.test("reloads under load lose nothing, but for what the kernel resets without tcp_migrate_req", async () => {
  const outcome = await reloadUnderLoad(RELOADS);
  const others = outcome.failures.filter((error) => !error.startsWith("ConnectionReset"));
  assertEquals(others, [], "what the kernel does is a reset");
  check(outcome, migratesRequests() === true ? 0 : Math.ceil(outcome.answered / 100));
});

Deno.test("reloads under load lose nothing where tcp_migrate_req is on", async () => {
  const program = new URL("../support/reload_under_load.ts", import.meta.url).pathname;
  const inside = 'ip link set lo up && sysctl -qw net.ipv4.tcp_migrate_req=1 && exec "$@"';
  const run = [Deno.execPath(), "run", "-A", program, String(RELOADS)];
  if (!await canUnshare()) {
    return say("skipped", "this machine does not let us make a network namespace (unshare -n, ip, sysctl)");
  }
  const args = ["-n", "sh", "-c", inside, "sh", ...run];
  const { code, stdout, stderr } = await new Deno.Command("unshare", { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  check(JSON.parse(new TextDecoder().decode(stdout)), 0);
});

async function canUnshare(): Promise<boolean> {
  const inside = "ip link set lo up && sysctl -qw net.ipv4.tcp_migrate_req=1";
  try {
    const args = ["-n", "sh", "-c", inside];
    return (await new Deno.Command("unshare", { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}
