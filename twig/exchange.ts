/**
 * One exchange: calls the app, turns its answer into head, data and end, turns its failures into a
 * status or a cut. This is the one place where TWIG's rules of answering are carried out; whatever
 * carries the bytes (an HTTP or FastCGI connection, a fetch host, a test) is a {@linkcode Carrier}.
 *
 * Chunks are gathered in `#held` until the app waits or 64 KiB are there (`cork.ts`). An answer that
 * ends before anything was sent is known whole and gets a `content-length`.
 *
 * The shape serves the hot path: an app that returns a chunk at once is answered in one call chain,
 * without a promise.
 *
 * @module
 */
import { RequestBody } from "./body.ts";
import { byteLength, utf8 } from "./bytes.ts";
import type { Carrier } from "./carrier.ts";
import { HeldChunks, sizeOf } from "./chunks.ts";
import { type Corked, watch } from "./cork.ts";
import { errorAnswer, statusOfError } from "./error_answer.ts";
import { ConnectionLost, ContractError, HttpError } from "./errors.ts";
import { encodeFields, type FieldBlock } from "./field_block.ts";
import { FileBody } from "./files.ts";
import { pull, type Puller, pullNow } from "./pull.ts";
import { TwigRequest } from "./request.ts";
import { TwigResponse } from "./response.ts";
import { type FileSender, sendFile } from "./send_file.ts";
import { reasonPhrase } from "./status.ts";
import type { Answer, App, Chunk, Remote, ServerInfo } from "./types.ts";
import type { RequestHead } from "./wire.ts";

/** More than this held back is sent, though the app did not wait, in bytes. */
const HOLD_LIMIT = 64 * 1024;
/**
 * An app may use the memory of a chunk again once the next one is pulled. Chunks up to this size are
 * copied, so that they can be held; for larger ones the next pull waits until they are written.
 */
const COPY_LIMIT = 16 * 1024;
/** Larger chunks leave in pieces of this size where others answer on the same wire, in bytes or code units. */
const PIECE = 128 * 1024;

/** Where an exchange stands. */
const enum Stage {
  /** No head has been sent; it can still change. */
  Open,
  /** The head has been sent. */
  Sending,
  /** Ended, cut, or aborted by the client. */
  Over,
}

/** One request and its response. */
export class Exchange implements Corked, FileSender, Puller {
  /** The number of this exchange on its wire. */
  readonly id: number;
  /** The head as the wire reported it. */
  readonly wireHead: RequestHead;
  /** The mount's app. */
  readonly app: App;
  /** Largest request body in bytes. */
  readonly bodyLimit: number;
  /** The status that was sent; 0 before. */
  sentStatus = 0;
  /** Bytes of body that were sent. */
  sentBytes = 0;
  /** Whether the answer was completed as the app meant it. */
  completed = false;
  /** When the exchange began, in milliseconds; set and read by the carrier. */
  startedAt = 0;
  /** {@linkcode Corked}: whether it stands on the cork list. */
  onCorkList = false;

  readonly #carrier: Carrier;
  readonly #request: TwigRequest;
  readonly #response: TwigResponse;
  #stage = Stage.Open;
  #body: RequestBody | undefined;
  #bodyless = false;
  #abort: AbortController | undefined;
  #iterator: Iterator<Chunk> | AsyncIterator<Chunk> | undefined;
  /** {@linkcode Puller}: a plain generator that runs cannot be ended from inside. */
  running = false;
  /** What has been yielded and not sent; also if that was nothing: an empty chunk asks for the head. */
  #held: HeldChunks | undefined;
  /** Bytes that the app declared and that are still to come; undefined if it declared none. */
  #declaredLeft: number | undefined;

  /**
   * Takes charge of one request; nothing happens until `run`.
   *
   * @param carrier What carries it.
   * @param wireHead The request's head.
   * @param app The app to call.
   * @param prefixLength How many characters of the path are the mount's.
   * @param bodyLimit Largest request body in bytes.
   */
  constructor(carrier: Carrier, wireHead: RequestHead, app: App, prefixLength: number, bodyLimit: number) {
    this.id = wireHead.exchange;
    this.wireHead = wireHead;
    this.app = app;
    this.bodyLimit = bodyLimit;
    this.#carrier = carrier;
    this.#request = new TwigRequest(this, prefixLength);
    this.#response = new TwigResponse(this);
  }

  // What the request and its body need of their exchange.

  /** The request's body; made when somebody asks for it. */
  get body(): RequestBody {
    if (this.#body === undefined) {
      this.#body = new RequestBody(this);
      if (this.#bodyless) this.#body.finish(undefined);
      else if (this.#stage === Stage.Over) this.#body.fail(new ConnectionLost());
    }
    return this.#body;
  }

  /** Whether anybody has asked for the body. */
  get bodyAsked(): boolean {
    return this.#body !== undefined;
  }

  /** The controller behind `request.signal`. */
  get abortController(): AbortController {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#stage === Stage.Over && !this.completed) this.#abort.abort(new ConnectionLost());
    }
    return this.#abort;
  }

  /** The client's end. */
  get remote(): Remote {
    return this.#carrier.remoteOf(this);
  }

  /** The server's end. */
  get server(): ServerInfo {
    return this.#carrier.serverOf(this);
  }

  /** The request's `content-type`. */
  get contentType(): string {
    return this.wireHead.headers.get("content-type") ?? "";
  }

  /** Asks the carrier for body bytes. */
  wantBody(): void {
    if (this.#stage !== Stage.Over) this.#carrier.wantBody(this);
  }

  // What the response needs of its exchange.

  /** Whether the head has left. After the client has, it never does, and an app may change it in peace. */
  get headSent(): boolean {
    return this.sentStatus !== 0;
  }

  /** Drops what is held. */
  dropHeld(): void {
    this.#held = undefined;
    this.onCorkList = false;
  }

  /** Sends an interim answer. */
  sendInformational(status: number, fields: string): void {
    if (this.#stage === Stage.Over) return;
    this.#carrier.informational(this, status, fields);
  }

  /** Closes the connection after this answer. */
  closeAfter(): void {
    this.#carrier.closeAfter();
  }

  /** Cuts the answer, as the app asked. */
  cutShort(): void {
    if (this.#stage === Stage.Over) return;
    this.#finish(false);
    this.stopApp();
  }

  // The carrier's side.

  /** Whether nothing more will be sent. */
  get over(): boolean {
    return this.#stage === Stage.Over;
  }

  /** The request has no body, so a read finds the end at once. */
  noBody(): void {
    this.#bodyless = true;
  }

  /** Calls the app and answers. Returns at once if the app has to wait. */
  run(): void {
    const { bodyLength } = this.wireHead;
    if (bodyLength !== undefined && bodyLength > this.bodyLimit) {
      return this.fail(new HttpError(413, "The request body is too large"));
    }
    try {
      const answer = this.app(this.#request, this.#response);
      if (typeof answer === "string" || answer === undefined || answer === null) {
        this.#answerWhole(answer);
      } else if (isPromise(answer)) {
        answer.then((late) => this.#answerLate(late), (error) => this.fail(error));
      } else {
        this.#answer(answer);
      }
    } catch (error) {
      this.fail(error);
    }
  }

  /**
   * The client is gone, or gave this exchange up: nothing more is sent, the app is told.
   *
   * @param why For the reason of `request.signal`.
   */
  abort(why: string): void {
    if (this.#stage === Stage.Over) return;
    this.#stage = Stage.Over;
    this.dropHeld();
    const lost = new ConnectionLost(why);
    this.#body?.fail(lost);
    this.#abort?.abort(lost);
    this.stopApp();
  }

  // Answering.

  #answerLate(answer: Answer): void {
    try {
      this.#answer(answer);
    } catch (error) {
      this.fail(error);
    }
  }

  #answer(answer: Answer): void {
    if (this.#stage === Stage.Over) return this.#discard(answer);
    if (
      typeof answer === "string" || answer instanceof Uint8Array || answer === undefined || answer === null
    ) {
      return this.#answerWhole(answer);
    }
    if (typeof answer !== "object") throw badAnswer(answer);
    if (answer instanceof FileBody) {
      this.#answerFile(answer);
    } else if (Symbol.asyncIterator in answer) {
      const iterator = this.#iterator = answer[Symbol.asyncIterator]();
      pull(this, iterator);
    } else if (Symbol.iterator in answer) {
      const iterator = this.#iterator = answer[Symbol.iterator]();
      pullNow(this, iterator);
    } else {
      throw badAnswer(answer);
    }
  }

  /** An answer that came too late still has a `finally` to run. */
  #discard(answer: Answer): void {
    if (answer instanceof FileBody) answer.close();
    else if (typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer) {
      this.#iterator = answer[Symbol.asyncIterator]();
      this.stopApp();
    }
  }

  /** Most answers are one chunk: it goes out without being held, and in one call. */
  #answerWhole(chunk: Chunk | null | undefined | void): void {
    if (this.#stage === Stage.Over) return;
    if (chunk !== undefined && chunk !== null) {
      if (chunk.length > PIECE && this.#carrier.shared) return this.#answerInPieces(chunk);
      if (this.#isPlain && this.#sendWhole(chunk)) return;
      this.#hold(chunk);
    }
    if ((this.#stage as Stage) !== Stage.Over) this.#complete();
  }

  /** Where others answer meanwhile a large answer must neither stand in their way nor be past recall. */
  #answerInPieces(chunk: Chunk): void {
    this.#sendHead(sizeOf([chunk]), typeof chunk === "string");
    if (!this.#bodyAllowed()) return this.#finish(true);
    // The end of the answer leaves with its last piece: front ends use a connection again only then.
    const last = chunk.length - (chunk.length % PIECE || PIECE);
    this.#takePieces(part(chunk, 0, last))
      .then(() => {
        if (this.#stage === Stage.Over) return;
        this.#hold(part(chunk, last));
        if ((this.#stage as Stage) !== Stage.Over) this.#complete();
      })
      .catch((error) => this.fail(error));
  }

  /** Resolves when all is written, so that its memory may change, or nothing more will be. */
  async #takePieces(chunk: Chunk): Promise<void> {
    for (let at = 0; at < chunk.length; at += PIECE) {
      this.#hold(part(chunk, at, at + PIECE));
      if (this.#stage === Stage.Over) return;
      this.release(true);
      if (this.#stage === (Stage.Over as Stage)) return;
      await this.#carrier.drained(true);
      if (this.#stage === (Stage.Over as Stage)) return;
    }
  }

  /** Nothing is held or sent, and nobody reads the body or sends trailers. */
  get #isPlain(): boolean {
    return this.#stage === Stage.Open && this.#held === undefined &&
      (this.#body === undefined || this.#body.ended) && this.#response.trailerFields === undefined;
  }

  /** Returns false, with nothing sent, if `chunk` is not as long as was declared. */
  #sendWhole(chunk: Chunk): boolean {
    const { status } = this.#response;
    const block: FieldBlock = encodeFields(this.#response.fields);
    const text = typeof chunk === "string";
    const size = text ? byteLength(chunk) : chunk.length;
    const bodyless = !this.#bodyAllowed();
    if (!bodyless && block.contentLength !== undefined && block.contentLength !== size) return false;
    const length = status === 205 ? 0 : block.contentLength ?? this.#lengthOf(size, bodyless);
    this.#stage = Stage.Over;
    this.sentStatus = status;
    this.completed = true;
    this.#response.headLeft();
    const lines = withType(block, text && size > 0, status);
    this.#carrier.whole(this, status, lines, length, block.hasDate, bodyless ? "" : chunk);
    return true;
  }

  #answerFile(file: FileBody): void {
    file.open();
    try {
      this.#sendHead(file.size);
    } catch (error) {
      file.close();
      throw error;
    }
    if (this.#bodyAllowed()) {
      // A file that shrinks meanwhile is an answer that falls short.
      this.#declaredLeft ??= file.size;
      sendFile(this, file).catch((error) => this.fail(error));
    } else {
      file.close();
      this.#finish(true);
    }
  }

  /** {@linkcode Puller}: takes a chunk in, and sends when enough is held. */
  take(chunk: Chunk): Promise<void> | undefined {
    const bytes = chunk instanceof Uint8Array;
    if ((bytes || typeof chunk === "string") && chunk.length > PIECE && this.#carrier.shared) {
      return this.#takePieces(chunk);
    }
    const large = bytes && chunk.length > COPY_LIMIT;
    // Not by slice(): that of a Buffer is a view.
    this.#hold(bytes && !large ? new Uint8Array(chunk) : chunk);
    if (this.#stage === Stage.Over) return undefined;
    if (large || (this.#held?.size ?? 0) >= HOLD_LIMIT) {
      this.release(true);
      if (this.#stage === (Stage.Over as Stage)) return undefined;
    }
    return this.#carrier.drained(large);
  }

  #hold(chunk: Chunk): void {
    if (typeof chunk !== "string" && !(chunk instanceof Uint8Array)) {
      throw new ContractError(
        "bad-chunk",
        `Cannot send a chunk of type ${typeof chunk}: chunks are strings or Uint8Arrays`,
      );
    }
    const held = this.#held ??= new HeldChunks();
    if (chunk.length === 0) return;
    const left = this.#declaredLeft;
    held.add(chunk, left !== undefined && typeof chunk === "string" ? byteLength(chunk) : chunk.length);
    // It may be too much: a pair of surrogates in two chunks is counted as more than it is.
    if (left !== undefined && held.size > left) this.release(true);
  }

  /** {@linkcode Puller}: puts what is held on the cork list. */
  mayWait(): void {
    if (!this.onCorkList && this.#hasToSend) watch(this);
  }

  /** {@linkcode FileSender}: whether memory may change. */
  allTaken(): Promise<void> | undefined {
    return this.#carrier.drained(true);
  }

  /** More than the declared `content-length` was yielded: the excess is never sent. */
  endExcess(): void {
    this.#finish(true);
    this.stopApp();
  }

  /**
   * Sends what is held, unless the app holds it back itself.
   *
   * @param full Whether so much is held that it has to go in any case.
   */
  release(full = false): void {
    if (this.#stage === Stage.Over || !this.#hasToSend) return;
    if (this.#response.corked && !full) return;
    if (this.#stage === Stage.Open) {
      try {
        this.#sendHead(undefined);
      } catch (error) {
        return this.fail(error);
      }
    }
    if (!this.#bodyAllowed()) {
      this.#finish(true);
      return this.stopApp();
    }
    if (!this.#sendHeld()) return this.endExcess();
    this.#carrier.flush();
  }

  get #hasToSend(): boolean {
    return this.#held !== undefined && (this.#held.size > 0 || this.#stage === Stage.Open);
  }

  /** {@linkcode Puller}: the app has yielded everything, or {@linkcode FileSender}: the file is sent. */
  ended(): void {
    this.#iterator = undefined;
    this.#complete();
  }

  #complete(): void {
    if (this.#stage === Stage.Open) this.#sendHead(sizeOf(this.#held?.joined() ?? []));
    if (this.#stage === Stage.Over) return;
    if (this.#bodyAllowed()) {
      this.#sendHeld(true);
      if (this.#declaredLeft !== undefined && this.#declaredLeft > 0) {
        this.#carrier.report(
          this,
          new ContractError(
            "too-few-bytes",
            `The answer is ${this.#declaredLeft} bytes shorter than its content-length`,
          ),
        );
        return this.#finish(false);
      }
    }
    this.#finish(true);
  }

  #bodyAllowed(): boolean {
    const { status } = this.#response;
    return status !== 204 && status !== 205 && status !== 304 && this.wireHead.method !== "HEAD";
  }

  /**
   * @param known The body's size, as far as the exchange can tell.
   * @param text Whether the body begins with text.
   */
  #sendHead(known: number | undefined, text = this.#held?.beginsWithText ?? false): void {
    const { status } = this.#response;
    const block: FieldBlock = encodeFields(this.#response.fields);
    const lines = withType(block, text, status);
    const bodyless = !this.#bodyAllowed();
    const length = status === 205 ? 0 : block.contentLength ?? this.#lengthOf(known, bodyless);
    this.#stage = Stage.Sending;
    this.sentStatus = status;
    this.#response.headLeft();
    if (!bodyless) this.#declaredLeft = block.contentLength;
    this.#carrier.head(this, status, lines, length, block.hasDate);
  }

  #lengthOf(known: number | undefined, bodyless: boolean): number | undefined {
    // What HEAD cannot know, for nothing was yielded, is left out rather than called 0.
    if (bodyless) return known === 0 ? undefined : known;
    // Trailers only follow a body of unknown length (RFC 9112 §7.1.2).
    return this.#response.trailerFields === undefined ? known : undefined;
  }

  /**
   * Sends what is held. Returns whether it fitted what was declared.
   *
   * @param all Also half a character: else its second half may come in the next chunk.
   */
  #sendHeld(all = false): boolean {
    const held = this.#held;
    if (held === undefined) return true;
    this.dropHeld();
    const half = all ? "" : held.takeHalf();
    const chunks = held.joined();
    for (let i = 0; i < chunks.length; i++) {
      if (this.#declaredLeft === undefined) this.sentBytes += this.#carrier.data(this, chunks[i] as Chunk);
      else if (!this.sendDeclared(chunks[i] as Chunk)) return false;
    }
    if (half !== "") (this.#held = new HeldChunks()).add(half, half.length);
    return true;
  }

  /** {@linkcode FileSender}: sends no more than was declared. */
  sendDeclared(chunk: Chunk): boolean {
    const left = this.#declaredLeft as number;
    const bytes = typeof chunk === "string" && byteLength(chunk) > left ? utf8.encode(chunk) : chunk;
    const fits = typeof bytes === "string" || bytes.length <= left;
    const sent = this.#carrier.data(this, fits ? bytes : (bytes as Uint8Array).subarray(0, left));
    this.sentBytes += sent;
    this.#declaredLeft = left - sent;
    if (fits) return true;
    this.#carrier.report(
      this,
      new ContractError(
        "too-many-bytes",
        "The answer is longer than its content-length: the excess is not sent",
      ),
    );
    return false;
  }

  #finish(completed: boolean): void {
    // The carrier may have refused to send its head.
    if (this.#stage === Stage.Over) return;
    let trailers = "";
    try {
      if (completed) trailers = this.#trailerLines();
    } catch (error) {
      this.#carrier.report(this, error);
      completed = false;
    }
    this.#stage = Stage.Over;
    this.completed = completed;
    this.dropHeld();
    // Nobody feeds it any more: whoever still reads must not wait for ever.
    if (this.#body?.ended === false) {
      this.#body.fail(new ConnectionLost("The answer ended before the request body was read"));
    }
    if (completed) this.#carrier.end(this, trailers);
    else this.#carrier.cut(this);
  }

  #trailerLines(): string {
    const trailers = this.#response.trailerFields;
    return trailers === undefined ? "" : encodeFields(trailers).lines;
  }

  // Failing.

  /**
   * {@linkcode Puller}: the app has failed, or the answer with it, or the rest of the request cannot be waited for.
   *
   * @param error What to answer if the head has not left; else the answer is cut.
   */
  fail(error: unknown): void {
    if (this.#stage === Stage.Over) {
      // The app's reaction to the client's going away is not news.
      if (!(error instanceof ConnectionLost)) this.#carrier.report(this, error);
      return;
    }
    const status = statusOfError(error);
    // Chosen by the app, and told to the client, is no news; a cut answer always is.
    if (status === 500 || this.#stage === Stage.Sending) this.#carrier.report(this, error);
    if (this.#stage === Stage.Sending) this.#finish(false);
    else this.#answerError(error);
    this.stopApp();
  }

  #answerError(error: unknown): void {
    this.dropHeld();
    try {
      const { status, fields, text } = errorAnswer(error, this.#carrier.development);
      this.#response.clear();
      this.#response.start(status, fields);
      this.#hold(text);
      this.#complete();
    } catch (second) {
      // Only the fields of the HttpError can have failed: answer without them.
      this.#carrier.report(this, second);
      this.dropHeld();
      this.#response.start(500);
      this.#hold(reasonPhrase(500) + "\n");
      this.#complete();
    }
  }

  /** {@linkcode Puller}: lets the app's `finally` blocks run. What they throw has no one to go to but the log. */
  stopApp(): void {
    // Whoever pulls from it does so as soon as it has yielded.
    if (this.running) return;
    const iterator = this.#iterator;
    this.#iterator = undefined;
    if (iterator?.return === undefined) return;
    try {
      const returned = iterator.return();
      if (returned instanceof Promise) returned.catch((error) => this.#reportUnlessLost(error));
    } catch (error) {
      this.#reportUnlessLost(error);
    }
  }

  #reportUnlessLost(error: unknown): void {
    if (!(error instanceof ConnectionLost)) this.#carrier.report(this, error);
  }
}

/** The field lines; text says what it is, unless the app has done so. */
function withType({ lines, hasType }: FieldBlock, text: boolean, status: number): string {
  if (hasType || !text || status === 204 || status === 304) return lines;
  return lines + "content-type: text/plain; charset=utf-8\r\n";
}

/** A query builder, for one, has a `then` and is no Promise. */
function isPromise(answer: ReturnType<App>): answer is PromiseLike<Answer> {
  return answer instanceof Promise || typeof (answer as Partial<PromiseLike<Answer>>).then === "function";
}

/** The same memory, or text, from one place to another. */
function part(chunk: Chunk, from: number, to?: number): Chunk {
  return typeof chunk === "string" ? chunk.slice(from, to) : chunk.subarray(from, to);
}

function badAnswer(answer: unknown): ContractError {
  const what = typeof answer === "object" ? answer!.constructor?.name ?? "object" : typeof answer;
  const instead = what === "Response"
    ? "; an app that returns a Response is mounted with fetch, or wrapped by fromFetch()"
    : what === "Object"
    ? "; as JSON it is JSON.stringify(answer)"
    : "";
  return new ContractError(
    "bad-answer",
    `Cannot send the answer: an app returns a string, a Uint8Array, an iterator of these, or nothing, not ${what}${instead}`,
  );
}
