/**
 * Serves the files of a folder.
 *
 * What a request can reach: files below the root, by names that are decoded once, segment by segment.
 * No name that begins with a dot (but `/.well-known`, RFC 8615), none with a slash, a backslash or NUL
 * in disguise, nothing that a symbolic link has outside of the root, nothing that is not a plain file.
 * All of these are 404, as if they were not there. The paths are checked and then opened: somebody who
 * can change the folder while it is served can win that race, and is trusted.
 *
 * Names are looked up at once, not by a thread: `files.ts` says why.
 *
 * What is said of a file is in `file_head.ts`. Knows no precompressed files.
 *
 * @module
 */
import { HttpError } from "./errors.ts";
import { fileHead } from "./file_head.ts";
import { FileBody } from "./files.ts";
import { decodePath, type TwigRequest } from "./request.ts";
import type { TwigResponse } from "./response.ts";
import type { Answer, App } from "./types.ts";

const SEPARATOR = Deno.build.os === "windows" ? "\\" : "/";
const INDEX = "index.html";

/**
 * Makes an app that serves the files of a folder to GET and HEAD. A folder is served by its
 * `index.html`; its address ends with a slash, and one without is redirected. Conditional requests are
 * answered 304 or 412 (RFC 9110 §13), requests for one range of bytes 206 or 416 (§14).
 *
 * @param root The folder. A symbolic link here is followed anew when it changes.
 * @returns The app. It throws {@linkcode HttpError} 404, and 405 with `allow`. A file that this process
 * may not read is a fault of the set-up: the error goes to the log, the client gets a 500.
 *
 * @example Usage
 * ```ts
 * import { staticFiles } from "@archangel/archangel/twig";
 * import { TestClient } from "@archangel/archangel/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const root = await Deno.makeTempDir();
 * await Deno.writeTextFile(`${root}/hello.txt`, "Hello");
 *
 * const answer = await new TestClient(staticFiles(root)).get("/hello.txt");
 * assertEquals(await answer.text(), "Hello");
 * assertEquals(answer.headers.get("content-type"), "text/plain; charset=utf-8");
 *
 * await Deno.remove(root, { recursive: true });
 * ```
 */
export function staticFiles(root: string): App {
  const folder = new Folder(root);
  return (request, response) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      throw new HttpError(405, "", { allow: "GET, HEAD" });
    }
    const segments = segmentsOf(request.pathInfo);
    let found = segments && folder.find(segments);
    if (segments === undefined || found === undefined) throw new HttpError(404);
    if (found.info.isDirectory) {
      if (!request.pathInfo.endsWith("/")) return redirectToFolder(request, response);
      found = folder.find([...segments, INDEX]);
    } else if (request.pathInfo.endsWith("/")) {
      found = undefined;
    }
    // A pipe or a device would keep whoever opens it waiting.
    if (!found?.info.isFile) throw new HttpError(404);
    return answer(found, request, response);
  };
}

/** The decoded segments of a path, without the empty one behind its last slash; `undefined` if refused. */
function segmentsOf(pathInfo: string): string[] | undefined {
  const raw = pathInfo.split("/").slice(1);
  if (raw.at(-1) === "") raw.pop();
  const segments: string[] = [];
  for (const one of raw) {
    const segment = decodePath(one);
    // decodePath() has refused NUL. An empty segment would let `//host` into a redirect.
    if (segment === undefined || segment === "" || /[/\\]/.test(segment)) return undefined;
    const wellKnown = segments.length === 0 && segment === ".well-known";
    if (segment.startsWith(".") && !wellKnown) return undefined;
    segments.push(segment);
  }
  return segments;
}

/** A reference without scheme and host, so that the client stays where it is (RFC 9110 §10.2.2). */
function redirectToFolder(request: TwigRequest, response: TwigResponse): Answer {
  const { scriptName, pathInfo, query } = request;
  const path = `${scriptName}${pathInfo}/`;
  // Two slashes, or what a browser takes for them, would begin the name of another host.
  if (!/^\/(?![/\\])/.test(path)) throw new HttpError(404);
  response.start(301, { location: query === "" ? path : `${path}?${query}` });
}

function answer({ path, info }: Found, request: TwigRequest, response: TwigResponse): Answer {
  const { status, fields, range } = fileHead(path, info, request);
  response.start(status, fields);
  if (status === 304) return;
  return new FileBody(path, range, {
    info,
    changed(info) {
      const head = fileHead(path, info, request);
      response.status = head.status;
      // Others may have set fields of their own meanwhile.
      response.headers.delete("content-range");
      for (const [name, value] of Object.entries(head.fields)) response.headers.set(name, value);
      return head.range;
    },
  });
}

interface Found {
  /** The path without symbolic links. */
  readonly path: string;
  readonly info: Deno.FileInfo;
}

class Folder {
  readonly #root: string;
  #realRoot: string | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  /** What these segments name, if it is there and inside. */
  find(segments: readonly string[]): Found | undefined {
    this.#realRoot ??= this.#resolveRoot();
    try {
      const path = Deno.realPathSync([this.#root, ...segments].join("/"));
      if (!this.#holds(path)) return undefined;
      return { path, info: Deno.statSync(path) };
    } catch (error) {
      if (namesNothing(error)) return undefined;
      throw error;
    }
  }

  #holds(path: string): boolean {
    if (isWithin(path, this.#realRoot as string)) return true;
    // Deploying by pointing a link at another folder moves the root.
    this.#realRoot = this.#resolveRoot();
    return isWithin(path, this.#realRoot);
  }

  #resolveRoot(): string {
    try {
      return Deno.realPathSync(this.#root);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
      throw new Error(`Cannot serve files: there is no folder ${JSON.stringify(this.#root)}`, { cause });
    }
  }
}

function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(SEPARATOR) ? root : root + SEPARATOR);
}

function namesNothing(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.FilesystemLoop ||
    (error instanceof Error && "code" in error && error.code === "ENAMETOOLONG");
}
