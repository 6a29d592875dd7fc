/**
 * FastCGI records on the wire (FastCGI 1.0 §3.3, §5, §8): the numbers, the header, and the encoding
 * of records into an output buffer. It knows bytes only: not which record may come when
 * (`states.ts`), nor what PARAMS mean (`params.ts`, `environ.ts`).
 *
 * HOT: every byte of every answer passes here, and every record's header. So headers are shifted
 * together by hand, in the block itself; text is measured and encoded in place, never into a string
 * or array of its own; large content is kept by reference. Measured by `bench/micro/fcgi_bench.ts`;
 * compared under fuzz with `tests/support/slow_fcgi_records.ts`.
 *
 * Two rules shape what is written. Every record is padded to 8 bytes with zeros (§3.3 asks for the
 * alignment; what is in the padding must not be old memory). And a stream's last record is small
 * enough to lie in the same block as END_REQUEST behind it: nginx keeps its connection only if it
 * reads both at once.
 *
 * @module
 */
import { byteLength, utf8 } from "../twig/bytes.ts";
import type { OutputBuffer } from "../twig/output_buffer.ts";

/** The only protocol version there is (§3.3). */
export const VERSION = 1;
/** Bytes of a record's header. */
export const HEADER_SIZE = 8;
/** Most content bytes in one record that is written: the largest multiple of 8 that fits 16 bits. */
export const MAX_CONTENT = 65528;

/** Record types (§8). */
export const enum RecordType {
  BeginRequest = 1,
  AbortRequest = 2,
  EndRequest = 3,
  Params = 4,
  Stdin = 5,
  Stdout = 6,
  Stderr = 7,
  Data = 8,
  GetValues = 9,
  GetValuesResult = 10,
  UnknownType = 11,
}

/** Roles that a BEGIN_REQUEST may ask for (§6). */
export const enum Role {
  Responder = 1,
  Authorizer = 2,
  Filter = 3,
}

/** How a request ended, as END_REQUEST says it (§5.5). */
export const enum ProtocolStatus {
  RequestComplete = 0,
  CannotMultiplex = 1,
  Overloaded = 2,
  UnknownRole = 3,
}

/** Flag of BEGIN_REQUEST: the web server closes the connection, not we (§5.1). */
export const KEEP_CONN = 1;

/** Content up to this size is copied into the block; the tail of larger content always is. */
const COPIED = 16 * 1024;
const TAIL = 8 * 1024;

function writeHeader(out: OutputBuffer, type: number, id: number, size: number): void {
  const { block, at } = out.reserve(HEADER_SIZE);
  block[at] = VERSION;
  block[at + 1] = type;
  block[at + 2] = id >> 8;
  block[at + 3] = id & 0xff;
  block[at + 4] = size >> 8;
  block[at + 5] = size & 0xff;
  block[at + 6] = -size & 7;
  block[at + 7] = 0;
}

function writePadding(out: OutputBuffer, size: number): void {
  const padding = -size & 7;
  if (padding === 0) return;
  const { block, at } = out.reserve(padding);
  for (let i = 0; i < padding; i++) block[at + i] = 0;
}

/** A record's header, decoded in place so that reading one allocates nothing. */
export class RecordHeader {
  /** The record type, 0 to 255. */
  type = 0;
  /** The request id; 0 is the connection itself. */
  id = 0;
  /** Content bytes that follow the header. */
  contentLength = 0;
  /** Padding bytes that follow the content. */
  paddingLength = 0;

  /**
   * Decodes a header. The version byte is the caller's to check, before the other seven are there.
   *
   * @param bytes Where it is.
   * @param at Index of its first byte; {@linkcode HEADER_SIZE} bytes must be there.
   */
  read(bytes: Uint8Array, at: number): void {
    this.type = bytes[at + 1] as number;
    this.id = (bytes[at + 2] as number) << 8 | (bytes[at + 3] as number);
    this.contentLength = (bytes[at + 4] as number) << 8 | (bytes[at + 5] as number);
    this.paddingLength = bytes[at + 6] as number;
  }
}

/** Writes one record; `out` copies its content, or keeps it by reference if it is large. */
function writeRecord(out: OutputBuffer, type: number, id: number, content: Uint8Array): void {
  writeHeader(out, type, id, content.length);
  out.bytes(content);
  writePadding(out, content.length);
}

/**
 * Writes bytes as records of a stream, as many as it takes. No bytes write nothing: an empty record
 * would end the stream.
 *
 * @param out Where to.
 * @param type The stream: {@linkcode RecordType.Stdout} for one.
 * @param id The request id.
 * @param content The bytes. More than 16 KiB are kept by reference, but for the last 8 KiB.
 */
export function writeBytes(out: OutputBuffer, type: RecordType, id: number, content: Uint8Array): void {
  const size = content.length;
  if (size === 0) return;
  if (size <= COPIED) return writeRecord(out, type, id, content);
  const tail = size - TAIL;
  for (let at = 0; at < tail; at += MAX_CONTENT) {
    writeRecord(out, type, id, content.subarray(at, Math.min(at + MAX_CONTENT, tail)));
  }
  writeRecord(out, type, id, content.subarray(tail));
}

/**
 * Writes text as UTF-8, as {@linkcode writeBytes} does bytes.
 *
 * @param out Where to.
 * @param type The stream.
 * @param id The request id.
 * @param text The text.
 * @returns How many bytes of content that was.
 */
export function writeText(out: OutputBuffer, type: RecordType, id: number, text: string): number {
  const size = byteLength(text);
  if (size > COPIED) writeBytes(out, type, id, utf8.encode(text));
  else if (size > 0) {
    writeHeader(out, type, id, size);
    out.text(text);
    writePadding(out, size);
  }
  return size;
}

/**
 * Writes text whose code units are all below 256, one byte each.
 *
 * @param out Where to.
 * @param type The stream.
 * @param id The request id.
 * @param text The text, not empty.
 */
export function writeLatin1(out: OutputBuffer, type: RecordType, id: number, text: string): void {
  for (let from = 0; from < text.length; from += MAX_CONTENT) {
    const part = text.slice(from, from + MAX_CONTENT);
    writeHeader(out, type, id, part.length);
    out.latin1(part);
    writePadding(out, part.length);
  }
}

/**
 * Writes a head and a body, in one record if both are small, as {@linkcode writeLatin1} and
 * {@linkcode writeText} or {@linkcode writeBytes} do one after the other.
 *
 * @param out Where to.
 * @param type The stream.
 * @param id The request id.
 * @param head Bytes, or text whose code units are all below 256; not empty.
 * @param body Bytes, or text to be sent as UTF-8; may be empty.
 * @returns How many bytes the body is.
 */
export function writeAnswer(
  out: OutputBuffer,
  type: RecordType,
  id: number,
  head: Uint8Array | string,
  body: Uint8Array | string,
): number {
  const text = typeof body === "string";
  const size = text ? byteLength(body) : body.length;
  if (size > COPIED || head.length > COPIED) {
    if (typeof head === "string") writeLatin1(out, type, id, head);
    else writeBytes(out, type, id, head);
    if (text) return writeText(out, type, id, body);
    writeBytes(out, type, id, body);
    return size;
  }
  writeHeader(out, type, id, head.length + size);
  if (typeof head === "string") out.latin1(head);
  else out.bytes(head);
  if (text) out.text(body);
  else out.bytes(body);
  writePadding(out, head.length + size);
  return size;
}

/**
 * Writes the empty record that ends a stream (§3.3).
 *
 * @param out Where to.
 * @param type The stream.
 * @param id The request id.
 */
export function writeStreamEnd(out: OutputBuffer, type: RecordType, id: number): void {
  writeHeader(out, type, id, 0);
}

/**
 * Writes END_REQUEST (§5.5) with application status 0: no front end looks at that.
 *
 * @param out Where to.
 * @param id The request id.
 * @param status Whether and why the request was not served.
 */
export function writeEndRequest(out: OutputBuffer, id: number, status: ProtocolStatus): void {
  writeHeader(out, RecordType.EndRequest, id, 8);
  const { block, at } = out.reserve(8);
  for (let i = at; i < at + 8; i++) block[i] = 0;
  block[at + 4] = status;
}

/**
 * Writes a management record, id 0, with content of at most {@linkcode MAX_CONTENT} bytes.
 *
 * @param out Where to.
 * @param type The record type.
 * @param content The content, which may be empty.
 */
export function writeManagement(out: OutputBuffer, type: RecordType, content: Uint8Array): void {
  writeRecord(out, type, 0, content);
}
