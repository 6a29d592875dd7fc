/**
 * The errors of Archangel, one class per audience: who has to be told decides
 * the class, a `code` string names the rule that was broken.
 *
 * - {@linkcode ProtocolError}: the peer broke the wire format; it is answered with `status`.
 * - {@linkcode ContractError}: an app of ours broke TWIG; the client sees a 500, the log says which rule.
 * - {@linkcode HttpError}: an app chose a status by throwing.
 * - {@linkcode ConnectionLost}: the peer is gone; there is nobody left to tell.
 *
 * Errors of start-up (config, workers) live in `server/`, for no app ever sees them.
 *
 * @module
 */

/** Thrown by a protocol core when the peer sent what the wire format forbids. */
export class ProtocolError extends Error {
  /** Always `"ProtocolError"`. */
  override readonly name = "ProtocolError";
  /** The status to answer with; 0 when the connection has to close without an answer. */
  readonly status: number;
  /** The rule that was broken, in kebab-case, for logs and tests: `"bare-cr"`. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param status The HTTP status to answer with, or 0 to close without an answer.
   * @param code The rule that was broken, in kebab-case.
   * @param message What was wrong, for the log: `Cannot parse header field: ...`.
   */
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Thrown (or logged) when an app broke a rule of TWIG. The client sees a 500 or a cut answer. */
export class ContractError extends Error {
  /** Always `"ContractError"`. */
  override readonly name = "ContractError";
  /** The rule that was broken, in kebab-case: `"head-already-sent"`. */
  readonly code: string;

  /**
   * Makes the error.
   *
   * @param code The rule that was broken, in kebab-case.
   * @param message What the app did, and what it should do.
   */
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Thrown by an app to answer with a status of its choice. Its message is sent to the client as
 * `text/plain`, so keep secrets out of it.
 *
 * @example Usage
 * ```ts
 * import { HttpError } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new HttpError(404, "No such page");
 * assertEquals(error.status, 404);
 * ```
 */
export class HttpError extends Error {
  /** Always `"HttpError"`. */
  override readonly name = "HttpError";
  /** The status to answer with, 400 to 599. */
  readonly status: number;
  /**
   * Further header fields of the answer, such as `allow` or `retry-after`. They are checked when it is sent: one that
   * is malformed makes a plain 500 of the answer. `content-type` and `content-length` are those of the text.
   */
  readonly headers: Readonly<Record<string, string>>;

  /**
   * Makes the error.
   *
   * @param status The status to answer with, an integer from 400 to 599.
   * @param message Text for the client. Default: the reason phrase of the status.
   * @param headers Further header fields of the answer, which are not checked here.
   * @throws {RangeError} If `status` is not an integer from 400 to 599.
   */
  constructor(status: number, message = "", headers: Readonly<Record<string, string>> = {}) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`Cannot make an HttpError: status must be 400 to 599, got ${status}`);
    }
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/**
 * Whether this is an {@linkcode HttpError}, also one of another copy of this module: an app may import
 * it by another URL or version than the server that runs it, and a bundled server has a copy of its own.
 *
 * @param error Anything thrown.
 * @returns Whether status, message and fields may be taken from it.
 *
 * @example Usage
 * ```ts
 * import { HttpError, isHttpError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isHttpError(new HttpError(404)), true);
 * assertEquals(isHttpError(new Error("404")), false);
 * ```
 */
export function isHttpError(error: unknown): error is HttpError {
  if (error instanceof HttpError) return true;
  if (!(error instanceof Error) || error.name !== "HttpError") return false;
  const { status, headers } = error as Partial<HttpError>;
  return Number.isInteger(status) && status! >= 400 && status! <= 599 && headers instanceof Object;
}

/** Thrown out of a pending body read, and the reason of `request.signal`, when the client is gone. */
export class ConnectionLost extends Error {
  /** Always `"ConnectionLost"`. */
  override readonly name = "ConnectionLost";

  /**
   * Makes the error.
   *
   * @param message Why the exchange ended, for debugging.
   */
  constructor(message = "The client closed the connection") {
    super(message);
  }
}

/**
 * Takes the colours out of a text. Deno puts some into its messages about modules, and logs keep them.
 *
 * @param text The text.
 * @returns The text without SGR sequences (ECMA-48 §8.3.117).
 */
export function withoutColours(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\x1b\[[\d;]*m/g, "");
}
