/**
 * The answer of one exchange on its way to the carrier: what is held of it, its head, what it may still be long, and
 * its end.
 *
 * Owns the order in which a carrier is told, and what was sent. Refuses to know where chunks come from, when it is time
 * to send, and what becomes of an app whose rest nobody wants: that is the exchange's, to which every answer of `false`
 * here says so.
 *
 * @module
 */
import { byteLength, utf8 } from "./bytes.ts";
import type { Carrier } from "./carrier.ts";
import { HeldChunks, sizeOf } from "./chunks.ts";
import type { Corked } from "./cork.ts";
import { ContractError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { encodeFields, type FieldBlock } from "./field_block.ts";
import type { TwigResponse } from "./response.ts";
import { harmlessTrailers } from "./trailers.ts";
import type { Chunk } from "./types.ts";

/** Where an answer stands. */
const enum Stage {
  /** No head has been sent; it can still change. */
  Open,
  /** The head has been sent. */
  Sending,
  /** Ended, cut, or aborted by the client. */
  Over,
}

/** One answer, as it is sent. */
export class AnswerOutput implements Corked {
  /** The status that the client was sent, by whomever; 0 before. */
  sentStatus = 0;
  /** Bytes of body that were sent. */
  sentBytes = 0;
  /** Whether the answer was completed as the app meant it. */
  completed = false;
  /** {@linkcode Corked}: whether it stands on the cork list. */
  onCorkList = false;

  readonly #carrier: Carrier;
  readonly #exchange: Exchange;
  readonly #response: TwigResponse;
  #stage = Stage.Open;
  /** What has been yielded and not sent; there also if that was nothing: an empty chunk asks for the head. */
  #held: HeldChunks | undefined;
  /** Bytes that the app declared and that are still to come; undefined if it declared none. */
  #declaredLeft: number | undefined;
  #replaced = false;

  /**
   * Made by the exchange; nothing is sent yet.
   *
   * @param carrier What carries it.
   * @param exchange Whose answer it is.
   * @param response Its head, until that leaves.
   */
  constructor(carrier: Carrier, exchange: Exchange, response: TwigResponse) {
    this.#carrier = carrier;
    this.#exchange = exchange;
    this.#response = response;
  }

  // Where it stands.

  /** Whether nothing more will be sent. */
  get over(): boolean {
    return this.#stage === Stage.Over;
  }

  /** Whether the head has left. After the client has, or after `replaced`, it never does. */
  get headSent(): boolean {
    return this.sentStatus !== 0 && !this.#replaced;
  }

  /** Whether the head has left, and the end has not. */
  get sending(): boolean {
    return this.#stage === Stage.Sending;
  }

  /** Whether nothing is held or sent. */
  get untouched(): boolean {
    return this.#stage === Stage.Open && this.#held === undefined;
  }

  /** Whether a body may follow the head. */
  get bodyAllowed(): boolean {
    const { status } = this.#response;
    return status !== 204 && status !== 205 && status !== 304 && this.#exchange.wireHead.method !== "HEAD";
  }

  // What is held.

  /** How much is held: code units of text until its bytes have to be known, and bytes. */
  get heldSize(): number {
    return this.#held?.size ?? 0;
  }

  /** Whether something can be sent: chunks, or the head alone. */
  get hasToSend(): boolean {
    return this.#held !== undefined && (this.#held.size > 0 || this.#stage === Stage.Open);
  }

  /**
   * Holds a chunk.
   *
   * @param chunk Text or bytes, which must not change any more.
   * @returns Whether it has to be sent now, since it may be more than was declared: a pair of surrogates in two chunks
   * is counted as more than it is.
   * @throws {ContractError} If it is neither text nor bytes, or its memory is gone.
   */
  hold(chunk: Chunk): boolean {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
      throw new ContractError(
        "bad-chunk",
        `Cannot send a chunk of type ${typeof chunk}: chunks are strings or Uint8Arrays`,
      );
    }
    const held = this.#held ??= new HeldChunks();
    if (chunk.length === 0) {
      requireMemory(chunk);
      return false;
    }
    const left = this.#declaredLeft;
    held.add(chunk, left !== undefined && typeof chunk === "string" ? byteLength(chunk) : chunk.length);
    return left !== undefined && held.size > left;
  }

  /** Drops what is held. */
  drop(): void {
    this.#held = undefined;
    this.onCorkList = false;
  }

  /** {@linkcode Corked}: the app waits. */
  release(): void {
    this.#exchange.release();
  }

  // Sending.

  /**
   * Sends an answer that is one chunk, of which nothing was held or sent, in one call.
   *
   * @param chunk All of its body.
   * @returns False, with nothing sent, if `chunk` is not as long as was declared.
   * @throws {ContractError} If the head cannot be sent, or the memory of `chunk` is gone.
   */
  whole(chunk: Chunk): boolean {
    const { status } = this.#response;
    const block: FieldBlock = encodeFields(this.#response.fields);
    const text = typeof chunk === "string";
    const size = text ? byteLength(chunk) : chunk.length;
    if (size === 0) requireMemory(chunk);
    const bodyless = !this.bodyAllowed;
    if (!bodyless && block.contentLength !== undefined && block.contentLength !== size) return false;
    const length = status === 205
      ? 0
      : block.contentLength ?? this.#lengthOf(yielded(size, bodyless), bodyless);
    this.#stage = Stage.Over;
    this.sentStatus = status;
    this.completed = true;
    this.#response.headLeft();
    const lines = withType(block, text && size > 0, status);
    try {
      this.#carrier.whole(this.#exchange, status, lines, length, block.hasDate, bodyless ? "" : chunk);
    } catch (error) {
      this.#cutAfter(error);
    }
    return true;
  }

  /** The carrier failed over the end of the answer, which nobody would end any more: the client must not wait. */
  #cutAfter(error: unknown): never {
    this.completed = false;
    this.#carrier.cut(this.#exchange);
    throw error;
  }

  /**
   * Sends the head.
   *
   * @param known The body's size in bytes, as far as anybody can tell.
   * @param text Whether the body begins with text.
   * @throws {ContractError} If it cannot be sent.
   */
  head(known: number | undefined, text: boolean = this.#held?.beginsWithText ?? false): void {
    const { status } = this.#response;
    const block: FieldBlock = encodeFields(this.#response.fields);
    const lines = withType(block, text, status);
    const bodyless = !this.bodyAllowed;
    const length = status === 205 ? 0 : block.contentLength ?? this.#lengthOf(known, bodyless);
    this.#stage = Stage.Sending;
    this.sentStatus = status;
    this.#response.headLeft();
    if (!bodyless) this.#declaredLeft = block.contentLength;
    this.#carrier.head(this.#exchange, status, lines, length, block.hasDate);
  }

  #lengthOf(known: number | undefined, bodyless: boolean): number | undefined {
    // Trailers only follow a body of unknown length (RFC 9112 §7.1.2).
    return bodyless || this.#response.trailerFields === undefined ? known : undefined;
  }

  /**
   * The body is as long as this, unless the app declared another length.
   *
   * @param size Its size in bytes.
   */
  expect(size: number): void {
    this.#declaredLeft ??= size;
  }

  /**
   * Sends what is held, and the head before it.
   *
   * @returns Whether more may follow: there may be a body, and what was declared has not been exceeded.
   * @throws {ContractError} If the head cannot be sent.
   */
  send(): boolean {
    if (this.#stage === Stage.Open) this.head(undefined);
    return this.bodyAllowed && this.#sendHeld(false);
  }

  /**
   * Sends what is held. Returns whether it fitted what was declared.
   *
   * @param all Also half a character: else its second half may come in the next chunk.
   */
  #sendHeld(all: boolean): boolean {
    const held = this.#held;
    if (held === undefined) return true;
    this.drop();
    const half = all ? "" : held.takeHalf();
    const chunks = held.joined();
    for (let i = 0; i < chunks.length; i++) {
      if (this.#declaredLeft === undefined) {
        this.sentBytes += this.#carrier.data(this.#exchange, chunks[i] as Chunk);
      } else if (!this.sendDeclared(chunks[i] as Chunk)) return false;
    }
    if (half !== "") (this.#held = new HeldChunks()).add(half, half.length);
    return true;
  }

  /**
   * Sends a piece of a body whose length is known, and no more than is left of that.
   *
   * @param chunk The piece.
   * @returns Whether all of it was.
   */
  sendDeclared(chunk: Chunk): boolean {
    const left = this.#declaredLeft as number;
    const bytes = typeof chunk === "string" && byteLength(chunk) > left ? utf8.encode(chunk) : chunk;
    const fits = typeof bytes === "string" || bytes.length <= left;
    const sent = this.#carrier.data(this.#exchange, fits ? bytes : (bytes as Uint8Array).subarray(0, left));
    this.sentBytes += sent;
    this.#declaredLeft = left - sent;
    if (fits) return true;
    this.#carrier.report(
      this.#exchange,
      new ContractError(
        "too-many-bytes",
        "The answer is longer than its content-length: the excess is not sent",
      ),
    );
    return false;
  }

  // The end.

  /**
   * Sends all that is left, the app having said everything.
   *
   * @returns Whether that is as much as was declared.
   * @throws {ContractError} If the head cannot be sent.
   */
  sendRest(): boolean {
    if (this.#stage === Stage.Open) {
      this.head(yielded(sizeOf(this.#held?.joined() ?? []), !this.bodyAllowed));
    }
    // The carrier may have refused to send the head.
    if (this.#stage === Stage.Over || !this.bodyAllowed) return true;
    this.#sendHeld(true);
    if (this.#declaredLeft === undefined || this.#declaredLeft === 0) return true;
    this.#carrier.report(
      this.#exchange,
      new ContractError(
        "too-few-bytes",
        `The answer is ${this.#declaredLeft} bytes shorter than its content-length`,
      ),
    );
    return false;
  }

  /**
   * Ends the answer, or cuts it.
   *
   * @param completed Whether it is as the app meant it.
   * @throws {unknown} What the carrier throws; the answer is cut then.
   */
  end(completed: boolean): void {
    let trailers = "";
    try {
      if (completed) trailers = this.#trailerLines();
    } catch (error) {
      this.#carrier.report(this.#exchange, error);
      completed = false;
    }
    this.completed = completed;
    this.abandon();
    if (!completed) return this.#carrier.cut(this.#exchange);
    try {
      this.#carrier.end(this.#exchange, trailers);
    } catch (error) {
      this.#cutAfter(error);
    }
  }

  #trailerLines(): string {
    const trailers = this.#response.trailerFields;
    const allowed = trailers && harmlessTrailers(trailers);
    return allowed === undefined ? "" : encodeFields(allowed).lines;
  }

  /**
   * The carrier has told the client something else, in place of this answer.
   *
   * @param status With which status.
   */
  replaced(status: number): void {
    this.sentStatus = status;
    this.completed = false;
    this.#replaced = true;
  }

  /** Sends nothing more, and does not say so. */
  abandon(): void {
    this.#stage = Stage.Over;
    this.drop();
  }
}

/** The size of what was yielded. What HEAD cannot know, for nothing was, is left out rather than called 0. */
function yielded(size: number, bodyless: boolean): number | undefined {
  return bodyless && size === 0 ? undefined : size;
}

/** The field lines; text says what it is, unless the app has done so. */
function withType({ lines, hasType }: FieldBlock, text: boolean, status: number): string {
  if (hasType || !text || status === 204 || status === 304) return lines;
  return lines + "content-type: text/plain; charset=utf-8\r\n";
}

/** Bytes whose buffer was transferred, or that a WebAssembly memory has left behind as it grew, look empty. */
function requireMemory(empty: Chunk): void {
  if (typeof empty === "string") return;
  try {
    empty.slice();
  } catch {
    throw new ContractError(
      "bad-chunk",
      "Cannot send a chunk whose memory is gone: its buffer was transferred, or shrank, or grew with its WebAssembly.Memory",
    );
  }
}
