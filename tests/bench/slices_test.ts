import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { freePort } from "../support/ports.ts";
import { say } from "../support/run_deno.ts";
import { cpuTime } from "../../bench/load/processes.ts";
import { runInTurns } from "../../bench/load/slices.ts";
import { wrkCommand } from "../../bench/load/wrk.ts";

const hasWrk = await new Deno.Command("wrk", { args: ["-v"] }).output().then(() => true, () => false);
if (!hasWrk) say("wrk is not installed: what needs it is not tested");

function serve(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response("ok"));
}

function load(port: number) {
  const command = wrkCommand({ connections: 2, path: "/" }, `http://127.0.0.1:${port}/`, 60, false);
  return { command, cpu: () => cpuTime([Deno.pid]) };
}

Deno.test({
  name: "runInTurns() lets every load have its turns, and all of them end",
  ignore: !hasWrk,
  fn: async () => {
    const servers = [serve(), serve()];
    const outcomes = await runInTurns(servers.map(({ addr }) => load(addr.port)), 0.4);
    for (const server of servers) await server.shutdown();
    for (const outcome of outcomes) {
      assert(outcome.status === "fulfilled");
      const { report, seconds, cpu } = outcome.value;
      assertEquals(report.errors, 0);
      assert(report.requests > 0);
      assert(seconds >= 0.4 && cpu.total > 0);
    }
  },
});

Deno.test({
  name: "runInTurns() counts all the time in which a load runs, its end included",
  ignore: !hasWrk,
  fn: async () => {
    const server = serve();
    const [outcome] = await runInTurns([load(server.addr.port)], 0.2);
    await server.shutdown();
    assert(outcome!.status === "fulfilled");
    const { report, seconds } = outcome!.value;
    // On its own it is stopped for hardly a moment, so its clock and ours agree.
    assert(
      report.seconds < seconds * 1.2,
      `wrk ran for ${report.seconds} s, of which ${seconds} were counted`,
    );
  },
});

Deno.test({
  name: "runInTurns() says why a load broke off, and goes on with the others",
  ignore: !hasWrk,
  fn: async () => {
    const server = serve();
    const lanes = [load(freePort()), load(server.addr.port), { ...load(0), command: ["echo", "done"] }];
    const [refused, served, ended] = await runInTurns(lanes, 0.3);
    await server.shutdown();
    assert(refused!.status === "rejected");
    assertStringIncludes(refused!.reason.message, "ended with exit code 1:\nunable to connect to 127.0.0.1:");
    assert(served!.status === "fulfilled" && served!.value.report.requests > 0);
    assert(ended!.status === "rejected");
    assertEquals(ended!.reason.message, "Its load ended before it was told to:\ndone\n");
  },
});
