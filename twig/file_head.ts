/**
 * What to answer to a request for a file that is there: all of it, a part, or that the client has it
 * already. Looks at the request and at what the system says of the file, never into it.
 *
 * Entity tags are made of the size, of two times, when the contents changed and when the file was put there, for some
 * deployments give every file the same first time, and of the file's number, for Deno tells the second time in whole
 * seconds, in which one file may take the place of another. So a tag differs between machines, which may cost a
 * transfer; one that two versions had in common would show an old page for good. What is left is a file that is written
 * twice in one second, to the same size, and has its first time set back each time. `eTag` of
 * `@std/http` makes weak tags, which no range can be asked with, and takes longer than all else here: it
 * hashes, and in a promise.
 *
 * @module
 */
import { readByteRange } from "./byte_range.ts";
import { contentTypeOf } from "./content_types.ts";
import { HttpError } from "./errors.ts";
import type { FileRange } from "./files.ts";
import { formatHttpDate } from "./http_date.ts";
import { allowsPart, precondition, type Validators } from "./preconditions.ts";
import type { TwigRequest } from "./request.ts";

/** What to answer. */
export interface FileHead {
  /** 200, 206 with {@linkcode range}, or 304, which has no body. */
  readonly status: number;
  /** The header fields. */
  readonly fields: Readonly<Record<string, string>>;
  /** The part to send. Default: all. */
  readonly range?: FileRange;
}

/**
 * Decides what to answer.
 *
 * @param path The file's path, for its type.
 * @param info What the system says of it.
 * @param request A GET or HEAD.
 * @returns The head of the answer.
 * @throws {HttpError} 412 if the client asks for another version, 416 for a part that is not there.
 */
export function fileHead(path: string, info: Deno.FileInfo, { method, headers }: TwigRequest): FileHead {
  const now = Date.now();
  const validators = validatorsOf(info, now);
  const { etag, modified } = validators;
  const refusal = precondition(headers, validators, now);
  if (refusal === 412) throw new HttpError(412);
  const fields: Record<string, string> = {};
  if (etag !== undefined) fields["etag"] = etag;
  // A client that has the file needs the tag alone (RFC 9110 §15.4.5).
  if (refusal === 304) return { status: 304, fields };
  if (modified !== undefined) fields["last-modified"] = formatHttpDate(modified);
  fields["content-type"] = contentTypeOf(path);
  fields["x-content-type-options"] = "nosniff";
  fields["accept-ranges"] = "bytes";
  // Ranges are a matter of GET alone (RFC 9110 §14.2).
  const asked = method === "GET" ? headers.get("range") : undefined;
  if (asked === undefined || !allowsPart(headers.get("if-range"), validators, now)) {
    return { status: 200, fields };
  }
  return partHead(asked, info.size, fields);
}

function partHead(asked: string, size: number, fields: Record<string, string>): FileHead {
  const range = readByteRange(asked, size);
  if (range === undefined) return { status: 200, fields };
  if (range === "unsatisfiable") throw new HttpError(416, "", { "content-range": `bytes */${size}` });
  fields["content-range"] = `bytes ${range.start}-${range.end - 1}/${size}`;
  return { status: 206, fields, range };
}

/** What changed a moment ago may change again within the same tick of a clock. */
const SETTLED = 2_000;

function validatorsOf({ size, mtime, ctime, ino }: Deno.FileInfo, now: number): Validators {
  if (mtime === null) return { etag: undefined, modified: undefined };
  const changed = mtime.getTime();
  const put = ctime?.getTime() ?? changed;
  const weak = now - Math.max(changed, put) < SETTLED ? "W/" : "";
  // In decimal, which takes a third of the time of any other base.
  const etag = `${weak}"${size}-${changed}-${put}-${ino ?? 0}"`;
  // Never later than the date of the answer (RFC 9110 §8.8.2.1).
  return { etag, modified: Math.min(changed, now) };
}
