/**
 * The request, as an app sees it. Everything is decoded on first use: a request whose headers,
 * query and remote address nobody looks at costs nothing for them.
 *
 * The path is kept as sent, percent-encoded, for decoding it is a decision of the app's:
 * `scriptName + pathInfo` is always the path of the target, whatever the mount.
 *
 * @module
 */
import type { RequestBody } from "./body.ts";
import type { HeaderFields } from "./headers.ts";
import type { Remote, ServerInfo, TlsInfo } from "./types.ts";
import type { RequestHead } from "./wire.ts";

/** What a request needs of whoever carries it. */
export interface RequestContext {
  /** The head as the wire reported it. */
  readonly wireHead: RequestHead;
  /** The body, fed by the carrier. */
  readonly body: RequestBody;
  /** The controller behind `signal`; made on first use. */
  readonly abortController: AbortController;
  /** The client's end. */
  readonly remote: Remote;
  /** The server's end. */
  readonly server: ServerInfo;
}

/** What `clone` can change. */
export interface RequestChanges {
  /** Another method. */
  readonly method?: string;
  /** Another mount prefix. */
  readonly scriptName?: string;
  /** Another path below the mount. */
  readonly pathInfo?: string;
  /** Another query, without `?`. */
  readonly query?: string;
  /** Other header fields. */
  readonly headers?: HeaderFields;
  /** Another client, for instance as a trusted proxy reports it. */
  readonly remote?: Remote;
  /** Whether the client came by `https`. */
  readonly secure?: boolean;
  /** Another `host[:port]`. */
  readonly host?: string;
}

const NO_CHANGES: RequestChanges = {};
const NO_ENV: Readonly<Record<string, string>> = Object.freeze(Object.create(null));
const GATEWAY: readonly [string, readonly [number, number]] = Object.freeze(
  ["TWIG", Object.freeze([1, 0]) as readonly [number, number]],
) as readonly [string, readonly [number, number]];

/** One request. Made by the server; apps and middleware read it, or `clone` it with changes. */
export class TwigRequest {
  readonly #context: RequestContext;
  readonly #head: RequestHead;
  readonly #prefixLength: number;
  readonly #changes: RequestChanges;

  /**
   * Made by the server; see {@linkcode TwigRequest.clone} for a changed copy.
   *
   * @param context Who carries it.
   * @param prefixLength How many characters of the path are the mount's.
   * @param changes What differs from what was received.
   */
  constructor(context: RequestContext, prefixLength: number, changes: RequestChanges = NO_CHANGES) {
    this.#context = context;
    this.#head = context.wireHead;
    this.#prefixLength = prefixLength;
    this.#changes = changes;
  }

  /** The method as sent, case-sensitive: `"GET"` (RFC 9110 §9.1). */
  get method(): string {
    return this.#changes.method ?? this.#head.method;
  }

  /** The request target as sent, untouched by mounts and `clone` (RFC 9112 §3.2). */
  get target(): string {
    return this.#head.target;
  }

  /** The mount prefix, percent-encoded as sent; empty at the root. */
  get scriptName(): string {
    return this.#changes.scriptName ?? this.#head.path.slice(0, this.#prefixLength);
  }

  /** The path below the mount, percent-encoded as sent; empty or beginning with `/`, or `*`. */
  get pathInfo(): string {
    const { pathInfo } = this.#changes;
    if (pathInfo !== undefined) return pathInfo;
    return this.#prefixLength === 0 ? this.#head.path : this.#head.path.slice(this.#prefixLength);
  }

  /** The query as sent, without `?`; empty if there is none. */
  get query(): string {
    return this.#changes.query ?? this.#head.query;
  }

  /** The query, parsed as a form. A new object at every use. */
  get queryParams(): URLSearchParams {
    return new URLSearchParams(this.query);
  }

  /** `host[:port]` that the request is for, as sent; empty if an HTTP/1.0 client named none. */
  get host(): string {
    return this.#changes.host ?? this.#head.authority;
  }

  /** The whole URL. The host is `localhost` if the client named none. */
  get url(): string {
    const path = this.scriptName + this.pathInfo;
    const query = this.query;
    return `${this.secure ? "https" : "http"}://${this.host || "localhost"}${path === "*" ? "/" : path}` +
      (query === "" ? "" : "?" + query);
  }

  /** The header fields in order, repeated names kept. */
  get headers(): HeaderFields {
    return this.#changes.headers ?? this.#head.headers;
  }

  /**
   * The value of one header field.
   *
   * @param name A field name, in any case.
   * @returns The field's value, several lines joined; `undefined` if there is none.
   */
  get(name: string): string | undefined {
    return this.headers.get(name);
  }

  /**
   * Whether there is a header field of that name.
   *
   * @param name A field name, in any case.
   * @returns Whether there is such a field.
   */
  has(name: string): boolean {
    return this.headers.has(name);
  }

  /** The `content-type` field, or empty. */
  get contentType(): string {
    return this.headers.get("content-type") ?? "";
  }

  /**
   * The body's size in bytes: 0 if there is none; `undefined` if it is not known before its end, for it is sent in
   * chunks, or comes over FastCGI without `CONTENT_LENGTH`.
   */
  get contentLength(): number | undefined {
    return this.#head.bodyLength;
  }

  /** The body: an async iterator of bytes, with `bytes()`, `text()`, `json()` and `formData()`. */
  get body(): RequestBody {
    return this.#context.body;
  }

  /** The CGI variables that a FastCGI front end sent; empty over HTTP. */
  get env(): Readonly<Record<string, string>> {
    return this.#head.env ?? NO_ENV;
  }

  /** The server's end. */
  get server(): ServerInfo {
    return this.#context.server;
  }

  /** The client's end. */
  get remote(): Remote {
    return this.#changes.remote ?? this.#context.remote;
  }

  /** Whether the client came by `https`. */
  get secure(): boolean {
    return this.#changes.secure ?? this.#head.secure;
  }

  /** What is known of the client's TLS connection; `undefined` without TLS. */
  get tls(): TlsInfo | undefined {
    if (!this.secure) return undefined;
    const { env } = this;
    return { protocol: env["SSL_PROTOCOL"] ?? "", cipher: env["SSL_CIPHER"] ?? "" };
  }

  /** How a front end authenticated the user (`"Basic"`), or empty. */
  get authType(): string {
    return this.env["AUTH_TYPE"] ?? "";
  }

  /** Whether a front end authenticated the user. */
  get authenticated(): boolean {
    return this.remote.user !== "";
  }

  /** `pathInfo` as a path of the front end's file system, if it sent one. */
  get pathTranslated(): string | undefined {
    return this.env["PATH_TRANSLATED"];
  }

  /** The contract's name and version. */
  get gateway(): readonly [string, readonly [number, number]] {
    return GATEWAY;
  }

  /** Aborts when the client goes away before the answer is complete, or that is cut; reason: `ConnectionLost`. */
  get signal(): AbortSignal {
    return this.#context.abortController.signal;
  }

  /**
   * The same request with changes, for middleware to hand on. Body and signal are shared.
   *
   * @param changes What differs.
   * @returns Another request.
   */
  clone(changes: RequestChanges): TwigRequest {
    return new TwigRequest(this.#context, this.#prefixLength, { ...this.#changes, ...changes });
  }
}

/**
 * Decodes a percent-encoded path once, as UTF-8.
 *
 * @param path A path as sent, such as `pathInfo`.
 * @returns The text, or `undefined` if an escape is malformed, is not UTF-8, or decodes to NUL; such
 * a path names nothing that a file or a database could have.
 *
 * @example Usage
 * ```ts
 * import { decodePath } from "@archangel/archangel/twig";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decodePath("/a%20b"), "/a b");
 * assertEquals(decodePath("/%zz"), undefined);
 * ```
 */
export function decodePath(path: string): string | undefined {
  if (!path.includes("%")) return path;
  try {
    const text = decodeURIComponent(path);
    return text.includes("\0") ? undefined : text;
  } catch {
    return undefined;
  }
}
