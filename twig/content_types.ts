/**
 * Content types by file extension: what a web site is made of, and no more. Text is served as UTF-8.
 *
 * @module
 */

const TEXT: Readonly<Record<string, string>> = {
  css: "text/css",
  csv: "text/csv",
  htm: "text/html",
  html: "text/html",
  ics: "text/calendar",
  js: "text/javascript",
  md: "text/markdown",
  mjs: "text/javascript",
  svg: "image/svg+xml",
  txt: "text/plain",
  vtt: "text/vtt",
  xml: "application/xml",
};

const TYPES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(TEXT).map(([extension, type]) => [extension, `${type}; charset=utf-8`] as const),
  // JSON is UTF-8 by definition and its types have no charset (RFC 8259 §11).
  ["json", "application/json"],
  ["map", "application/json"],
  // Not in the registry, where .ts is a video; this is what Deno takes for a module.
  ["ts", "application/typescript"],
  ["webmanifest", "application/manifest+json"],
  ["wasm", "application/wasm"],
  ["pdf", "application/pdf"],
  ["zip", "application/zip"],
  ["gz", "application/gzip"],
  ["avif", "image/avif"],
  ["gif", "image/gif"],
  ["ico", "image/vnd.microsoft.icon"],
  ["jpeg", "image/jpeg"],
  ["jpg", "image/jpeg"],
  ["png", "image/png"],
  ["webp", "image/webp"],
  ["mp3", "audio/mpeg"],
  ["ogg", "audio/ogg"],
  ["wav", "audio/wav"],
  ["mp4", "video/mp4"],
  ["webm", "video/webm"],
  ["otf", "font/otf"],
  ["ttf", "font/ttf"],
  ["woff", "font/woff"],
  ["woff2", "font/woff2"],
]);

/**
 * The content type of a file, by its name.
 *
 * @param name A file name or path.
 * @returns The type; `application/octet-stream` if the extension is not known.
 *
 * @example Usage
 * ```ts
 * import { contentTypeOf } from "@archangel/archangel/twig";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(contentTypeOf("index.HTML"), "text/html; charset=utf-8");
 * assertEquals(contentTypeOf("archive"), "application/octet-stream");
 * ```
 */
export function contentTypeOf(name: string): string {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1] ?? "";
  return TYPES.get(extension.toLowerCase()) ?? "application/octet-stream";
}
