/**
 * Reason phrases of status codes (RFC 9110 §15), for both wires: HTTP's status line and FastCGI's
 * `Status` field. The only file that names the package with the table.
 *
 * @module
 */
import { STATUS_TEXT } from "jsr:@std/http@^1/status";

const PHRASES: Readonly<Record<number, string>> = STATUS_TEXT;

/**
 * The reason phrase of a status code. Clients ignore it (RFC 9112 §4); people reading traces do not.
 *
 * @param status The status code.
 * @returns The phrase, or `""` for a code without a registered one.
 *
 * @example Usage
 * ```ts
 * import { reasonPhrase } from "./status.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(reasonPhrase(404), "Not Found");
 * assertEquals(reasonPhrase(799), "");
 * ```
 */
export function reasonPhrase(status: number): string {
  return PHRASES[status] ?? "";
}
