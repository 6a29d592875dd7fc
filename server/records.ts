/**
 * Records in a stream of text: a JSON text between U+001E and a line feed (RFC 7464 §2.2), so that
 * messages can share a stream with whatever a process prints.
 *
 * Before the JSON stands a key that only the two ends know: an app may print what a client sent, and
 * that must never be taken for a record. Where nobody else writes, the key is empty.
 *
 * @module
 */

const RECORD_SEPARATOR = 0x1e;
const LINE_FEED = 0x0a;
/** A record that grows beyond so many bytes is none of ours; it is passed on as text. */
const LONGEST_RECORD = 16 * 1024 * 1024;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Makes a record.
 *
 * @param json The JSON text; it must not contain a line feed.
 * @param key What records of this stream begin with.
 * @returns U+001E, key, JSON, line feed.
 */
export function encodeRecord(json: string, key: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(`\x1e${key}${json}\n`);
}

/** What {@linkcode RecordReader.push} found. */
export interface Pushed {
  /** JSON texts of whole records. */
  readonly records: readonly string[];
  /** Bytes around them, in order, to be passed on. */
  readonly text: readonly Uint8Array[];
}

/** Separates records from the text around them, however the bytes were cut on their way. */
export class RecordReader {
  readonly #start: Uint8Array;
  #rest: Uint8Array = new Uint8Array();

  /** @param key What records have to begin with, or `""`. */
  constructor(key: string) {
    this.#start = encoder.encode(`\x1e${key}`);
  }

  /**
   * Takes the next bytes of the stream. They may be kept, so the caller must not write to them again.
   *
   * @param bytes Bytes as they arrived.
   * @returns The records that are whole now, and the text around them.
   */
  push(bytes: Uint8Array): Pushed {
    const records: string[] = [];
    const text: Uint8Array[] = [];
    let rest = this.#rest.length === 0 ? bytes : join(this.#rest, bytes);
    for (;;) {
      const start = this.#findStart(rest);
      if (start > 0) text.push(rest.subarray(0, start));
      rest = rest.subarray(start);
      const end = rest.indexOf(LINE_FEED);
      if (end < 0) break;
      records.push(decoder.decode(rest.subarray(this.#start.length, end)));
      rest = rest.subarray(end + 1);
    }
    if (rest.length > LONGEST_RECORD) {
      text.push(rest);
      rest = new Uint8Array();
    }
    this.#rest = rest;
    return { records, text };
  }

  /** The bytes of a record that was begun and never ended, for the stream has; forgets them. */
  end(): Uint8Array {
    const rest = this.#rest;
    this.#rest = new Uint8Array();
    return rest;
  }

  /** Where a record starts, or may start if more bytes come; the length if nowhere. */
  #findStart(bytes: Uint8Array): number {
    let at = bytes.indexOf(RECORD_SEPARATOR);
    while (at >= 0 && !this.#startsAt(bytes, at)) at = bytes.indexOf(RECORD_SEPARATOR, at + 1);
    return at < 0 ? bytes.length : at;
  }

  #startsAt(bytes: Uint8Array, at: number): boolean {
    return this.#start.every((byte, offset) => at + offset >= bytes.length || bytes[at + offset] === byte);
  }
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
