import { assertEquals } from "@std/assert";
import { DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import { stageDeadline, vacancyAfter, type WorkerHandle } from "../../server/worker_handle.ts";

const timeouts = { ...DEFAULT_TIMEOUTS, boot: 2_000, drain: 3_000 };

function handle(stage: WorkerHandle["stage"], failures = 0): WorkerHandle {
  return { id: 7, worker: 2, generation: 1, stage, since: 10_000, failures, timeouts };
}

Deno.test("stageDeadline() bounds booting and draining, and nothing else", () => {
  assertEquals(stageDeadline(handle("booting")), 12_000);
  assertEquals(stageDeadline(handle("draining")), 14_000, "a second more than the worker gives itself");
  assertEquals(stageDeadline(handle("serving")), undefined);
  assertEquals(stageDeadline(handle("killed")), undefined);
});

Deno.test("vacancyAfter() doubles the wait with each early end in a row, up to 30 s", () => {
  const waits = [0, 1, 2, 8, 9, 1_000].map((failures) => vacancyAfter(handle("serving", failures), 10_000));
  assertEquals(waits.map(({ at }) => at - 10_000), [100, 200, 400, 25_600, 30_000, 30_000]);
  assertEquals(waits.map(({ failures }) => failures), [1, 2, 3, 9, 10, 1_001]);
});

Deno.test("vacancyAfter() forgets early ends after 30 s of service, not of booting", () => {
  assertEquals(vacancyAfter(handle("serving", 5), 40_000), { worker: 2, at: 40_100, failures: 1 });
  assertEquals(vacancyAfter(handle("serving", 5), 39_999).failures, 6);
  assertEquals(vacancyAfter(handle("booting", 5), 40_000).failures, 6);
});
