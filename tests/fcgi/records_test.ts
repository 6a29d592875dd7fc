import { assert, assertEquals } from "@std/assert";
import {
  MAX_CONTENT,
  ProtocolStatus,
  RecordHeader,
  RecordType,
  writeBytes,
  writeEndRequest,
  writeLatin1,
  writeManagement,
  writeStreamEnd,
  writeText,
} from "../../fcgi/records.ts";
import { OutputBuffer } from "../../twig/output_buffer.ts";
import { bytesOf, concat, slowRecord, slowRecords, textOf } from "../support/slow_fcgi_records.ts";

const STDOUT = RecordType.Stdout;

function written(write: (out: OutputBuffer) => void): Uint8Array {
  // The block is dirty: nothing of it may show in the padding.
  const out = new OutputBuffer(new Uint8Array(256 * 1024).fill(0xaa));
  write(out);
  return concat(out.take());
}

/** The content of a stream's records, which have to be well formed. */
function contentOf(bytes: Uint8Array, id = 1): Uint8Array {
  const records = slowRecords(bytes);
  for (const { version, type, id: actual, content, padding } of records) {
    assertEquals([version, type, actual], [1, STDOUT, id]);
    assert(content.length > 0 && content.length <= MAX_CONTENT);
    assertEquals((content.length + padding.length) % 8, 0);
    assertEquals(padding, new Uint8Array(padding.length));
  }
  return concat(records.map(({ content }) => content));
}

Deno.test("RecordHeader.read() decodes all fields, big endian, at any place", () => {
  const header = new RecordHeader();
  header.read(concat([new Uint8Array(3), slowRecord(5, 0xfffe, new Uint8Array(0x1234), 255)]), 3);
  assertEquals([header.type, header.id, header.contentLength, header.paddingLength], [
    5,
    0xfffe,
    0x1234,
    255,
  ]);
});

for (const size of [1, 7, 8, 9, 255, 16_384, 16_385, 24_576, 65_528, 65_536, 73_720, 73_721, 200_001]) {
  Deno.test(`writeBytes() writes ${size} bytes as records that are whole, aligned and padded with zeros`, () => {
    const content = Uint8Array.from({ length: size }, (_, i) => i % 251);
    assertEquals(contentOf(written((out) => writeBytes(out, STDOUT, 1, content))), content);
  });
}

Deno.test("writeBytes() writes nothing for nothing: an empty record would end the stream", () => {
  assertEquals(written((out) => writeBytes(out, STDOUT, 1, new Uint8Array(0))).length, 0);
});

Deno.test("writeBytes() keeps large content by reference, but its tail lies in one piece with END_REQUEST", () => {
  const out = new OutputBuffer();
  const content = new Uint8Array(100_000).fill(7);
  writeBytes(out, STDOUT, 1, content);
  writeStreamEnd(out, STDOUT, 1);
  writeEndRequest(out, 1, ProtocolStatus.RequestComplete);
  const pieces = out.take();
  assertEquals(pieces.filter((piece) => piece.buffer === content.buffer).length, 2);
  const records = slowRecords(pieces.at(-1) as Uint8Array);
  assertEquals(records.map(({ type, content }) => [type, content.length]), [[6, 8192], [6, 0], [3, 8]]);
});

for (const size of [1, 500, 5461, 5462, 40_000]) {
  Deno.test(`writeText() writes ${size} characters as UTF-8 and counts the bytes`, () => {
    const text = "\u20ac".repeat(size - 1) + "a";
    let count = 0;
    const bytes = written((out) => count = writeText(out, STDOUT, 1, text));
    assertEquals(contentOf(bytes), new TextEncoder().encode(text));
    assertEquals(count, 3 * size - 2);
  });
}

Deno.test("writeText() writes nothing for nothing", () => {
  assertEquals(written((out) => assertEquals(writeText(out, STDOUT, 1, ""), 0)).length, 0);
});

for (const size of [1, 13, 65_528, 65_529, 140_000]) {
  Deno.test(`writeLatin1() writes ${size} code units as one byte each`, () => {
    const text = "\xff" + "b".repeat(size - 1);
    assertEquals(textOf(contentOf(written((out) => writeLatin1(out, STDOUT, 0xabcd, text)), 0xabcd)), text);
  });
}

Deno.test("writeStreamEnd() and writeEndRequest() write what §3.3 and §5.5 say", () => {
  const bytes = written((out) => {
    writeStreamEnd(out, STDOUT, 0x0102);
    writeEndRequest(out, 0x0102, ProtocolStatus.UnknownRole);
  });
  const end = Uint8Array.of(0, 0, 0, 0, 3, 0, 0, 0);
  const expected = concat([slowRecord(6, 0x0102, new Uint8Array(0)), slowRecord(3, 0x0102, end)]);
  // The twin writes rubbish into the reserved byte of its headers, for readers to ignore.
  expected[7] = expected[15] = 0;
  assertEquals(bytes, expected);
});

Deno.test("writeManagement() uses id 0 and may be empty", () => {
  const records = slowRecords(written((out) => {
    writeManagement(out, RecordType.GetValuesResult, new Uint8Array(0));
    writeManagement(out, RecordType.GetValuesResult, bytesOf("abc"));
  }));
  assertEquals(records.map(({ id, type, content }) => [id, type, textOf(content)]), [[0, 10, ""], [
    0,
    10,
    "abc",
  ]]);
});
