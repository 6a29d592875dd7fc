import { assert, assertEquals } from "@std/assert";
import { Clock } from "../../server/clock.ts";
import { Deadlines } from "../../server/deadlines.ts";
import { DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import { Sender } from "../../server/sender.ts";
import { OutputBuffer } from "../../twig/output_buffer.ts";
import { delay } from "../support/delay.ts";
import { SteppedTransport } from "../support/stepped_transport.ts";
import { StoppedTime } from "../support/stopped_time.ts";

/** A sender over a socket whose writes wait for the test, and what its owner was told. */
class Sending {
  readonly output = new OutputBuffer();
  readonly transport = new SteppedTransport(true);
  readonly told: string[] = [];
  readonly clock = new Clock();
  readonly deadlines = new Deadlines(this.clock, { expired: () => {} });
  readonly sender = new Sender(
    this.output,
    this.transport,
    { clock: this.clock, timeouts: DEFAULT_TIMEOUTS },
    this.deadlines,
    { allSent: () => void this.told.push("all sent"), close: () => void this.told.push("close") },
  );
}

/** Lets everything happen that does not wait for the peer. */
const settled = (): Promise<void> => delay(0);

Deno.test("Sender has one write under way, and sends what is added meanwhile with the next", async () => {
  const { output, transport, told, deadlines, sender } = new Sending();
  output.latin1("first");
  sender.flush();
  output.latin1("second");
  sender.flush();
  output.latin1("third");
  assertEquals([sender.busy, sender.unsent, deadlines.write < Infinity], [true, 16, true]);
  transport.take(2);
  await settled();
  assertEquals([transport.taken, sender.unsent], ["fi", 14]);
  transport.take();
  await settled();
  transport.take();
  await settled();
  assertEquals([transport.taken, transport.writes], ["firstsecondthird", 3]);
  assertEquals([sender.busy, sender.unsent, deadlines.write], [false, 0, Infinity]);
  assertEquals(told, ["all sent"]);
});

Deno.test("Sender closes when the memory of a piece is gone: what follows would be taken for it", async () => {
  for (const waiting of [false, true]) {
    const { output, transport, told, sender } = new Sending();
    const chunk = new Uint8Array(20_000);
    output.latin1("head");
    output.bytes(chunk);
    output.latin1("next");
    if (waiting) sender.flush();
    chunk.buffer.transfer();
    if (!waiting) sender.flush();
    transport.take();
    await settled();
    assertEquals([transport.taken, told], ["head", ["close"]]);
  }
});

Deno.test("Sender gives one piece to a caller that sends it, and nobody else is told", async () => {
  const { output, transport, told, deadlines, sender } = new Sending();
  assertEquals(sender.takeOne(), undefined);
  output.latin1("answer");
  const piece = sender.takeOne()!;
  const write = sender.write(piece);
  assertEquals([sender.unsent, sender.busy], [6, true]);
  transport.take(4);
  const rest = sender.writeRest(piece, await write);
  assertEquals(sender.unsent, 2);
  transport.take();
  await rest;
  sender.written();
  assertEquals([transport.taken, sender.unsent, deadlines.write, told], ["answer", 0, Infinity, []]);
});

Deno.test("Sender waits with what is added while its caller sends a piece", async () => {
  const { output, transport, told, sender } = new Sending();
  output.latin1("answer");
  const piece = sender.takeOne()!;
  const write = sender.write(piece);
  output.latin1(" and more");
  sender.flush();
  assertEquals([transport.writes, sender.takeOne()], [1, undefined]);
  transport.take(4);
  const rest = sender.writeRest(piece, await write);
  sender.flush();
  transport.take();
  await rest;
  sender.written();
  transport.take();
  await settled();
  assertEquals([transport.taken, transport.writes, told], ["answer and more", 3, ["all sent"]]);
});

Deno.test("Sender keeps a batch for a moment while others work, unless it is large", async () => {
  const { output, transport, sender } = new Sending();
  output.latin1("answer");
  assertEquals([sender.flushBatch(true), transport.writes, sender.onCorkList], [undefined, 0, true]);
  await delay(20);
  assertEquals([transport.writes, sender.onCorkList], [1, false]);
  transport.take();
  await settled();
  output.bytes(new Uint8Array(64 * 1024));
  assert(sender.flushBatch(true) !== undefined);
  assertEquals(transport.writes, 2);
  transport.take();
  await settled();
});

Deno.test("Sender asks its owner to close when a write fails", async () => {
  const { output, transport, told, sender } = new Sending();
  output.latin1("answer");
  assertEquals([sender.drained(false), transport.writes], [undefined, 0]);
  const drained = sender.drained(true);
  transport.break();
  await drained;
  assertEquals([told, sender.unsent], [["close"], 0]);
});

Deno.test("Sender tells whether anything was sent since the peer's FIN", async () => {
  const { output, transport, sender } = new Sending();
  const send = async (): Promise<void> => {
    output.latin1("answer");
    sender.flush();
    transport.take();
    await settled();
  };
  await send();
  assert(!sender.writtenAfterEnd);
  sender.peerEnded();
  assert(!sender.writtenAfterEnd);
  await send();
  assert(sender.writtenAfterEnd);
});

Deno.test("Sender gives a peer the time anew with whatever it takes, however late", async () => {
  using time = new StoppedTime();
  const { output, transport, deadlines, sender } = new Sending();
  output.latin1("answer");
  sender.flush();
  let expected = deadlines.write;
  for (let times = 0; times < 3; times++) {
    await settled();
    time.pass(DEFAULT_TIMEOUTS.write - 1000);
    transport.take(1);
    await settled();
    expected += DEFAULT_TIMEOUTS.write - 1000;
    assertEquals(deadlines.write, expected);
  }
  transport.take();
  await settled();
});

Deno.test("Sender counts what was on its way when the peer's FIN came as sent after it", async () => {
  const { output, transport, sender } = new Sending();
  output.latin1("answer");
  sender.flush();
  transport.take(2);
  await settled();
  sender.peerEnded();
  assert(sender.writtenAfterEnd);
  transport.take();
  await settled();
});
