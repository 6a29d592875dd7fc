/** Starting that fails and stopping in every way, with real processes. */
import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { delay } from "../support/delay.ts";
import { freePort } from "../support/ports.ts";
import { Archangel, isAlive, waitUntil } from "../support/processes.ts";
import { RawClient } from "../support/raw_client.ts";

const HANGING_APP = "await new Promise(() => setInterval(() => {}, 1000));";

function times(text: string, part: string): number {
  return text.split(part).length - 1;
}

Deno.test("an app that throws while loading ends the start with code 3 and one reason", async () => {
  await using archangel = new Archangel({ workers: 3, app: 'throw new Error("no database");' });
  assertEquals(await archangel.ended, { code: 3, signal: null });
  assertEquals(times(archangel.stderr, "Cannot start: "), 1, archangel.stderr);
  assertStringIncludes(archangel.stderr, "no database");
  assertStringIncludes(archangel.stderr, "app.js");
  assertEquals(archangel.stderr.includes("serving"), false);
});

Deno.test("an app that ends the process while loading ends the start with code 3", async () => {
  await using archangel = new Archangel({ app: "Deno.exit(7);" });
  assertEquals(await archangel.ended, { code: 3, signal: null });
  assertStringIncludes(archangel.stderr, "ended before it was ready (exit code 7)");
});

Deno.test("an app that never finishes loading ends the start after timeouts.boot", async () => {
  await using archangel = new Archangel({ app: HANGING_APP, config: { timeouts: { boot: "1s" } } });
  assertEquals(await archangel.ended, { code: 3, signal: null });
  assertStringIncludes(archangel.stderr, "was not ready in time (timeouts.boot)");
});

Deno.test("a port that another program has ends the start with code 3 and names the port", async () => {
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using archangel = new Archangel({ port: other.addr.port });
  assertEquals(await archangel.ended, { code: 3, signal: null });
  assertStringIncludes(archangel.stderr, `:${other.addr.port}: the port is taken`);
});

Deno.test("a port that another Archangel shares among its workers counts as taken", async () => {
  await using first = await Archangel.serving();
  await using second = new Archangel({ port: first.port });
  assertEquals(await second.ended, { code: 3, signal: null });
  assertStringIncludes(second.stderr, `:${first.port}: the port is taken`);
  assertEquals(first.workers().includes(Number(await first.get("/"))), true);
});

Deno.test("a wrong config ends the start with code 4, and starts nothing", async () => {
  await using archangel = new Archangel({ config: { wrokers: 2 } });
  assertEquals(await archangel.ended, { code: 4, signal: null });
  assertStringIncludes(archangel.stderr, "wrokers");
});

Deno.test("a missing permission ends the start with code 3 and names the flag", async () => {
  const granted = ["--allow-read", "--allow-env", "--allow-sys"];
  await using deaf = new Archangel({ permissions: [...granted, "--allow-run"] });
  assertEquals((await deaf.ended).code, 3);
  assertStringIncludes(deaf.stderr, "--allow-net");
  await using alone = new Archangel({ permissions: [...granted, "--allow-net"] });
  assertEquals((await alone.ended).code, 3);
  assertStringIncludes(alone.stderr, "Cannot start a worker: ");
  assertStringIncludes(alone.stderr, "--allow-run");
});

Deno.test("port 0 gives all workers the same free port", async () => {
  await using archangel = await Archangel.serving({ config: { listen: ["http://127.0.0.1:0"] } });
  const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(archangel.stderr)![1];
  const pids = new Set<string>();
  for (let times = 0; times < 40; times++) {
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: "close" } });
    pids.add(await response.text());
  }
  assertEquals([...pids].map(Number).sort(), archangel.workers().sort());
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`${signal} lets a slow request finish and exits with 0`, async () => {
    await using archangel = await Archangel.serving();
    const workers = archangel.workers();
    const slow = archangel.get("/slow");
    await archangel.says("slow request begun");
    archangel.signal(signal);
    assertEquals(workers.includes(Number(await slow)), true);
    assertEquals(await archangel.ended, { code: 0, signal: null });
    assertEquals(workers.filter(isAlive), []);
  });
}

Deno.test("Ctrl-C, which a terminal sends to the whole process group, lets a slow request finish", async () => {
  await using archangel = await Archangel.serving({ leads: true });
  const workers = archangel.workers();
  const slow = archangel.get("/slow");
  await archangel.says("slow request begun");
  await new Deno.Command("kill", { args: ["-INT", "--", `-${archangel.pid}`] }).output();
  assertEquals(workers.includes(Number(await slow)), true);
  assertEquals(await archangel.ended, { code: 0, signal: null });
});

Deno.test("a client that was let in before a stop gets its first request answered after it", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: archangel.port });
  await delay(200);
  archangel.signal("SIGTERM");
  await delay(100);
  await conn.write(new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n"));
  const answer = await new Response(conn.readable).text();
  assertStringIncludes(answer, "HTTP/1.1 200 OK\r\n");
  assertStringIncludes(answer.toLowerCase(), "\r\nconnection: close\r\n");
  assertEquals((await archangel.ended).code, 0);
});

Deno.test("a stop closes clients at rest at once, also those that a reload or a TERM to all left waiting", async () => {
  const config = { timeouts: { linger: "20s", idle: "60s" } };
  for (const before of ["HUP", "TERM to all"] as const) {
    await using archangel = await Archangel.serving({ workers: 1, config });
    using client = await RawClient.connect(archangel.port);
    await client.send("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await client.response();
    if (before === "HUP") {
      archangel.signal("SIGHUP");
      await archangel.says("reloaded: generation 2");
    } else Deno.kill(archangel.workers()[0]!, "SIGTERM");
    await delay(200);
    const began = performance.now();
    archangel.signal("SIGTERM");
    assertEquals(await archangel.ended, { code: 0, signal: null });
    assertLess(performance.now() - began, 10_000, before);
  }
});

Deno.test("a stop cuts what does not finish within timeouts.drain, and still exits with 0", async () => {
  await using archangel = await Archangel.serving({ config: { timeouts: { drain: "1s" } } });
  const endless = archangel.get("/forever").catch(() => "cut");
  await archangel.says("endless request begun");
  archangel.signal("SIGTERM");
  assertEquals(await endless, "cut");
  assertEquals(await archangel.ended, { code: 0, signal: null });
});

Deno.test("a stop that takes long says what it waits for, and for how long", async () => {
  await using archangel = await Archangel.serving({ config: { timeouts: { drain: "3s" } } });
  const endless = archangel.get("/forever").catch(() => "cut");
  await archangel.says("endless request begun");
  archangel.signal("SIGTERM");
  await archangel.says("finishing requests in flight, for up to 3s; Ctrl-C stops now");
  archangel.signal("SIGINT");
  assertEquals(await endless, "cut");
  assertEquals(await archangel.ended, { code: 0, signal: null });
});

Deno.test("without workers a stray error, a doubled Ctrl-C and QUIT do what they do with workers", async () => {
  {
    await using archangel = await Archangel.serving({ workers: 0 });
    await archangel.get("/stray");
    await archangel.says("an app left an error unhandled", 2);
    const slow = archangel.get("/slow");
    await archangel.says("slow request begun");
    archangel.signal("SIGINT");
    await delay(50);
    archangel.signal("SIGINT");
    assertEquals(Number(await slow), archangel.pid);
    assertEquals(await archangel.ended, { code: 0, signal: null });
  }
  await using archangel = await Archangel.serving({ workers: 0 });
  const endless = archangel.get("/forever").catch(() => "cut");
  await archangel.says("endless request begun");
  archangel.signal("SIGQUIT");
  assertEquals(await endless, "cut");
  assertEquals(await archangel.ended, { code: 0, signal: null });
});

Deno.test("without workers QUIT and a second INT lose no line of the access log", async () => {
  const config = { log: { access: "./access.log", format: "json" } };
  for (const signals of [["SIGQUIT"], ["SIGINT", "SIGINT"]] as const) {
    await using archangel = await Archangel.serving({ workers: 0, config });
    const endless = archangel.get("/forever").catch(() => "cut");
    await archangel.says("endless request begun");
    for (const signal of signals) {
      await delay(400);
      archangel.signal(signal);
    }
    assertEquals(await archangel.ended, { code: 0, signal: null });
    assertEquals(await endless, "cut");
    const { target, status } = JSON.parse(Deno.readTextFileSync(`${archangel.folder}/access.log`));
    assertEquals([target, status], ["/forever", 499]);
  }
});

Deno.test("a worker whose app blocks it is killed after timeouts.drain", async () => {
  const app = 'export default { fetch() { console.error("blocked"); for (;;); } };';
  await using archangel = await Archangel.serving({ app, workers: 1, config: { timeouts: { drain: "1s" } } });
  const blocked = archangel.get("/").catch(() => "cut");
  await archangel.says("blocked");
  archangel.signal("SIGTERM");
  assertEquals(await archangel.ended, { code: 0, signal: null });
  assertStringIncludes(archangel.stderr, "did not finish in time (timeouts.drain) and is killed");
  assertEquals(await blocked, "cut");
});

Deno.test("a second INT, and QUIT at once, do not wait for a request in flight", async () => {
  for (const signals of [["SIGINT", "SIGINT"], ["SIGTERM", "SIGQUIT"], ["SIGQUIT"]] as const) {
    await using archangel = await Archangel.serving();
    const workers = archangel.workers();
    const endless = archangel.get("/forever").catch(() => "cut");
    await archangel.says("endless request begun");
    for (const signal of signals) {
      archangel.signal(signal);
      await delay(500);
    }
    assertEquals(await archangel.ended, { code: 0, signal: null });
    assertEquals(await endless, "cut");
    assertEquals(workers.filter(isAlive), []);
  }
});

Deno.test("TERM while the workers boot ends them and exits with 0", async () => {
  await using archangel = new Archangel({ app: HANGING_APP });
  await waitUntil(() => archangel.workers().length === 2, "two workers");
  const workers = archangel.workers();
  archangel.signal("SIGTERM");
  assertEquals(await archangel.ended, { code: 0, signal: null });
  assertEquals(workers.filter(isAlive), []);
});

Deno.test("the port is free again when a stop is over", async () => {
  const port = freePort();
  for (let times = 0; times < 2; times++) {
    await using archangel = await Archangel.serving({ port });
    await archangel.get("/");
    archangel.signal("SIGTERM");
    assertEquals((await archangel.ended).code, 0);
  }
});
