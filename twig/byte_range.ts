/**
 * The `Range` field of a request, as far as it asks for one range of bytes (RFC 9110 §14.1.2, §14.2).
 * Several ranges at once are not served: whoever asks for them gets everything, which §14.2 leaves to
 * the server, and nobody can make it send the same bytes over and over.
 *
 * @module
 */
import type { FileRange } from "./files.ts";

/**
 * Reads which part is asked for.
 *
 * @param value The value of `Range`.
 * @param size Size of the whole in bytes.
 * @returns The part; `"unsatisfiable"` if there is none of it (416); `undefined` if all is to be sent: for
 * other units, several ranges, and what is no range.
 *
 * @example Usage
 * ```ts
 * import { readByteRange } from "./byte_range.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readByteRange("bytes=0-99", 1000), { start: 0, end: 100 });
 * assertEquals(readByteRange("bytes=-99", 1000), { start: 901, end: 1000 });
 * assertEquals(readByteRange("bytes=1000-", 1000), "unsatisfiable");
 * ```
 */
export function readByteRange(
  value: string,
  size: number,
): Required<FileRange> | "unsatisfiable" | undefined {
  const specs = /^bytes=(.*)$/i.exec(value)?.[1]?.split(",").map((spec) => spec.trim());
  // Empty elements of a list do not count (RFC 9110 §5.6.1.2).
  const [only, ...others] = specs?.filter((spec) => spec !== "") ?? [];
  const [, first, last] = /^(\d*)-(\d*)$/.exec(only ?? "") ?? [];
  if (others.length > 0 || first === undefined || last === undefined) return undefined;
  if (first === "") return last === "" ? undefined : suffix(Number(last), size);
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return { start: Number(first), end: last === "" ? size : Math.min(Number(last) + 1, size) };
}

/** The last bytes. Of nothing, they are nothing: satisfiable, and more than `Content-Range` can say. */
function suffix(length: number, size: number): Required<FileRange> | "unsatisfiable" | undefined {
  if (length === 0) return "unsatisfiable";
  return size === 0 ? undefined : { start: Math.max(0, size - length), end: size };
}
