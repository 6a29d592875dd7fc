/**
 * Answers in CGI's form (RFC 3875 §6.3): a head that says its `Status`, sent on STDOUT.
 *
 * @module
 */
import { latin1Bytes } from "../twig/bytes.ts";
import type { OutputBuffer } from "../twig/output_buffer.ts";
import { reasonPhrase } from "../twig/status.ts";
import {
  ProtocolStatus,
  RecordType,
  writeAnswer,
  writeEndRequest,
  writeLatin1,
  writeStreamEnd,
} from "./records.ts";

/**
 * Whether an answer of this status is without content, and so without length and type of it.
 *
 * @param status The status.
 */
export function isWithoutContent(status: number): boolean {
  return status === 204 || status === 304;
}

/**
 * Writes the head of an answer. It always has a status line: without one, front ends make a 302 of
 * `Location`, or a 200, as each sees fit.
 *
 * @param out Where to.
 * @param id The request id.
 * @param status The status.
 * @param fields Checked field lines, each ended by CRLF.
 * @param length Bytes of body; `undefined` sends no content-length.
 */
export function writeHead(
  out: OutputBuffer,
  id: number,
  status: number,
  fields: string,
  length: number | undefined,
): void {
  writeAnswer(out, RecordType.Stdout, id, headOf(status, fields, length), "");
}

/**
 * Writes a whole answer. A body that is not large shares the record of its head, for which a front end
 * has to look at one record less.
 *
 * @param out Where to.
 * @param id The request id.
 * @param status The status.
 * @param fields Checked field lines, each ended by CRLF.
 * @param length Bytes of body; `undefined` sends no content-length.
 * @param body The body.
 * @returns How many bytes of body that was.
 */
export function writeWhole(
  out: OutputBuffer,
  id: number,
  status: number,
  fields: string,
  length: number | undefined,
  body: Uint8Array | string,
): number {
  const size = writeAnswer(out, RecordType.Stdout, id, headOf(status, fields, length), body);
  writeAnswerEnd(out, id);
  return size;
}

/**
 * Writes what ends an answer: the end of STDOUT, and END_REQUEST right behind it.
 *
 * @param out Where to.
 * @param id The request id.
 * @param status What END_REQUEST says.
 */
export function writeAnswerEnd(
  out: OutputBuffer,
  id: number,
  status: ProtocolStatus = ProtocolStatus.RequestComplete,
): void {
  writeStreamEnd(out, RecordType.Stdout, id);
  writeEndRequest(out, id, status);
}

/**
 * Writes a whole answer that has no more to say than its status.
 *
 * @param out Where to.
 * @param id The request id.
 * @param status The status.
 * @param isHead Whether the method is HEAD, so that there is no body.
 */
export function writeStatus(out: OutputBuffer, id: number, status: number, isHead: boolean): void {
  writeStatusText(out, id, status, "", isHead);
  writeAnswerEnd(out, id);
}

/**
 * Turns a request away because there are too many. FCGI_OVERLOADED says so, but to no client: of that
 * alone Apache makes an empty 200, and HAProxy drops the connection. So it is said in CGI, too.
 *
 * @param out Where to.
 * @param id The request id.
 */
export function writeOverloaded(out: OutputBuffer, id: number): void {
  writeStatusText(out, id, 503, "retry-after: 1\r\n", false);
  writeAnswerEnd(out, id, ProtocolStatus.Overloaded);
}

function writeStatusText(
  out: OutputBuffer,
  id: number,
  status: number,
  fields: string,
  isHead: boolean,
): void {
  const body = `${reasonPhrase(status)}\n`;
  const head = encodeHead(status, `content-type: text/plain; charset=utf-8\r\n${fields}`, body.length);
  writeLatin1(out, RecordType.Stdout, id, isHead ? head : head + body);
}

let lastStatus = 0;
let lastFields = "";
let lastLength: number | undefined;
let lastText = "";
let lastBytes: Uint8Array | undefined;

/** Most answers have the head of the one before: from the second time on it is bytes already. */
function headOf(status: number, fields: string, length: number | undefined): string | Uint8Array {
  if (length === lastLength && status === lastStatus && fields === lastFields) {
    return lastBytes ??= latin1Bytes(lastText);
  }
  lastStatus = status;
  lastFields = fields;
  lastLength = length;
  lastBytes = undefined;
  return lastText = isWithoutContent(status)
    ? encodeHead(status, fields.replace(/^content-type:.*\r\n/gm, ""), undefined)
    : encodeHead(status, fields, length);
}

function encodeHead(status: number, fields: string, length: number | undefined): string {
  // A field of this name is an order to the front end, and not the app's to give.
  const own = fields.includes("status:") ? fields.replace(/^status:.*\r\n/gm, "") : fields;
  const framing = length === undefined ? "\r\n" : `content-length: ${length}\r\n\r\n`;
  const line = `Status: ${status} ${reasonPhrase(status)}\r\n`;
  // HAProxy takes the last word: Location after Status makes a 302 of every status.
  return own.includes("location:") ? own + line + framing : line + own + framing;
}
