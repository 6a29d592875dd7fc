import { assert, assertEquals } from "@std/assert";
import {
  cpuTime,
  driverSeconds,
  parseStat,
  processTree,
  residentMemory,
  switchesSince,
} from "../../bench/load/processes.ts";
import { complaint } from "../../bench/load/server_process.ts";

Deno.test("parseStat() is not misled by blanks and parentheses in a program's name", () => {
  const line = "12 (a) b (c) S 7 12 12 0 -1 4194304 100 0 0 0 250 50 30 10 20 0 7 0 100 1 2 3";
  assertEquals(parseStat(line), { parent: 7, user: 2.5, system: 0.5, children: 0.4 });
});

Deno.test("cpuTime() counts what a process computes", () => {
  const before = cpuTime([Deno.pid]).total;
  for (const until = Date.now() + 100; Date.now() < until;);
  const used = cpuTime([Deno.pid]).total - before;
  assert(used > 0.02, `100 ms of work were counted as ${used} s`);
});

Deno.test("driverSeconds() counts a load generator that has ended", async () => {
  const before = driverSeconds();
  const args = ["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"];
  await new Deno.Command("sh", { args }).output();
  assert(driverSeconds() - before >= 0.05);
});

Deno.test("processTree() finds the child of a child, and no process that ended is an error", async () => {
  const child = new Deno.Command("sh", { args: ["-c", "sleep 60 & wait"], stdout: "null" }).spawn();
  let tree: number[] = [];
  try {
    for (const until = Date.now() + 10_000; tree.length < 2 && Date.now() < until;) {
      tree = processTree(child.pid);
    }
    assertEquals(tree.length, 2);
    assert(residentMemory(tree) > 100_000);
  } finally {
    for (const pid of tree) Deno.kill(pid, "SIGKILL");
    await child.status;
  }
  assertEquals(cpuTime([child.pid]).user, 0);
});

Deno.test("switchesSince() passes over threads that ended and counts new ones", () => {
  const before = new Map([[1, 10], [2, 500]]);
  assertEquals(switchesSince(before, new Map([[1, 13], [3, 4]])), 7);
});

Deno.test("complaint() names what is wrong with an answer", () => {
  const right = { status: 200, type: "text/plain;charset=UTF-8", body: new TextEncoder().encode("yes") };
  const expected = { body: "yes", type: "text/plain" };
  assertEquals(complaint(right, expected), undefined);
  assertEquals(complaint({ ...right, status: 502 }, expected), "status 502");
  assertEquals(complaint({ ...right, type: "text/html" }, expected), 'content-type "text/html"');
  assertEquals(complaint(right, { body: "no" }), "a body of 3 bytes that is not the right one");
  assertEquals(complaint(right, { body: /^y/ }), undefined);
});
