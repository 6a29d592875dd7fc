/**
 * The response, as an app sees it: the head until it leaves, and the few things an app may say about
 * the way it is sent. Chunks are not written here; an app returns or yields them.
 *
 * @module
 */
import { ContractError } from "./errors.ts";
import { encodeFields, NO_FIELDS } from "./field_block.ts";
import { FileBody, type FileRange } from "./files.ts";
import { type FieldsInit, HeaderFields } from "./headers.ts";

/** What a response needs of the exchange that sends it. */
export interface ResponseControl {
  /** Whether the head has left, so that it can no longer change. */
  readonly headSent: boolean;
  /** Drops what has been yielded and not sent. */
  dropHeld(): void;
  /** Sends what has been yielded. */
  release(): void;
  /** Sends an interim answer. */
  sendInformational(status: number, fields: string): void;
  /** Closes the connection after this answer. */
  closeAfter(): void;
  /** Ends the answer so that the client can tell that it is cut. */
  cutShort(): void;
}

/** One response. Made by the server. */
export class TwigResponse {
  readonly #control: ResponseControl;
  #status = 200;
  #init: FieldsInit | undefined;
  #fields: HeaderFields | undefined;
  #trailers: HeaderFields | undefined;
  #corked = false;

  /**
   * Made by the server, one for each request.
   *
   * @param control The exchange that sends it.
   */
  constructor(control: ResponseControl) {
    this.#control = control;
  }

  #changeable(): void {
    if (this.#control.headSent) {
      throw new ContractError("head-already-sent", "Cannot change the response head: it has been sent");
    }
  }

  /**
   * Sets the head: status and header fields, in place of any set before. It leaves with the first
   * chunk, not now. Only then are the fields checked: a name that is no token, a value with control characters or code
   * units above 255, or a `content-length` that is no plain number is a 500 in place of this answer.
   *
   * @param status 200 to 999.
   * @param headers Header fields. `connection`, `transfer-encoding` and the like are left out: framing
   * belongs to the server.
   * @throws {ContractError} If the head has been sent, or `status` is not an integer from 200 to 999.
   */
  start(status: number, headers?: FieldsInit): void {
    this.#changeable();
    this.#setStatus(status);
    this.#init = headers && isReadOnce(headers) ? HeaderFields.from(headers) : headers;
    this.#fields = undefined;
  }

  #setStatus(status: number): void {
    if (status === 101) {
      throw new ContractError(
        "bad-status",
        "Cannot answer with status 101: WebSocket and other upgrades are not supported",
      );
    }
    if (!Number.isInteger(status) || status < 200 || status > 999) {
      throw new ContractError("bad-status", `Cannot answer with status ${status}: it must be 200 to 999`);
    }
    this.#status = status;
  }

  /** The status. Default 200. Setting it throws {@linkcode ContractError} as `start` does. */
  get status(): number {
    return this.#status;
  }

  set status(status: number) {
    this.#changeable();
    this.#setStatus(status);
  }

  /** The header fields, to be read, and changed until the head leaves; then a change throws {@linkcode ContractError}. */
  get headers(): HeaderFields {
    if (this.#fields === undefined) {
      this.#fields = HeaderFields.from(this.#init ?? NO_FIELDS);
      if (this.#control.headSent) this.#fields.seal("sent");
    }
    return this.#fields;
  }

  /** The header fields as they are now, without making a list of them. For carriers. */
  get fields(): FieldsInit {
    return this.#fields ?? this.#init ?? NO_FIELDS;
  }

  /** The head has been sent: changing the fields throws from now on. For carriers. */
  headLeft(): void {
    this.#fields?.seal("sent");
  }

  /** Trailer fields, sent after a chunked body where the wire can (RFC 9110 §6.5); else dropped. */
  get trailers(): HeaderFields {
    this.#trailers ??= new HeaderFields();
    return this.#trailers;
  }

  /** The trailer fields, if any were set. For carriers. */
  get trailerFields(): HeaderFields | undefined {
    return this.#trailers;
  }

  /** Whether the head has left. */
  get headSent(): boolean {
    return this.#control.headSent;
  }

  /** Whether chunks are held back until `uncork`. */
  get corked(): boolean {
    return this.#corked;
  }

  /**
   * Drops the head and every chunk that has not been sent, so that something else can be answered.
   *
   * @throws {ContractError} If the head has been sent.
   */
  clear(): void {
    this.#changeable();
    this.#status = 200;
    this.#init = undefined;
    this.#fields = undefined;
    this.#trailers = undefined;
    this.#control.dropHeld();
  }

  /** Holds chunks back, even while the app waits, until `uncork`, the end, or 64 KiB are held. */
  cork(): void {
    this.#corked = true;
  }

  /** Sends what `cork` held back. */
  uncork(): void {
    this.#corked = false;
    this.#control.release();
  }

  /**
   * A file to return as the answer, or to iterate over. It is opened when it is sent.
   *
   * @param path The file.
   * @param range The part of it. Default: all.
   * @returns What to return.
   * @throws {RangeError} If a bound of the range is negative, or no whole number.
   */
  file(path: string | URL, range?: FileRange): FileBody {
    return new FileBody(path, range);
  }

  /**
   * Sends an interim answer at once, such as 103 Early Hints (RFC 8297). Dropped for clients that
   * cannot take one: HTTP/1.0, FastCGI.
   *
   * @param status 102 to 199; 100 is the server's, 101 needs an upgrade.
   * @param headers Header fields.
   * @throws {ContractError} If `status` is out of range or the head has been sent.
   */
  informational(status: number, headers: FieldsInit = NO_FIELDS): void {
    this.#changeable();
    if (!Number.isInteger(status) || status < 102 || status > 199) {
      throw new ContractError("bad-status", `Cannot send interim status ${status}: it must be 102 to 199`);
    }
    this.#control.sendInformational(status, encodeFields(headers).lines);
  }

  /** Closes the connection once this answer is complete. Call it before the head leaves. */
  close(): void {
    this.#control.closeAfter();
  }

  /** Cuts the answer here, so that the client can tell that it is not complete. */
  abort(): void {
    this.#control.cutShort();
  }
}

/** Whether fields may be gone once they have been read, as those of an iterator are: the head may be encoded twice. */
function isReadOnce(fields: FieldsInit): boolean {
  return Symbol.iterator in fields && !Array.isArray(fields) && !(fields instanceof HeaderFields) &&
    !(fields instanceof Headers);
}
