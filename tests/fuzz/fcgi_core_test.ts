/**
 * The FastCGI core against its plain twins and against itself, on input that is partly rubbish. Seeds
 * are fixed: a failure names its seed and round, and comes again.
 */
import { assert, assertEquals } from "@std/assert";
import { FcgiCore } from "../../fcgi/mod.ts";
import { Params } from "../../fcgi/params.ts";
import { RecordType, writeBytes, writeLatin1, writeText } from "../../fcgi/records.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { OutputBuffer } from "../../twig/output_buffer.ts";
import { ProtocolError } from "../../twig/errors.ts";
import { NEED_DATA, type WireEvent } from "../../twig/wire.ts";
import { Random } from "../support/random.ts";
import {
  bytesOf,
  concat,
  slowPair,
  slowPairs,
  slowRecord,
  slowRecords,
  textOf,
} from "../support/slow_fcgi_records.ts";

const SEEDS = [1, 9000, 20130401];
const LIMITS = { ...DEFAULT_LIMITS, headerBytes: 64, headerFields: 3, bodyBytes: 500, openExchanges: 4 };
/** What a core may leave unread when it asks for more: BEGIN_REQUEST but for its last byte. */
const MOST_UNREAD = 15;

const NAMES = [
  "REQUEST_METHOD",
  "REQUEST_URI",
  "CONTENT_LENGTH",
  "HTTP_HOST",
  "HTTP_X",
  "HTTPS",
  "FCGI_MPXS_CONNS",
  "",
];
const VALUES = [
  "GET",
  "POST",
  "/",
  "/a?b",
  "5",
  "12",
  "501",
  "h:1",
  "",
  "a b",
  "\r\n",
  "on",
  "v".repeat(140),
];

function randomPairs(random: Random): Uint8Array {
  const pairs = [slowPair("REQUEST_METHOD", random.pick(["GET", "POST", "HEAD"]), random.oneIn(8))];
  if (!random.oneIn(8)) pairs.push(slowPair("REQUEST_URI", "/x"));
  if (random.oneIn(3)) pairs.push(slowPair("CONTENT_LENGTH", String(random.below(30))));
  while (random.oneIn(3)) pairs.push(slowPair(random.pick(NAMES), random.pick(VALUES), random.oneIn(4)));
  return concat(pairs);
}

function randomRecord(random: Random): Uint8Array {
  const id = random.below(7);
  const padding = random.oneIn(3) ? random.below(256) : 0;
  const of = (type: number, content: Uint8Array) => slowRecord(type, id, content, padding);
  switch (random.below(12)) {
    case 0:
      return of(random.below(256), random.bytes(random.below(40)));
    case 1:
      return of(RecordType.AbortRequest, new Uint8Array(0));
    case 2:
      return slowRecord(RecordType.GetValues, 0, randomPairs(random), padding);
    case 3:
      return random.bytes(random.below(12));
    case 4:
    case 5:
      return of(RecordType.Stdin, random.bytes(random.below(random.oneIn(5) ? 700 : 20)));
    default:
      return randomRequest(random, id || 1);
  }
}

function randomRequest(random: Random, id: number): Uint8Array {
  const pairs = randomPairs(random);
  const middle = random.below(pairs.length);
  const begin = Uint8Array.of(0, random.oneIn(20) ? 2 : 1, random.oneIn(20) ? 0 : 1, 0, 0, 0, 0, 0);
  const records = [slowRecord(1, id, begin), slowRecord(4, id, pairs.subarray(0, middle))];
  if (middle > 0) {
    records.push(slowRecord(4, id, pairs.subarray(middle)), slowRecord(4, id, new Uint8Array(0)));
  }
  if (random.oneIn(2)) records.push(slowRecord(5, id, random.bytes(random.below(30)), random.below(9)));
  if (random.oneIn(2)) records.push(slowRecord(5, id, new Uint8Array(0)));
  return concat(records);
}

function randomInput(random: Random): Uint8Array {
  const input = concat(Array.from({ length: random.below(14) + 1 }, () => randomRecord(random)));
  while (random.oneIn(4)) input[random.below(input.length)] = random.below(256);
  return input;
}

/** Answers at once, at the end of the body, or never: as the head says, so that cuts change nothing. */
function answer(core: FcgiCore, event: WireEvent): void {
  if (event.kind !== "head" && event.kind !== "end") return;
  const plan = Math.floor(event.exchange / 65536) % 4;
  if (event.kind === "head" && plan < 2) {
    core.head(event.exchange, 200, "x: y\r\n", undefined, false, core.output);
    if (plan === 0) core.end(event.exchange, "", core.output);
  } else if (event.kind === "end" && plan === 2) {
    core.head(event.exchange, 404, "", 3, false, core.output);
    core.data(event.exchange, "abc", core.output);
    core.end(event.exchange, "", core.output);
  } else if (event.kind === "end" && plan === 1) core.cut(event.exchange);
}

/** An event as text, the same however its bytes were cut. */
function describe(event: WireEvent): string {
  switch (event.kind) {
    case "head": {
      const { method, target, authority, secure, protocol, bodyLength } = event;
      const fields = JSON.stringify([...event.headers]);
      return `head ${event.exchange} ${method} ${target} ${authority} ${secure} ${protocol} ${
        bodyLength || 0
      } ${fields}`;
    }
    case "data":
      return `data ${event.exchange} `;
    case "refused":
      return `refused ${event.exchange} ${event.error.code}`;
    case "abort":
      return `abort ${event.exchange} ${event.reason}`;
    default:
      return `end ${event.exchange}`;
  }
}

/** Everything that a core reports and sends for an input that comes in these pieces. */
function outcome(pieces: readonly Uint8Array[]): { told: string[]; sent: string } {
  const core = new FcgiCore(LIMITS);
  const told: string[] = [];
  const pull = () => {
    for (let event = core.next(); event !== NEED_DATA; event = core.next()) {
      assert(typeof event === "object");
      const text = describe(event);
      if (event.kind !== "data") told.push(text);
      else if (told.at(-1)?.startsWith(text)) told.push(told.pop() + textOf(event.chunk));
      else told.push(text + textOf(event.chunk));
      answer(core, event);
    }
    assert(core.input.length <= MOST_UNREAD, `${core.input.length} bytes are unread`);
  };
  try {
    for (const piece of pieces) {
      core.input.append(piece);
      pull();
    }
    core.endOfInput();
    pull();
  } catch (error) {
    // Anything else that escapes is a bug.
    if (!(error instanceof ProtocolError)) throw error;
    assertEquals(error.status, 0);
    told.push(`error ${error.message}`);
    core.refuse(error, core.output);
  }
  const sent = concat(core.output.take());
  slowRecords(sent);
  return { told, sent: textOf(sent) };
}

function cut(random: Random, input: Uint8Array): Uint8Array[] {
  const most = random.pick([1, 3, 30, 300]);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < input.length;) {
    const size = random.below(most) + 1;
    pieces.push(input.subarray(at, at + size));
    at += size;
  }
  return pieces;
}

for (const seed of SEEDS) {
  Deno.test(`FcgiCore tells and sends the same however its input is cut (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 700; round++) {
      const input = randomInput(random);
      const whole = outcome([input]);
      for (let i = 0; i < 3; i++) {
        assertEquals(outcome(cut(random, input)), whole, `seed ${seed}, round ${round}`);
      }
    }
  });

  Deno.test(`FcgiCore sends END_REQUEST at most once for a BEGIN_REQUEST (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 500; round++) {
      const input = randomInput(random);
      let begun = 0;
      // Input that is no records at its end says nothing about how many requests were begun.
      try {
        begun = slowRecords(input).filter(({ type }) => type === RecordType.BeginRequest).length;
      } catch {
        continue;
      }
      const sent = slowRecords(bytesOf(outcome([input]).sent));
      assert(sent.filter(({ type }) => type === RecordType.EndRequest).length <= begun, `round ${round}`);
    }
  });

  Deno.test(`Params.parse() reads what its plain twin reads, or refuses with it (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 3000; round++) {
      const bytes = random.oneIn(3) ? random.bytes(random.below(30)) : new Uint8Array(randomPairs(random));
      while (bytes.length > 0 && random.oneIn(2)) bytes[random.below(bytes.length)] = random.below(256);
      const params = Params.parse(bytes, 0, bytes.length);
      const pairs = params &&
        Array.from({ length: params.size }, (_, i) => [params.name(i), params.value(i)]);
      assertEquals(pairs, slowPairs(bytes), `seed ${seed}, round ${round}`);
      if (pairs === undefined) continue;
      for (const one of ["\r", "\n", "\0", "v"]) {
        assertEquals(params?.has(one), pairs.some((pair) => pair.join("").includes(one)), `round ${round}`);
      }
    }
  });

  Deno.test(`What records.ts writes, its plain twin reads (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 60; round++) {
      const out = new OutputBuffer();
      const expected: Uint8Array[] = [];
      for (let i = random.below(5); i >= 0; i--) {
        const content = random.bytes(1).fill(1).length + random.below(random.pick([20, 20_000, 200_000]));
        const bytes = new Uint8Array(content).fill(random.below(128));
        expected.push(bytes);
        const write = random.below(3);
        if (write === 0) writeBytes(out, RecordType.Stdout, 1, bytes);
        else if (write === 1) writeLatin1(out, RecordType.Stdout, 1, textOf(bytes));
        else assertEquals(writeText(out, RecordType.Stdout, 1, textOf(bytes)), bytes.length);
      }
      const records = slowRecords(concat(out.take()));
      for (const { content, padding } of records) assertEquals((content.length + padding.length) % 8, 0);
      assert(records.every(({ padding }) => padding.every((byte) => byte === 0)));
      assert(textOf(concat(records.map(({ content }) => content))) === textOf(concat(expected)));
    }
  });
}

/** Feeds `record` many times as a connection does, dropping what is sent, and returns the most kept. */
function flood(core: FcgiCore, record: Uint8Array, times: number): number {
  let most = 0;
  for (let i = 0; i < times; i++) {
    core.input.append(record);
    while (core.next() !== NEED_DATA);
    most = Math.max(most, core.input.bytes.length);
    core.output.drop();
  }
  return most;
}

Deno.test("FcgiCore keeps no more than its limits, however much it is sent", () => {
  const core = new FcgiCore(LIMITS);
  const begin = (id: number) => slowRecord(1, id, Uint8Array.of(0, 1, 1, 0, 0, 0, 0, 0));
  for (let id = 1; id <= 20_000; id++) flood(core, begin(id), 1);
  const content = slowRecord(RecordType.Params, 1, new Uint8Array(65_535));
  for (const type of [RecordType.Params, RecordType.Stdin, RecordType.Data, RecordType.GetValues, 99]) {
    content[1] = type;
    assert(flood(core, content, 50) < 400_000);
  }
  content[3] = 0;
  assert(flood(core, content, 50) < 400_000);
  assertEquals(core.input.length, 0);
});
