import { assertEquals } from "@std/assert";
import { RecordType } from "../../fcgi/records.ts";
import { Action, actionFor, State } from "../../fcgi/states.ts";

const STATES = [State.Management, State.Absent, State.Params, State.Body, State.Answering];
const NAMES = ["accept", "ignore", "answer", "fatal"];

function row(type: number): string {
  return STATES.map((state) => NAMES[actionFor(state, type)]).join(" ");
}

Deno.test("actionFor() follows the policy, record by record", () => {
  assertEquals([Action.Accept, Action.Ignore, Action.Answer, Action.Fatal], [0, 1, 2, 3]);
  assertEquals(row(RecordType.BeginRequest), "fatal accept fatal fatal fatal");
  assertEquals(row(RecordType.AbortRequest), "ignore ignore accept accept accept");
  assertEquals(row(RecordType.Params), "ignore ignore accept ignore ignore");
  assertEquals(row(RecordType.Stdin), "ignore ignore answer accept accept");
  assertEquals(row(RecordType.GetValues), "answer ignore ignore ignore ignore");
});

Deno.test("actionFor() ignores what only a responder sends, and DATA, which is for filters", () => {
  for (const type of [3, 6, 7, 8, 10, 11]) assertEquals(row(type), "ignore ignore ignore ignore ignore");
});

Deno.test("actionFor() answers types that FastCGI 1.0 does not have, on id 0 only", () => {
  for (const type of [0, 12, 99, 255]) assertEquals(row(type), "answer ignore ignore ignore ignore");
});
