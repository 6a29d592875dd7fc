import { assertEquals, assertThrows } from "@std/assert";
import {
  type Boot,
  ControlError,
  controlStream,
  encodeMessage,
  parseToSupervisor,
  parseToWorker,
  RecordReader,
  type ToSupervisor,
} from "../../server/control.ts";
import { settingsFor } from "../support/settings.ts";

const key = "a-secret-key";
const boot: Boot = { type: "boot", worker: 3, generation: 2, role: "rising", key, settings: settingsFor() };

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** Feeds a stream in pieces of a size and returns its records and the text around them. */
function read(stream: Uint8Array, size: number): { records: string[]; text: string } {
  const reader = new RecordReader(key);
  const records: string[] = [];
  let text = "";
  for (let at = 0; at < stream.length; at += size) {
    const pushed = reader.push(stream.slice(at, at + size));
    records.push(...pushed.records);
    for (const part of pushed.text) text += new TextDecoder("latin1").decode(part);
  }
  return { records, text: text + new TextDecoder("latin1").decode(reader.end()) };
}

Deno.test("controlStream() keeps access lines off the stream of messages", () => {
  assertEquals(controlStream("stdout"), "stderr");
  assertEquals(controlStream("off"), "stderr");
  assertEquals(controlStream("/var/log/access.log"), "stderr");
  assertEquals(controlStream("stderr"), "stdout");
});

Deno.test("messages to a worker survive the way", () => {
  const reader = new RecordReader("");
  const { records } = reader.push(encodeMessage(boot, ""));
  // JSON has no undefined: such keys are gone, which reads the same.
  assertEquals(parseToWorker(records[0]!), JSON.parse(JSON.stringify(boot)));
  assertEquals(parseToWorker(reader.push(encodeMessage({ type: "drain" }, "")).records[0]!), {
    type: "drain",
  });
});

Deno.test("messages to the supervisor survive the way", () => {
  const messages: ToSupervisor[] = [
    { type: "ready", addresses: boot.settings.listen },
    {
      type: "ready",
      addresses: [{ protocol: "fcgi", transport: "unix", path: "/s", mode: 1, group: "www" }],
    },
    { type: "bootFailed", reason: "two\nlines, and an ümlaut" },
  ];
  for (const message of messages) {
    const { records } = new RecordReader(key).push(encodeMessage(message, key));
    assertEquals(records.map(parseToSupervisor), [message]);
  }
});

Deno.test("RecordReader gives the same records and text however the bytes are cut", () => {
  const record = encodeMessage({ type: "bootFailed", reason: "x\x1ey" }, key);
  const parts = [
    "a line\nhalf a line",
    record,
    record,
    "\x1e",
    "\x1e{}\n",
    `\x1e${key.slice(0, 5)}`,
    record,
    "end",
  ];
  const stream = new Uint8Array(parts.flatMap((part) => [...typeof part === "string" ? bytes(part) : part]));
  const expected = {
    records: Array(3).fill('{"type":"bootFailed","reason":"x\\u001ey"}'),
    text: "a line\nhalf a line\x1e\x1e{}\n\x1ea-secend",
  };
  for (let size = 1; size <= stream.length; size++) {
    assertEquals(read(stream, size), expected, `size ${size}`);
  }
});

Deno.test("RecordReader takes a record without the key for text", () => {
  const forged = encodeMessage({ type: "ready", addresses: [] }, "a-guessed-key");
  assertEquals(read(forged, 7), { records: [], text: new TextDecoder().decode(forged) });
});

Deno.test("RecordReader passes on a record that never ends, as text", () => {
  assertEquals(read(bytes(`\x1e${key}{"type"`), 3), { records: [], text: `\x1e${key}{"type"` });
});

Deno.test("RecordReader does not hold more than 16 MiB of a record", () => {
  const reader = new RecordReader(key);
  reader.push(bytes(`\x1e${key}`));
  let passedOn = 0;
  for (let mebibytes = 0; mebibytes < 17; mebibytes++) {
    for (const part of reader.push(new Uint8Array(1024 * 1024)).text) passedOn += part.length;
  }
  assertEquals(passedOn > 16 * 1024 * 1024, true);
  assertEquals(reader.end().length < 1024 * 1024, true);
});

Deno.test("encodeMessage() refuses a number that JSON cannot carry", () => {
  const settings = settingsFor({ workers: Infinity });
  assertThrows(() => encodeMessage({ ...boot, settings }, ""), ControlError, "workers is Infinity");
});

Deno.test("parseToWorker() refuses what is no message", () => {
  const refused: [string, string][] = [
    ["{", "not JSON"],
    ["null", "not an object"],
    ["[]", "not an object"],
    ['"drain"', "not an object"],
    ["{}", "unknown type undefined"],
    ['{"type":"ready"}', 'unknown type "ready"'],
    [JSON.stringify({ ...boot, worker: "1" }), "worker is not a whole number"],
    [JSON.stringify({ ...boot, worker: 1.5 }), "worker is not a whole number"],
    [JSON.stringify({ ...boot, generation: -1 }), "generation is not a whole number"],
    [JSON.stringify({ ...boot, role: "last" }), "role is unknown"],
    [JSON.stringify({ ...boot, key: 1 }), "key is not text"],
    [JSON.stringify({ ...boot, settings: [] }), "settings are not whole"],
    [JSON.stringify({ ...boot, settings: { ...boot.settings, listen: {} } }), "settings are not whole"],
    [JSON.stringify({ ...boot, settings: { ...boot.settings, timeouts: null } }), "settings are not whole"],
  ];
  for (const [json, message] of refused) assertThrows(() => parseToWorker(json), ControlError, message);
});

Deno.test("parseToSupervisor() refuses what is no message", () => {
  const address = boot.settings.listen[0]!;
  const refused: [unknown, string][] = [
    [{ type: "drain" }, 'unknown type "drain"'],
    [{ type: "bootFailed" }, "reason is not text"],
    [{ type: "ready" }, "addresses"],
    [{ type: "ready", addresses: [null] }, "addresses"],
    [{ type: "ready", addresses: [{ ...address, port: "80" }] }, "addresses"],
    [{ type: "ready", addresses: [{ ...address, protocol: "smtp" }] }, "addresses"],
    [{ type: "ready", addresses: [{ protocol: "http", transport: "unix" }] }, "addresses"],
  ];
  for (const [message, reason] of refused) {
    assertThrows(() => parseToSupervisor(JSON.stringify(message)), ControlError, reason);
  }
});
