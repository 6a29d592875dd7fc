import { assert, assertEquals } from "@std/assert";
import { freePort } from "../support/ports.ts";
import { say } from "../support/run_deno.ts";
import { cpuTime } from "../../bench/load/processes.ts";
import { runInTurns } from "../../bench/load/slices.ts";
import { wrkCommand } from "../../bench/load/wrk.ts";

const hasWrk = await new Deno.Command("wrk", { args: ["-v"] }).output().then(() => true, () => false);
if (!hasWrk) say("wrk is not installed: what needs it is not tested");

Deno.test({
  name: "runInTurns() lets every load have its turns, and all of them end",
  ignore: !hasWrk,
  fn: async () => {
    const ports = [freePort(), freePort()];
    const servers = ports.map((port) =>
      Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, () => new Response("ok"))
    );
    const reports = await runInTurns(
      ports.map((port) => ({
        command: wrkCommand({ connections: 2, path: "/" }, `http://127.0.0.1:${port}/`, 60, false),
        cpu: () => cpuTime([Deno.pid]),
      })),
      0.4,
    );
    for (const server of servers) await server.shutdown();
    assertEquals(reports.map(({ report }) => report.errors), [0, 0]);
    for (const { report, seconds, cpu } of reports) {
      assert(report.requests > 0);
      assert(seconds >= 0.4 && cpu.total > 0);
    }
  },
});
