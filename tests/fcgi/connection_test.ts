import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { FcgiCore } from "../../fcgi/mod.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { ContractError, ProtocolError } from "../../twig/errors.ts";
import { NEED_DATA, type WireEvent } from "../../twig/wire.ts";
import { describeSent, peerBytes } from "../support/fcgi_script.ts";
import { concat, slowRecords } from "../support/slow_fcgi_records.ts";

// What a document of tests/corpus/fcgi cannot say. The rest of the core's behaviour is told there.

function send(core: FcgiCore, ...lines: string[]): void {
  for (const line of lines) core.input.append(peerBytes(line.split(" ")));
}

function pull(core: FcgiCore): WireEvent[] {
  const events: WireEvent[] = [];
  for (let event = core.next(); event !== NEED_DATA; event = core.next()) events.push(event as WireEvent);
  return events;
}

/** A core with one whole request on each id, and the numbers of the exchanges. */
function begun(...ids: number[]): { core: FcgiCore; exchanges: number[] } {
  const core = new FcgiCore(DEFAULT_LIMITS);
  for (const id of ids) {
    const params = `PARAMS ${id} REQUEST_METHOD=GET REQUEST_URI=/`;
    send(core, `BEGIN ${id} responder keep`, params, `PARAMS ${id}`, `STDIN ${id}`);
  }
  const heads = pull(core).filter(({ kind }) => kind === "head");
  return { core, exchanges: heads.map(({ exchange }) => exchange) };
}

Deno.test("FcgiCore writes a small answer as one piece, END_REQUEST included", () => {
  const { core, exchanges: [exchange = 0] } = begun(1);
  core.head(exchange, 200, "x: y\r\n", 5, false, core.output);
  assertEquals(core.data(exchange, "hello", core.output), 5);
  core.end(exchange, "", core.output);
  const pieces = core.output.take();
  assertEquals(pieces.length, 1);
  assertEquals(describeSent(pieces[0] as Uint8Array).at(-1), "END 1 COMPLETE");
});

Deno.test("FcgiCore.whole() writes a small answer as one record and its end, without the server's name", () => {
  const { core, exchanges: [exchange = 0] } = begun(1);
  core.extraFields = "server: archangel\r\n";
  assertEquals(core.whole(exchange, 200, "x: \u00e9\r\n", 6, false, "h\u00e9llo", core.output), 6);
  const pieces = core.output.take();
  const records = slowRecords(pieces[0] as Uint8Array);
  assertEquals([pieces.length, ...records.map(({ type }) => type)], [1, 6, 6, 3]);
  assertEquals(
    new TextDecoder("latin1").decode(records[0]?.content),
    "Status: 200 OK\r\nx: \u00e9\r\ncontent-length: 6\r\n\r\nh\u00c3\u00a9llo",
  );
  assertEquals(core.whole(exchange, 200, "", 4, false, "late", core.output), 0);
  assertEquals(core.output.length, 0);
});

for (const size of [0, 1, 16_384, 16_385, 200_000]) {
  for (const body of ["x".repeat(size), new Uint8Array(size).fill(120)]) {
    Deno.test(`FcgiCore.whole() says what head, data and end say (${size} of ${typeof body})`, () => {
      // Again and again, for a head that comes a second time takes another way.
      for (let time = 0; time < 3; time++) {
        const content = (whole: boolean): string => {
          const { core, exchanges: [exchange = 0] } = begun(1);
          if (whole) core.whole(exchange, 200, "x: \u00e9\r\n", size, false, body, core.output);
          else {
            core.head(exchange, 200, "x: \u00e9\r\n", size, false, core.output);
            core.data(exchange, body, core.output);
            core.end(exchange, "", core.output);
          }
          const records = core.output.take().map((piece) => Array.from(piece));
          const stdout = slowRecords(Uint8Array.from(records.flat())).filter(({ type }) => type === 6);
          return stdout.map((record) => new TextDecoder("latin1").decode(record.content)).join("");
        };
        assertEquals(content(true), content(false));
      }
    });
  }
}

for (const [method, status] of [["GET", 204], ["GET", 304], ["HEAD", 200]] as const) {
  Deno.test(`FcgiCore.whole() sends no body (${method}, ${status})`, () => {
    const core = new FcgiCore(DEFAULT_LIMITS);
    send(
      core,
      "BEGIN 1 responder keep",
      `PARAMS 1 REQUEST_METHOD=${method} REQUEST_URI=/`,
      "PARAMS 1",
      "STDIN 1",
    );
    const [head] = pull(core);
    assert(head !== undefined);
    assertEquals(core.whole(head.exchange, status, "x: y\r\n", undefined, false, "body", core.output), 0);
    const [stdout] = slowRecords(core.output.take()[0] as Uint8Array);
    assertEquals(new TextDecoder().decode(stdout?.content).split("\r\n").slice(1), ["x: y", "", ""]);
  });
}

Deno.test("FcgiCore reports header fields that cannot be changed", () => {
  const core = new FcgiCore(DEFAULT_LIMITS);
  send(core, "BEGIN 1 responder keep", "PARAMS 1 REQUEST_METHOD=GET REQUEST_URI=/ HTTP_X_A=1", "PARAMS 1");
  const [head] = pull(core);
  assert(head?.kind === "head");
  assertThrows(() => head.headers.set("x-a", "2"), ContractError);
});

Deno.test("FcgiCore writes the end of a large answer in one piece with the last of its body", () => {
  const { core, exchanges: [exchange = 0] } = begun(1);
  core.head(exchange, 200, "", undefined, false, core.output);
  assertEquals(core.data(exchange, new Uint8Array(1_000_000), core.output), 1_000_000);
  core.end(exchange, "", core.output);
  const last = slowRecords(core.output.take().at(-1) as Uint8Array);
  assertEquals(last.map(({ type }) => type).slice(-3), [6, 6, 3]);
});

Deno.test("FcgiCore ignores commands for an exchange that is over", () => {
  const { core, exchanges: [exchange = 0] } = begun(1);
  core.end(exchange, "", core.output);
  core.output.take();
  core.head(exchange, 200, "", undefined, false, core.output);
  assertEquals(core.data(exchange, "late", core.output), 0);
  core.end(exchange, "", core.output);
  core.cut(exchange);
  assertEquals(core.output.length, 0);
  assertFalse(core.closing);
});

Deno.test("FcgiCore says with which status it has answered a request that it aborts", () => {
  const REQUEST = "REQUEST_METHOD=POST REQUEST_URI=/ CONTENT_LENGTH=10";
  for (const begun of [false, true]) {
    const core = new FcgiCore(DEFAULT_LIMITS);
    send(core, "BEGIN 1 responder keep", `PARAMS 1 ${REQUEST}`, "PARAMS 1");
    const [head] = pull(core);
    if (begun) core.head(head!.exchange, 200, "", undefined, false, core.output);
    send(core, "STDIN 1");
    const [aborted] = pull(core);
    assert(aborted?.kind === "abort");
    assertEquals([aborted.error?.code, aborted.error?.status], ["cut-short", begun ? 0 : 400]);
  }
});

Deno.test("FcgiCore.probe() gives each request that an app works on an empty STDERR, and nothing else", () => {
  const { core } = begun(1, 2);
  send(core, "BEGIN 3 responder keep");
  pull(core);
  core.probe();
  const sent = core.output.take().flatMap((piece) => slowRecords(piece as Uint8Array));
  assertEquals(sent.map(({ type, id, content }) => [type, id, content.length]), [[7, 1, 0], [7, 2, 0]]);
});

Deno.test("FcgiCore.refuse() with a status answers every request that has no answer yet", () => {
  const { core, exchanges: [first = 0] } = begun(1, 2);
  send(core, "BEGIN 3 responder keep");
  pull(core);
  core.head(first, 200, "", undefined, false, core.output);
  core.output.take();
  core.refuse(new ProtocolError(408, "slow-head", "Too slow"), core.output);
  const sent = describeSent(concat(core.output.take()));
  assertEquals(sent.filter((line) => line.startsWith("END")), ["END 2 COMPLETE", "END 3 COMPLETE"]);
  assert(sent[0]?.startsWith('STDOUT 2 "Status: 408 Request Timeout'));
  assert(core.closing);
});

Deno.test("FcgiCore.giveUpHeads() answers whose PARAMS had not ended at the call before, either", () => {
  const { core, exchanges: [exchange = 0] } = begun(9);
  assertFalse(core.headsPending);
  send(core, "BEGIN 1 responder keep", "PARAMS 1 A=1", "BEGIN 2 responder keep", "BEGIN 3 responder keep");
  pull(core);
  assert(core.headsPending);
  assertEquals(core.giveUpHeads(), []);
  send(core, "BEGIN 4 responder keep", "ABORT 3", "PARAMS 2 REQUEST_METHOD=GET", "PARAMS 2");
  pull(core);
  core.output.take();
  assertEquals(core.giveUpHeads().map(({ exchange }) => exchange % 65536), [1]);
  const sent = describeSent(concat(core.output.take()));
  assert(sent[0]?.startsWith('STDOUT 1 "Status: 408 '), sent[0]);
  assertEquals(sent.slice(1), ["STDOUT 1", "END 1 COMPLETE"]);
  // What comes late is nobody's; the other ids go on.
  send(core, "PARAMS 1 REQUEST_METHOD=GET", "PARAMS 1", "PARAMS 4 REQUEST_METHOD=GET", "PARAMS 4");
  assertEquals(pull(core).map(({ kind }) => kind), ["head"]);
  core.end(exchange, "", core.output);
  assertEquals(describeSent(concat(core.output.take())).at(-1), "END 9 COMPLETE");
  assertFalse(core.headsPending || core.closing);
});

Deno.test("FcgiCore.giveUpHeads() drops the rest of a PARAMS record that had begun", () => {
  const { core } = begun(9);
  send(core, "BEGIN 1 responder keep", "hex 01 04 00 01 00 04 02 00 01 02");
  pull(core);
  core.giveUpHeads();
  assertEquals(core.giveUpHeads().length, 1);
  core.output.take();
  send(core, "hex 03 04 00 00", "GET_VALUES FCGI_MPXS_CONNS=");
  assertEquals(pull(core), []);
  assertEquals(describeSent(concat(core.output.take())), ["GET_VALUES_RESULT FCGI_MPXS_CONNS=1"]);
});

for (
  const [what, ...lines] of [
    ["an abort", "ABORT 1"],
    ["a refusal", "PARAMS 1"],
    ["too many bytes", "PARAMS 1 bytes=60000"],
    ["STDIN", "STDIN 1 x"],
  ] as const
) {
  Deno.test(`FcgiCore has no head pending after ${what}, nor after a request that was turned away`, () => {
    const core = new FcgiCore({ ...DEFAULT_LIMITS, openExchanges: 1, headerBytes: 100 });
    send(core, "BEGIN 1 responder keep", "BEGIN 2 responder keep", "BEGIN 3 filter keep");
    pull(core);
    assert(core.headsPending);
    send(core, ...lines);
    pull(core);
    assertFalse(core.headsPending);
    send(core, "BEGIN 1 responder keep");
    pull(core);
    assert(core.headsPending);
    core.endOfInput();
    pull(core);
    assertFalse(core.headsPending);
  });
}

Deno.test("FcgiCore.refuse() without a status just closes", () => {
  const { core } = begun(1, 2);
  core.refuse(new ProtocolError(0, "bad-version", "Bad"), core.output);
  assertEquals(core.output.length, 0);
  assert(core.closing);
});

Deno.test("FcgiCore has no interim answers and no 100 Continue", () => {
  const { core } = begun(1);
  core.informational();
  core.wantBody();
  assertEquals(core.output.length, 0);
});

Deno.test("FcgiCore drops what comes when it is closing", () => {
  const core = new FcgiCore(DEFAULT_LIMITS);
  send(core, "BEGIN 1 responder", "ABORT 1", "text GET");
  assertEquals(pull(core), []);
  assert(core.closing);
  assertEquals(core.input.length, 0);
});

Deno.test("FcgiCore drops the rest of a STDIN record whose exchange was answered in the middle of it", () => {
  const core = new FcgiCore(DEFAULT_LIMITS);
  send(core, "BEGIN 1 responder keep", "PARAMS 1 REQUEST_METHOD=POST REQUEST_URI=/", "PARAMS 1");
  const record = peerBytes(["STDIN", "1", "pad=4", "bytes=100"]);
  core.input.append(record.subarray(0, 50));
  const [head, data] = pull(core);
  assertEquals([head?.kind, data?.kind === "data" && data.chunk.length], ["head", 42]);
  core.end(head?.exchange ?? 0, "", core.output);
  core.input.append(record.subarray(50));
  send(core, "BEGIN 1 responder keep", "PARAMS 1 REQUEST_METHOD=GET REQUEST_URI=/next", "PARAMS 1");
  assertEquals(pull(core).map((event) => event.kind === "head" && event.target), ["/next"]);
});

Deno.test("FcgiCore does not report the end of a body to an exchange that is over", () => {
  const core = new FcgiCore(DEFAULT_LIMITS);
  const params = "PARAMS 1 REQUEST_METHOD=POST REQUEST_URI=/ CONTENT_LENGTH=1";
  send(core, "BEGIN 1 responder keep", params, "PARAMS 1", "STDIN 1 x", "STDIN 1");
  core.next();
  const data = core.next() as WireEvent;
  assertEquals(data.kind, "data");
  core.end(data.exchange, "", core.output);
  assertEquals(pull(core), []);
});

Deno.test("FcgiCore says that there is no body when the end of STDIN is there with the head", () => {
  const { core } = begun();
  const lines = [
    "BEGIN 1 responder keep",
    "PARAMS 1 REQUEST_METHOD=GET REQUEST_URI=/",
    "PARAMS 1 pad=5",
    "STDIN 1",
  ];
  send(core, ...lines);
  const [head, end] = pull(core);
  assertEquals([head?.kind === "head" && head.bodyLength, end?.kind], [0, "end"]);
});

/** A core whose app answered at once when it heard of the head of a request. */
function answered(...lines: string[]): FcgiCore {
  const core = new FcgiCore(DEFAULT_LIMITS);
  send(core, ...lines);
  for (let event = core.next(); event !== NEED_DATA; event = core.next()) {
    const { kind, exchange } = event as WireEvent;
    if (kind === "head") core.end(exchange, "", core.output);
  }
  return core;
}

Deno.test("FcgiCore never takes its peer to be done, for records of answered requests may still come", () => {
  const params = ["PARAMS 1 REQUEST_METHOD=GET REQUEST_URI=/", "PARAMS 1"];
  for (const rest of [params, [...params, "STDIN 1"], ["ABORT 1"]]) {
    const core = answered("BEGIN 1 responder", ...rest);
    assert(core.closing);
    assert(core.idle);
    assertFalse(core.peerDone, rest.join());
  }
});

Deno.test("FcgiCore is idle only between records", () => {
  const core = new FcgiCore(DEFAULT_LIMITS);
  assert(core.idle);
  const record = peerBytes(["STDIN", "9", "pad=8", "abc"]);
  for (let i = 0; i < record.length - 1; i++) {
    core.input.append(record.subarray(i, i + 1));
    pull(core);
    assertFalse(core.idle, `after byte ${i}`);
  }
  core.stop();
  assertFalse(core.closing);
  core.input.append(record.subarray(-1));
  pull(core);
  assert(core.idle);
  assert(core.closing);
});
