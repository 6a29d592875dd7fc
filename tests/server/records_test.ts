import { assertEquals } from "@std/assert";
import { encodeRecord, RecordReader } from "../../server/records.ts";

const key = "a-secret-key";

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

Deno.test("RecordReader gives the same records and text however the bytes are cut", () => {
  const record = encodeRecord(JSON.stringify({ reason: "x\x1ey" }), key);
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
    records: Array(3).fill('{"reason":"x\\u001ey"}'),
    text: "a line\nhalf a line\x1e\x1e{}\n\x1ea-secend",
  };
  for (let size = 1; size <= stream.length; size++) {
    assertEquals(read(stream, size), expected, `size ${size}`);
  }
});

Deno.test("RecordReader takes a record without the key for text", () => {
  const forged = encodeRecord("{}", "a-guessed-key");
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
