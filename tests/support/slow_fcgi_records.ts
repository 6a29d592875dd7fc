/**
 * The plain slow twin of `fcgi/records.ts` and `fcgi/params.ts`: FastCGI 1.0 §3.3 and §3.4 written
 * down with `DataView` and array concatenation, one record or pair an object. Fuzz tests compare the
 * two, and other tests use it to build input and to read output.
 */
import { latin1 } from "../../twig/bytes.ts";

/** One record, taken apart. */
export interface SlowRecord {
  version: number;
  type: number;
  id: number;
  content: Uint8Array;
  padding: Uint8Array;
}

/** Puts pieces together. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Bytes of text of code units below 256. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(text, (unit) => unit.charCodeAt(0));
}

/** Text of bytes, one code unit each. */
export function textOf(bytes: Uint8Array): string {
  return latin1(bytes, 0, bytes.length);
}

/** Encodes a record. `padding` is how many bytes, of a value that no reader may trust. */
export function slowRecord(
  type: number,
  id: number,
  content: Uint8Array,
  padding = 0,
): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(8));
  header.setUint8(0, 1);
  header.setUint8(1, type);
  header.setUint16(2, id);
  header.setUint16(4, content.length);
  header.setUint8(6, padding);
  header.setUint8(7, 0xee);
  return concat([new Uint8Array(header.buffer), content, new Uint8Array(padding).fill(0xee)]);
}

/** Takes records apart; throws if the last one is cut short. */
export function slowRecords(bytes: Uint8Array): SlowRecord[] {
  const records: SlowRecord[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const header = new DataView(rest.slice(0, 8).buffer);
    const contentLength = header.getUint16(4);
    const end = 8 + contentLength + header.getUint8(6);
    if (rest.length < end) throw new Error("Cannot read record: it is cut short");
    records.push({
      version: header.getUint8(0),
      type: header.getUint8(1),
      id: header.getUint16(2),
      content: rest.slice(8, 8 + contentLength),
      padding: rest.slice(8 + contentLength, end),
    });
    rest = rest.slice(end);
  }
  return records;
}

/** Encodes a pair; `long` forces lengths of four bytes. */
export function slowPair(name: string, value: string, long = false): Uint8Array<ArrayBuffer> {
  return concat([
    slowLength(name.length, long),
    slowLength(value.length, long),
    bytesOf(name),
    bytesOf(value),
  ]);
}

/** Encodes a length. */
export function slowLength(size: number, long = false): Uint8Array<ArrayBuffer> {
  if (size < 128 && !long) return Uint8Array.of(size);
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, size + 0x80000000);
  return new Uint8Array(view.buffer);
}

/** Takes pairs apart; `undefined` if they cannot be. */
export function slowPairs(bytes: Uint8Array): [string, string][] | undefined {
  const pairs: [string, string][] = [];
  let at = 0;
  const length = (): bigint | undefined => {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
    if (view.byteLength === 0) return undefined;
    if (view.getUint8(0) < 128) {
      at += 1;
      return BigInt(view.getUint8(0));
    }
    if (view.byteLength < 4) return undefined;
    at += 4;
    return BigInt(view.getUint32(0)) - 0x80000000n;
  };
  while (at < bytes.length) {
    const name = length();
    const value = name === undefined ? undefined : length();
    if (name === undefined || value === undefined) return undefined;
    if (BigInt(at) + name + value > BigInt(bytes.length)) return undefined;
    const middle = at + Number(name);
    const end = middle + Number(value);
    pairs.push([textOf(bytes.subarray(at, middle)), textOf(bytes.subarray(middle, end))]);
    at = end;
  }
  return pairs;
}
