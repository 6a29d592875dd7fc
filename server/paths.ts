/**
 * Paths of files, as the config and the command line write them. `node:path` and `node:url` could do this,
 * but loading what they bring along takes a third of the time in which Deno starts (`bench/startup.ts`),
 * and the supervisor needs nothing else of it.
 *
 * Both kinds of path are understood, by their looks: what begins with a drive letter or two backslashes
 * is a Windows path. Compared with Node's own in `tests/server/paths_test.ts`.
 *
 * @module
 */

/** Drive or share of a Windows path: `C:\`, `\\server\share`. */
const WINDOWS = /^(?:[A-Za-z]:|\\\\[^\\/]+[\\/]+[^\\/]+)(?=[\\/]|$)/;

/**
 * Makes a path absolute.
 *
 * @param folder Absolute folder that a relative path starts from.
 * @param path The path.
 * @returns The absolute path without `.`, `..`, doubled slashes and a slash at the end.
 *
 * @example Usage
 * ```ts
 * import { resolvePath } from "./paths.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(resolvePath("/srv/site", "../apps/./hello.ts"), "/srv/apps/hello.ts");
 * assertEquals(resolvePath("/srv/site", "/etc/hosts"), "/etc/hosts");
 * assertEquals(resolvePath("C:\\srv", "apps\\hello.ts"), "C:\\srv\\apps\\hello.ts");
 * ```
 */
export function resolvePath(folder: string, path: string): string {
  const isWindows = WINDOWS.test(folder) || WINDOWS.test(path);
  if (isWindows) return resolveWindows(folder, path);
  return `/${normalize((path.startsWith("/") ? path : `${folder}/${path}`).split("/")).join("/")}`;
}

function resolveWindows(folder: string, path: string): string {
  const isRooted = /^[\\/]/.test(path);
  const absolute = WINDOWS.test(path) ? path : isRooted ? driveOf(folder) + path : `${folder}\\${path}`;
  const drive = driveOf(absolute);
  const parts = normalize(absolute.slice(drive.length).split(/[\\/]/));
  return `${drive.replaceAll("/", "\\")}\\${parts.join("\\")}`;
}

function driveOf(path: string): string {
  return WINDOWS.exec(path)?.[0] ?? "";
}

function normalize(parts: readonly string[]): string[] {
  const kept: string[] = [];
  for (const part of parts) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return kept;
}

/**
 * The folder that a file is in.
 *
 * @param path An absolute path as {@linkcode resolvePath} returns it.
 * @returns Its folder; a root is its own.
 */
export function folderOf(path: string): string {
  const drive = driveOf(path);
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return end <= drive.length ? path.slice(0, drive.length + 1) : path.slice(0, end);
}

/**
 * The shortest way to write a path for somebody in a folder.
 *
 * @param folder An absolute folder as {@linkcode resolvePath} returns it.
 * @param path An absolute path, likewise.
 * @returns `./apps/hello.ts` for what is below the folder, `.` for itself, the path as it is for all else.
 */
export function pathFrom(folder: string, path: string): string {
  if (path === folder) return ".";
  const separator = folder.includes("\\") ? "\\" : "/";
  const lead = folder.endsWith(separator) ? folder : folder + separator;
  return path.startsWith(lead) ? `.${separator}${path.slice(lead.length)}` : path;
}

/**
 * The URL of a file.
 *
 * @param path Its absolute path.
 * @returns A `file:` URL.
 */
export function fileUrl(path: string): string {
  const escaped = path.replace(RESERVED, encodeURIComponent);
  if (path.startsWith("\\\\")) return new URL(`file:${escaped.replaceAll("\\", "/")}`).href;
  const isWindows = WINDOWS.test(path);
  return new URL(
    `file://${isWindows ? `/${escaped.replaceAll("\\", "/")}` : escaped.replaceAll("\\", "%5C")}`,
  ).href;
}

/** What a URL would take for something else, or drop. */
const RESERVED = /[%?#\t\n\r]/g;

/**
 * The path of a file.
 *
 * @param url Its `file:` URL.
 * @returns The absolute path.
 * @throws {TypeError} If the URL is not one of a file here.
 */
export function filePath(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  if (protocol !== "file:" || /%2f/i.test(pathname)) throw new TypeError(`Cannot read file URL: ${url}`);
  const path = decodeURIComponent(pathname);
  if (host !== "") return `\\\\${host}${path.replaceAll("/", "\\")}`;
  return WINDOWS.test(path.slice(1)) ? path.slice(1).replaceAll("/", "\\") : path;
}
