/** Unix sockets of several workers through the life of an Archangel, with real processes. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { FcgiClient, get } from "../support/fcgi_client.ts";
import { Archangel, isAlive, PID_APP, waitUntil } from "../support/processes.ts";

const LISTEN = { listen: ["fcgi+unix:./w{worker}.sock"] };

/** Which process answers at a path. */
async function pidAt(path: string): Promise<number> {
  using client = await FcgiClient.connect({
    protocol: "fcgi",
    transport: "unix",
    path,
    mode: 0,
    group: undefined,
  });
  return Number((await client.ask(get("/"))).body);
}

function socketsOf(archangel: Archangel): string[] {
  const names = [...Deno.readDirSync(archangel.folder)].filter(({ name }) => !/\.(js|yaml)$/.test(name));
  return names.map(({ name }) => name).sort();
}

Deno.test("each worker has its path, and takes it away when it ends", async () => {
  await using archangel = await Archangel.serving({ workers: 2, config: LISTEN });
  assertEquals(socketsOf(archangel), ["w1.sock", "w2.sock"]);
  const pids = await Promise.all([1, 2].map((worker) => pidAt(`${archangel.folder}/w${worker}.sock`)));
  assertEquals(pids.sort(), archangel.workers().sort());
  archangel.signal("SIGTERM");
  assertEquals(await archangel.ended, { code: 0, signal: null });
  assertEquals(socketsOf(archangel), []);
});

Deno.test("a reload takes the paths over without a moment in which nobody answers", async () => {
  await using archangel = await Archangel.serving({ workers: 2, config: LISTEN });
  const old = archangel.workers();
  let asking = true;
  let answers = 0;
  const load = (async () => {
    while (asking) {
      assert(await pidAt(`${archangel.folder}/w${answers % 2 + 1}.sock`) > 0);
      answers++;
    }
  })();
  for (let reload = 2; reload <= 4; reload++) {
    archangel.signal("SIGHUP");
    await archangel.says(`reloaded: generation ${reload}`);
  }
  await waitUntil(() => !old.some(isAlive), "the old workers end");
  asking = false;
  await load;
  assert(answers > 10);
  assertEquals(socketsOf(archangel), ["w1.sock", "w2.sock"]);
});

Deno.test("a reload to fewer workers takes the paths of the others away", async () => {
  await using archangel = await Archangel.serving({ workers: 3, config: LISTEN });
  archangel.writeConfig({ workers: 1 });
  archangel.signal("SIGHUP");
  await archangel.says("reloaded: generation 2");
  await waitUntil(() => archangel.workers().length === 1, "the old workers end");
  assertEquals(socketsOf(archangel), ["w1.sock"]);
  assertEquals([await pidAt(`${archangel.folder}/w1.sock`)], archangel.workers());
});

Deno.test("a reload that fails leaves the paths to the old workers", async () => {
  const apps = { test: { fetch: "./app.js" } };
  await using archangel = await Archangel.serving({ workers: 2, config: { ...LISTEN, apps } });
  const pids = () => Promise.all([1, 2].map((worker) => pidAt(`${archangel.folder}/w${worker}.sock`)));
  const old = (await pids()).sort();
  // One of the two boots, binds and is ready; the other one fails.
  archangel.writeApp(`
    const file = new URL("./taken", import.meta.url);
    try {
      Deno.writeTextFileSync(file, "", { createNew: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 500));
      Deno.removeSync(file);
      throw new Error("the second one fails");
    }
    ${PID_APP}`);
  archangel.signal("SIGHUP");
  await archangel.says("Cannot reload, generation 1 keeps serving:");
  await waitUntil(() => archangel.workers().length === 2, "the new ones end");
  assertEquals((await pids()).sort(), old);
  await waitUntil(() => socketsOf(archangel).join() === "w1.sock,w2.sock", "nothing is left behind");
});

Deno.test("TTIN adds no worker to a path for one", async () => {
  await using archangel = await Archangel.serving({
    workers: 1,
    config: { listen: ["fcgi+unix:./one.sock"] },
  });
  archangel.signal("SIGTTIN");
  await archangel.says("SIGTTIN is ignored: a Unix socket without {worker} in its path is for one worker");
  assertEquals([await pidAt(`${archangel.folder}/one.sock`)], archangel.workers());
});

Deno.test("a worker that is killed is replaced at its path", async () => {
  await using archangel = await Archangel.serving({ workers: 2, config: LISTEN });
  const killed = await pidAt(`${archangel.folder}/w2.sock`);
  Deno.kill(killed, "SIGKILL");
  await waitUntil(async () => {
    const pid = await pidAt(`${archangel.folder}/w2.sock`).catch(() => killed);
    return pid !== killed;
  }, "another worker answers there");
  assertEquals(socketsOf(archangel), ["w1.sock", "w2.sock"]);
});

Deno.test("what a killed Archangel leaves behind is replaced, what a living one holds is not", async () => {
  await using first = await Archangel.serving({ workers: 1, config: LISTEN });
  const listen = [`fcgi+unix:${first.folder}/w{worker}.sock`];
  {
    await using second = new Archangel({ workers: 1, config: { listen } });
    assertEquals((await second.ended).code, 3);
    assertStringIncludes(second.stderr, "w1.sock: another process answers on it");
  }
  const [worker] = first.workers();
  first.signal("SIGKILL");
  await first.ended;
  await waitUntil(() => !isAlive(worker!), "its worker ends with it");
  assertEquals(socketsOf(first), ["w1.sock"]);
  await using third = await Archangel.serving({ workers: 1, config: { listen } });
  assertEquals([await pidAt(`${first.folder}/w1.sock`)], third.workers());
});

Deno.test("a reload does not take over a path on which another program answers", async () => {
  await using archangel = await Archangel.serving({ workers: 1, config: LISTEN });
  const path = `${archangel.folder}/other.sock`;
  using _other = Deno.listen({ transport: "unix", path });
  archangel.writeConfig({ listen: [...LISTEN.listen, `fcgi+unix:${path}`] });
  archangel.signal("SIGHUP");
  await archangel.says("Cannot reload, generation 1 keeps serving:");
  assertStringIncludes(archangel.stderr, "other.sock: another process answers on it");
  await waitUntil(() => archangel.workers().length === 1, "the worker that could not serve ends");
  assertEquals([await pidAt(`${archangel.folder}/w1.sock`)], archangel.workers());
});
