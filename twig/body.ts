/**
 * The body of a request: read once, pulled from the socket only as the app asks, bounded by a limit.
 *
 * Owns the queue between the connection, which `push`es what arrives, and the app, which reads. It
 * knows no socket: it says that it wants more through `wantBody` of its source, and `buffered` tells the
 * connection when it has enough.
 *
 * @module
 */
import { ContractError, HttpError } from "./errors.ts";
import type { HeaderFields } from "./headers.ts";

/** More than this waiting unread stops the connection from reading further, in bytes. */
export const BODY_HIGH_WATER = 64 * 1024;
/** Pieces that wait unread and are smaller than a quarter of this are put together in blocks of it, in bytes. */
const BLOCK = 4 * 1024;

const EMPTY = new Uint8Array(0);
// fatal: false is what the web platform's text() does; ignoreBOM false strips a BOM, as it does.
const decoder = new TextDecoder();

interface Waiting {
  resolve(chunk: Uint8Array | undefined): void;
  reject(error: unknown): void;
}

/** Who feeds a body. */
export interface BodySource {
  /** The app waits for more. Called whenever a read finds the queue empty. */
  wantBody(): void;
  /** The largest body in bytes that the app takes. */
  readonly bodyLimit: number;
  /** The `content-type` of the request, for `formData`. */
  readonly contentType: string;
}

/** The body of a request. Iterate over it, or take it whole with `bytes`, `text`, `json`, `formData`. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  readonly #source: BodySource;
  #queue: Uint8Array[] = [];
  /** The memory behind the last piece of the queue while small ones are added to it, and how much is in use. */
  #block: Uint8Array = EMPTY;
  #used = 0;
  #waiting: Waiting | undefined;
  #taken = false;
  #received = 0;
  #ended = false;
  #error: unknown = undefined;
  #trailers: HeaderFields | undefined;
  /** Bytes that have arrived and are not read yet. */
  buffered = 0;
  /** When a read began to wait, or was last fed, in milliseconds; set and read by the carrier. */
  fedAt = 0;

  /**
   * Made by the server, one for each request.
   *
   * @param source Who feeds this body.
   */
  constructor(source: BodySource) {
    this.#source = source;
  }

  /** Whether the app has begun to read. */
  get taken(): boolean {
    return this.#taken;
  }

  /** Whether everything has arrived, read or not. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether the app waits for bytes right now. */
  get wanted(): boolean {
    return this.#waiting !== undefined;
  }

  /** Trailer fields of a chunked body (RFC 9110 §6.5); `undefined` if none, or before the end. */
  get trailers(): HeaderFields | undefined {
    return this.#trailers;
  }

  /**
   * Adds what has arrived. For carriers.
   *
   * @param chunk The bytes; they belong to the body from now on.
   */
  push(chunk: Uint8Array): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#received += chunk.length;
    if (this.#received > this.#source.bodyLimit) {
      return this.fail(new HttpError(413, "The request body is too large"));
    }
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      return waiting.resolve(chunk);
    }
    this.#enqueue(chunk);
    this.buffered += chunk.length;
  }

  /**
   * Adds a piece to the queue. Small ones are gathered: a peer may send bytes one by one, an object for
   * each takes hundreds of times their memory, and taking from the front of a million of them is slow.
   */
  #enqueue(chunk: Uint8Array): void {
    const queue = this.#queue;
    if (queue.length === 0 || chunk.length * 4 >= BLOCK) {
      this.#block = EMPTY;
      this.#used = 0;
      queue.push(chunk);
      return;
    }
    if (chunk.length > this.#block.length - this.#used) {
      this.#block = new Uint8Array(BLOCK);
      this.#used = 0;
      queue.push(EMPTY);
    }
    this.#block.set(chunk, this.#used);
    this.#used += chunk.length;
    queue[queue.length - 1] = this.#block.subarray(0, this.#used);
  }

  /**
   * The body is complete. For carriers.
   *
   * @param trailers Trailer fields, if any.
   */
  finish(trailers: HeaderFields | undefined): void {
    this.#trailers = trailers;
    this.#ended = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(undefined);
  }

  /**
   * The body will not be complete: a pending read and every later one throws. For carriers.
   *
   * @param error What the reads throw.
   */
  fail(error: unknown): void {
    if (this.#ended || this.#error !== undefined) return;
    this.#error = error;
    this.#queue = [];
    this.#block = EMPTY;
    this.buffered = 0;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }

  #take(): void {
    if (this.#taken) {
      throw new ContractError("body-read-twice", "Cannot read the request body: it has been read already");
    }
    this.#taken = true;
  }

  /** The next piece, at once if there is one; `undefined` at the end. */
  #next(): Uint8Array | undefined | Promise<Uint8Array | undefined> {
    const ready = this.#shift();
    if (ready !== undefined) return ready;
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) return undefined;
    this.#source.wantBody();
    // The source may have had bytes at hand and pushed them just now.
    const now = this.#shift();
    if (now !== undefined) return now;
    if (this.#error !== undefined) throw this.#error;
    if (this.#ended) return undefined;
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      // Now that someone waits, the carrier may have to begin reading.
      this.#source.wantBody();
    });
  }

  #shift(): Uint8Array | undefined {
    const chunk = this.#queue.shift();
    if (chunk !== undefined) this.buffered -= chunk.length;
    return chunk;
  }

  /**
   * Iterates over the pieces as they arrive.
   *
   * @throws {ContractError} If the body has been read already.
   * @throws {HttpError} 413 if it is larger than the app's limit.
   * @throws {ConnectionLost} If the client went away before its end.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    this.#take();
    for (;;) {
      const chunk = await this.#next();
      if (chunk === undefined) return;
      yield chunk;
    }
  }

  /**
   * The whole body.
   *
   * @returns The bytes.
   * @throws {ContractError} If the body has been read already.
   * @throws {HttpError} 413 if it is larger than the app's limit.
   * @throws {ConnectionLost} If the client went away before its end.
   */
  async bytes(): Promise<Uint8Array> {
    this.#take();
    const pieces: Uint8Array[] = [];
    for (;;) {
      const next = this.#next();
      const chunk = next instanceof Promise ? await next : next;
      if (chunk === undefined) return join(pieces);
      pieces.push(chunk);
    }
  }

  /**
   * The whole body, decoded as UTF-8.
   *
   * @returns The text; invalid bytes become U+FFFD.
   * @throws {ContractError | HttpError | ConnectionLost} As `bytes` does.
   */
  async text(): Promise<string> {
    return decoder.decode(await this.bytes());
  }

  /**
   * The whole body, parsed as JSON.
   *
   * @returns The value.
   * @throws {HttpError} 400 if it is not JSON.
   * @throws {ContractError | HttpError | ConnectionLost} As `bytes` does.
   */
  async json(): Promise<unknown> {
    const text = await this.text();
    try {
      return JSON.parse(text);
    } catch {
      throw new HttpError(400, "The request body is not valid JSON");
    }
  }

  /**
   * The whole body, parsed as a form: `multipart/form-data` or `application/x-www-form-urlencoded`.
   *
   * @returns The form's fields.
   * @throws {HttpError} 415 if it is neither, 400 if it cannot be parsed.
   * @throws {ContractError | HttpError | ConnectionLost} As `bytes` does.
   */
  async formData(): Promise<FormData> {
    const type = this.#source.contentType;
    if (!/^(multipart\/form-data|application\/x-www-form-urlencoded)\s*(;|$)/i.test(type)) {
      throw new HttpError(415, "The request body is not a form");
    }
    const bytes = await this.bytes();
    try {
      // The platform's parser, rather than one of our own.
      return await new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": type } })
        .formData();
    } catch {
      throw new HttpError(400, "The request body is not a valid form");
    }
  }
}

function join(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 0) return EMPTY;
  if (pieces.length === 1) return pieces[0] as Uint8Array;
  let size = 0;
  for (const piece of pieces) size += piece.length;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
