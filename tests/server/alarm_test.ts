import { assert, assertEquals } from "@std/assert";
import { Alarm } from "../../server/alarm.ts";
import { delay } from "../support/delay.ts";
import { Program } from "../support/program.ts";

function alarm(): { alarm: Alarm; rung: number[] } {
  const rung: number[] = [];
  return { alarm: new Alarm(() => rung.push(performance.now())), rung };
}

/** Runs a program that has an alarm, and says when it rings and when nothing keeps it running any more. */
async function runProgram(statements: string): Promise<string> {
  const path = JSON.stringify(new URL("../../server/alarm.ts", import.meta.url).href);
  const code = `
    import { Alarm } from ${path};
    const alarm = new Alarm(() => console.log("rings"));
    addEventListener("unload", () => console.log(performance.now() < 20_000 ? "soon over" : "over"));
    ${statements}`;
  await using program = new Program(Deno.execPath(), { args: ["eval", code] });
  await program.ended;
  return program.said;
}

Deno.test("Alarm rings once, at the time that it was last set to, and can be set again", async () => {
  const { alarm: late, rung } = alarm();
  const begun = performance.now();
  late.set(begun + 50);
  late.set(begun + 400.5);
  late.set(begun + 400.5);
  await delay(1500);
  assertEquals(rung.length, 1);
  assert(rung[0]! >= begun + 400.5, `after ${rung[0]! - begun} ms`);
  late.set(begun + 400.5);
  await delay(500);
  assertEquals(rung.length, 2);
});

Deno.test("Alarm that is set to nothing does not ring", async () => {
  const { alarm: silent, rung } = alarm();
  silent.set(performance.now() + 50);
  silent.set(undefined);
  await delay(300);
  assertEquals(rung, []);
});

Deno.test("Alarm keeps a program running while it is set, and no longer", async () => {
  assertEquals(await runProgram("alarm.set(performance.now() + 200);"), "rings\nsoon over\n");
  assertEquals(
    await runProgram("alarm.set(performance.now() + 30_000); alarm.set(undefined);"),
    "soon over\n",
  );
});
