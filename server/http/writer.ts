/**
 * Encodes answers (RFC 9112 §4, §6, §7.1): status line, head, and a body in the one framing that fits.
 *
 * A head is one string, encoded by one call, and a small body follows in the same block of memory. Which
 * framing an answer gets is decided here, from status, method, version and length; whether the connection
 * lives on is not: `connection.ts` says so. It knows nothing of requests beyond that.
 *
 * @module
 */
import { byteLength, latin1Bytes } from "../../twig/bytes.ts";
import type { OutputBuffer } from "../../twig/output_buffer.ts";
import { reasonPhrase } from "../../twig/status.ts";

const STATUS_LINES: readonly string[] = Array.from(
  { length: 1000 },
  (_, status) => `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`,
);

/** How the end of an answer's body is known (RFC 9112 §6.3). */
export const enum Framing {
  /** There is no body. */
  None,
  /** By `content-length`. */
  Length,
  /** By the last chunk. */
  Chunked,
  /** By the end of the connection: HTTP/1.0, length not known. */
  Close,
}

/**
 * Decides an answer's framing.
 *
 * @param method The request's method: the answer to HEAD has no body (RFC 9110 §9.3.2).
 * @param status The status: 204, 205 and 304 have none either (RFC 9110 §15.3.5, §15.3.6, §15.4.5).
 * @param length Bytes of body, if known.
 * @param modern Whether the client speaks HTTP/1.1; HTTP/1.0 has no chunks (RFC 9112 §7.1).
 * @returns The framing.
 */
export function framingOf(
  method: string,
  status: number,
  length: number | undefined,
  modern: boolean,
): Framing {
  if (method === "HEAD" || status === 204 || status === 304 || status === 205) return Framing.None;
  if (length !== undefined) return Framing.Length;
  return modern ? Framing.Chunked : Framing.Close;
}

/**
 * Encodes the head of a final answer.
 *
 * @param out Where to encode it.
 * @param status The status.
 * @param fields Checked field lines, each ended by CRLF.
 * @param extra This server's `server` field line, or `""`; an app's own, which stands first, replaces it.
 * @param framing What {@linkcode framingOf} decided.
 * @param length Bytes of body; of the answer to HEAD, what GET would send.
 * @param date The value of the Date field, or `""` to send none.
 * @param connection The `connection` field line, or `""`.
 */
export function writeHead(
  out: OutputBuffer,
  status: number,
  fields: string,
  extra: string,
  framing: Framing,
  length: number | undefined,
  date: string,
  connection: string,
): void {
  if (
    length === last.length && status === last.status && framing === last.framing &&
    fields === last.fields && date === last.date && extra === last.extra && connection === last.connection
  ) {
    last.bytes ??= latin1Bytes(headText(status, fields, extra, framing, length, date, connection));
    return out.bytes(last.bytes);
  }
  last = { status, fields, extra, framing, length, date, connection, bytes: undefined };
  out.latin1(headText(status, fields, extra, framing, length, date, connection));
}

/**
 * The head that was encoded last in this process. A worker sends the same few heads again and again,
 * and within a second even their dates are alike; its bytes are kept from the second time on.
 */
interface LastHead {
  readonly status: number;
  readonly fields: string;
  readonly extra: string;
  readonly framing: Framing;
  readonly length: number | undefined;
  readonly date: string;
  readonly connection: string;
  bytes: Uint8Array | undefined;
}

let last: LastHead = {
  status: 0,
  fields: "",
  extra: "",
  framing: Framing.None,
  length: undefined,
  date: "",
  connection: "",
  bytes: undefined,
};

function headText(
  status: number,
  fields: string,
  extra: string,
  framing: Framing,
  length: number | undefined,
  date: string,
  connection: string,
): string {
  let head = (STATUS_LINES[status] as string) + fields + (fields.startsWith("server: ") ? "" : extra);
  head += connection;
  if (framing === Framing.Chunked) head += "transfer-encoding: chunked\r\n";
  else if (status === 205) head += "content-length: 0\r\n";
  // RFC 9110 §8.6: none with 204, and of 304 it would describe a body that is not there.
  else if (length !== undefined && status !== 204 && status !== 304) {
    head += "content-length: " + length + "\r\n";
  }
  return date === "" ? head + "\r\n" : head + "date: " + date + "\r\n\r\n";
}

/**
 * Encodes an interim answer.
 *
 * @param out Where to encode it.
 * @param status 100 to 199.
 * @param fields Checked field lines, each ended by CRLF.
 */
export function writeInterim(out: OutputBuffer, status: number, fields: string): void {
  out.latin1((STATUS_LINES[status] as string) + fields + "\r\n");
}

/**
 * Encodes a piece of a body.
 *
 * @param out Where to encode it.
 * @param chunk Bytes, or text to be sent as UTF-8.
 * @param framing The framing of this answer.
 * @returns How many bytes of body that was.
 */
export function writeData(out: OutputBuffer, chunk: Uint8Array | string, framing: Framing): number {
  // An empty chunk would be the last one (RFC 9112 §7.1).
  if (chunk.length === 0 || framing === Framing.None) return 0;
  if (framing !== Framing.Chunked) return append(out, chunk);
  const size = typeof chunk === "string" ? byteLength(chunk) : chunk.length;
  out.latin1(size.toString(16) + "\r\n");
  append(out, chunk);
  out.latin1("\r\n");
  return size;
}

function append(out: OutputBuffer, chunk: Uint8Array | string): number {
  if (typeof chunk === "string") return out.text(chunk);
  out.bytes(chunk);
  return chunk.length;
}

/**
 * Encodes the end of a body.
 *
 * @param out Where to encode it.
 * @param trailers Checked field lines, each ended by CRLF; sent with a chunked body only.
 * @param framing The framing of this answer.
 */
export function writeEnd(out: OutputBuffer, trailers: string, framing: Framing): void {
  if (framing === Framing.Chunked) out.latin1(trailers === "" ? "0\r\n\r\n" : "0\r\n" + trailers + "\r\n");
}

/**
 * The `allow` field of a 405, and of the answer to `OPTIONS *` (RFC 9110 §10.2.1, §15.5.6): the methods of RFC 9110
 * and RFC 5789 without CONNECT and TRACE, which are refused. Any other token reaches the app, too; which of them
 * one understands only the app knows.
 */
export const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const ALLOW = `allow: ${METHODS}\r\n`;

/**
 * Encodes a complete answer to a request that no app gets to see. It says which rule was broken, and
 * nothing of what was received.
 *
 * @param out Where to encode it.
 * @param method The request's method, as far as it is known.
 * @param status The status.
 * @param code The rule that was broken.
 * @param date The value of the Date field, or `""` to send none.
 */
export function writeRefusal(
  out: OutputBuffer,
  method: string,
  status: number,
  code: string,
  date: string,
): void {
  const body = `${status} ${reasonPhrase(status)}: ${code}\n`;
  const fields = (status === 405 ? ALLOW : "") + "content-type: text/plain\r\n";
  const framing = framingOf(method, status, body.length, true);
  writeHead(out, status, fields, "", framing, body.length, date, "connection: close\r\n");
  writeData(out, body, framing);
}
