/** Workers that die, hang or misbehave, with real processes. */
import { assert, assertEquals, assertLessOrEqual, assertNotEquals } from "@std/assert";
import { delay } from "../support/delay.ts";
import { Load } from "../support/load.ts";
import { Archangel, contextSwitches, isAlive, PID_APP, waitUntil } from "../support/processes.ts";
import { RawClient, valueOf } from "../support/raw_client.ts";

Deno.test("a worker killed under load takes only its own requests with it, and is replaced", async () => {
  await using archangel = await Archangel.serving();
  const [killed, spared] = archangel.workers();
  const load = new Load(archangel.port, 8);
  const slow = Array.from({ length: 12 }, () => archangel.get("/slow").catch(() => "lost"));
  await archangel.says("slow request begun", 12);
  Deno.kill(killed!, "SIGKILL");
  await archangel.says("ended (SIGKILL); starting another in 0.1 s");
  await waitUntil(() => archangel.workers().length === 2, "a replacement");
  await delay(300);
  const { answered, failures } = await load.stop();
  const answers = new Set(await Promise.all(slow));
  answers.delete("lost");
  assertEquals([...answers], [String(spared)], "the other worker's slow requests are all answered");
  assertEquals(isAlive(spared!), true);
  // Each of the eight clients may lose the request in flight, and one that waited to be accepted there.
  assertLessOrEqual(failures.length, 16, failures.join());
  assert(answered > 100, `${answered} answered`);
});

Deno.test("no worker outlives a supervisor that is killed, not even one with a request in flight", async () => {
  await using archangel = await Archangel.serving({ workers: 3 });
  const workers = archangel.workers();
  assertEquals(workers.length, 3);
  const lost = archangel.get("/forever").catch(() => "lost");
  await archangel.says("endless request begun");
  archangel.signal("SIGKILL");
  await delay(1000);
  assertEquals(workers.filter(isAlive), []);
  assertEquals(await lost, "lost");
});

Deno.test("no worker outlives a supervisor that is killed while it boots", async () => {
  await using archangel = new Archangel({ app: "await new Promise(() => setInterval(() => {}, 1000));" });
  await waitUntil(() => archangel.workers().length === 2, "two workers");
  const workers = archangel.workers();
  archangel.signal("SIGKILL");
  await delay(1000);
  assertEquals(workers.filter(isAlive), []);
});

Deno.test("an error that nobody awaits is logged, and harms no request", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const slow = archangel.get("/slow");
  await archangel.says("slow request begun");
  const pid = await archangel.get("/stray");
  await archangel.says("thrown in a timer");
  await archangel.says("rejected and forgotten");
  assertEquals(await slow, pid);
  assertEquals(await archangel.get("/"), pid);
});

Deno.test("a worker told to end by itself finishes its requests and is replaced", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const [worker] = archangel.workers();
  const slow = archangel.get("/slow");
  await archangel.says("slow request begun");
  Deno.kill(worker!, "SIGTERM");
  assertEquals(await slow, String(worker));
  await archangel.says("worker 1 ended (exit code 0); starting another");
  await waitUntil(
    () => archangel.get("/").then((pid) => pid !== String(worker), () => false),
    "a replacement",
  );
});

Deno.test("a worker told to end by itself answers one more request of a client at rest, as at a reload", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const [worker] = archangel.workers();
  using client = await RawClient.connect(archangel.port);
  const ask = async () => {
    await client.send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    return await client.response();
  };
  assertEquals((await ask()).body, String(worker));
  Deno.kill(worker!, "SIGTERM");
  await delay(300);
  const last = await ask();
  assertEquals([last.body, valueOf(last, "connection")], [String(worker), "close"]);
});

Deno.test("TTIN adds a worker and TTOU drains one", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  archangel.signal("SIGTTIN");
  await archangel.says("2 workers");
  await waitUntil(() => archangel.workers().length === 2, "two workers");
  archangel.signal("SIGTTOU");
  await archangel.says("1 worker\n");
  await waitUntil(() => archangel.workers().length === 1, "one worker");
  assertEquals(await archangel.get("/"), String(archangel.workers()[0]));
});

Deno.test("an idle server makes no wake-ups", async () => {
  await using archangel = await Archangel.serving();
  for (let times = 0; times < 10; times++) await archangel.get("/");
  const pids = [archangel.pid, ...archangel.workers()];
  await delay(1500);
  const before = pids.map(contextSwitches);
  await delay(3000);
  const made = pids.map((pid, at) => contextSwitches(pid) - before[at]!);
  // A timer of one second makes about 20 in that time.
  for (const count of made) assertLessOrEqual(count, 6, `context switches: ${made}`);
});

Deno.test("an app's output goes where it belongs, beside the messages of the worker", async () => {
  for (const access of ["stdout", "stderr"] as const) {
    await using archangel = await Archangel.serving({ config: { log: { access, format: "json" } } });
    await archangel.get("/print");
    const other = access === "stdout" ? "stderr" : "stdout";
    await waitUntil(() => archangel[access].includes('"target":"/print"'), "an access line");
    await waitUntil(() => archangel.stdout.includes("an app's line\n"), "the app's line");
    await archangel.says("half a line, then \x1e{}\n");
    assertEquals(archangel[other].includes('"target"'), false);
    archangel.signal("SIGTERM");
    assertEquals((await archangel.ended).code, 0);
    assertEquals(archangel.stdout.includes("ready"), false, "messages stay between worker and supervisor");
  }
});

Deno.test("workers may do no more than the supervisor", async () => {
  const permissions = ["--allow-net", "--allow-read", "--allow-env", "--allow-run", "--allow-sys"];
  await using limited = await Archangel.serving({ workers: 1, permissions });
  assertNotEquals(await limited.get("/may-write"), "granted");
  await using full = await Archangel.serving({ workers: 1, app: PID_APP });
  assertEquals(await full.get("/may-write"), "granted");
});
