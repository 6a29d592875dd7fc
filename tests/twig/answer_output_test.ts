import { assertEquals } from "@std/assert";
import { type App, Exchange } from "../../twig/mod.ts";
import { RecordingCarrier, requestHead, settled } from "../support/recording_carrier.ts";

/** Runs an app on a carrier that fails in one of its calls. */
async function runOn(app: App, failing: "whole" | "head" | "data" | "end"): Promise<RecordingCarrier> {
  const carrier = new RecordingCarrier(false, false, false);
  carrier[failing] = () => {
    throw new Error(`${failing} failed`);
  };
  const exchange = new Exchange(carrier, requestHead(), app, 0, Infinity);
  exchange.run();
  await settled();
  assertEquals([exchange.over, exchange.output.completed], [true, false], failing);
  return carrier;
}

Deno.test("AnswerOutput cuts the answer if its carrier fails, so that no client waits for ever", async () => {
  for (const failing of ["whole", "head", "data", "end"] as const) {
    const { notes, errors } = await runOn(failing === "whole" ? () => "x" : () => ["x"], failing);
    assertEquals(notes.filter((note) => note === "cut"), ["cut"], failing);
    assertEquals(errors.map(String), [`Error: ${failing} failed`]);
  }
});
