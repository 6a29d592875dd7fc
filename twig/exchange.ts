/**
 * One exchange: calls the app, takes its answer as it comes, turns its failures into a status or a cut. Here and in
 * `answer_output.ts` TWIG's rules of answering are carried out; whatever carries the bytes (an HTTP or FastCGI
 * connection, a fetch host, a test) is a {@linkcode Carrier}.
 *
 * Chunks are held until the app waits or 64 KiB are there (`cork.ts`). An answer that ends before anything was
 * sent is known whole and gets a `content-length`.
 *
 * The shape serves the hot path: an app that returns a chunk at once is answered in one call chain,
 * without a promise.
 *
 * @module
 */
import { AnswerOutput } from "./answer_output.ts";
import { RequestBody } from "./body.ts";
import type { Carrier } from "./carrier.ts";
import { sizeOf } from "./chunks.ts";
import { watch } from "./cork.ts";
import { errorAnswer, statusOfError } from "./error_answer.ts";
import { ConnectionLost, ContractError, HttpError } from "./errors.ts";
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

/** One request and its response. */
export class Exchange implements FileSender, Puller {
  /** The number of this exchange on its wire. */
  readonly id: number;
  /** The head as the wire reported it. */
  readonly wireHead: RequestHead;
  /** The mount's app. */
  readonly app: App;
  /** Largest request body in bytes. */
  readonly bodyLimit: number;
  /** What is sent of the answer. */
  readonly output: AnswerOutput;
  /** When the exchange began, in milliseconds; set and read by the carrier. */
  startedAt = 0;
  /** {@linkcode Puller}: a plain generator that runs cannot be ended from inside. */
  running = false;

  readonly #carrier: Carrier;
  readonly #request: TwigRequest;
  readonly #response: TwigResponse;
  #body: RequestBody | undefined;
  #bodyless = false;
  #abort: AbortController | undefined;
  /** Why the client is not answered any more. */
  #lost: ConnectionLost | undefined;
  #iterator: Iterator<Chunk> | AsyncIterator<Chunk> | undefined;

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
    this.output = new AnswerOutput(carrier, this, this.#response);
  }

  // What the request and its body need of their exchange.

  /** The request's body; made when somebody asks for it. */
  get body(): RequestBody {
    if (this.#body === undefined) {
      this.#body = new RequestBody(this);
      if (this.#bodyless) this.#body.finish(undefined);
      else if (this.over) this.#body.fail(this.#lost ?? bodyTooLate());
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
      if (this.over && !this.output.completed) this.#abort.abort(this.#lost ?? answerCut());
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
    if (!this.over) this.#carrier.wantBody(this);
  }

  // What the response needs of its exchange.

  /** Whether the head has left. After the client has, it never does, and an app may change it in peace. */
  get headSent(): boolean {
    return this.output.headSent;
  }

  /** Drops what is held. */
  dropHeld(): void {
    this.output.drop();
  }

  /** Sends an interim answer. */
  sendInformational(status: number, fields: string): void {
    if (this.over) return;
    this.#carrier.informational(this, status, fields);
  }

  /** Closes the connection after this answer. */
  closeAfter(): void {
    this.#carrier.closeAfter();
  }

  /** Cuts the answer, as the app asked. */
  cutShort(): void {
    if (this.over) return;
    this.#finish(false);
    this.stopApp();
  }

  // The carrier's side.

  /** Whether nothing more will be sent. */
  get over(): boolean {
    return this.output.over;
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
        // What only looks like one may call back twice, or with another promise.
        const promise = answer instanceof Promise ? answer : Promise.resolve(answer);
        promise.then((late) => this.#answerLate(late), (error) => this.fail(error));
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
    if (this.over) return;
    this.output.abandon();
    const lost = this.#lost = new ConnectionLost(why);
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
    if (this.over) return this.#discard(answer);
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
    if (this.over) return;
    if (chunk !== undefined && chunk !== null) {
      if (chunk.length > PIECE && this.#carrier.shared) return this.#answerInPieces(chunk);
      if (this.#isPlain && this.output.whole(chunk)) return;
      this.#hold(chunk);
    }
    if (!this.over) this.#complete();
  }

  /** Where others answer meanwhile a large answer must neither stand in their way nor be past recall. */
  #answerInPieces(chunk: Chunk): void {
    this.output.head(sizeOf([chunk]), typeof chunk === "string");
    if (!this.output.bodyAllowed) return this.#finish(true);
    // The end of the answer leaves with its last piece: front ends use a connection again only then.
    const last = chunk.length - (chunk.length % PIECE || PIECE);
    this.#takePieces(part(chunk, 0, last))
      .then(() => {
        if (this.over) return;
        this.#hold(part(chunk, last));
        if (!this.over) this.#complete();
      })
      .catch((error) => this.fail(error));
  }

  /** Resolves when all is written, so that its memory may change, or nothing more will be. */
  async #takePieces(chunk: Chunk): Promise<void> {
    for (let at = 0; at < chunk.length; at += PIECE) {
      this.#hold(part(chunk, at, at + PIECE));
      if (this.over) return;
      this.release(true);
      if (this.over) return;
      await this.#carrier.drained(true);
      if (this.over) return;
    }
  }

  /** Nothing is held or sent, and nobody reads the body or sends trailers. */
  get #isPlain(): boolean {
    return this.output.untouched && (this.#body === undefined || this.#body.ended) &&
      this.#response.trailerFields === undefined;
  }

  #answerFile(file: FileBody): void {
    file.open();
    try {
      this.output.head(file.size);
    } catch (error) {
      file.close();
      throw error;
    }
    if (this.output.bodyAllowed) {
      // A file that shrinks meanwhile is an answer that falls short.
      this.output.expect(file.size);
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
    this.#hold(bytes && !large && chunk.length > 0 ? new Uint8Array(chunk) : chunk);
    if (this.over) return undefined;
    if (large || this.output.heldSize >= HOLD_LIMIT) {
      this.release(true);
      if (this.over) return undefined;
    }
    return this.#carrier.drained(large);
  }

  #hold(chunk: Chunk): void {
    if (this.output.hold(chunk)) this.release(true);
  }

  /** {@linkcode Puller}: puts what is held on the cork list. */
  mayWait(): void {
    if (!this.output.onCorkList && this.output.hasToSend) watch(this.output);
  }

  /** {@linkcode FileSender}: sends no more than was declared. */
  sendDeclared(piece: Uint8Array): boolean {
    return this.output.sendDeclared(piece);
  }

  /** {@linkcode FileSender}: whether memory may change. */
  allTaken(): Promise<void> | undefined {
    return this.#carrier.drained(true);
  }

  /** No more may follow: there is no body, or it has its declared length. Excess is never sent. */
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
    if (this.over || !this.output.hasToSend) return;
    if (this.#response.corked && !full) return;
    try {
      if (this.output.send()) this.#carrier.flush();
      else this.endExcess();
    } catch (error) {
      this.fail(error);
    }
  }

  /** {@linkcode Puller}: the app has yielded everything, or {@linkcode FileSender}: the file is sent. */
  ended(): void {
    this.#iterator = undefined;
    this.#complete();
  }

  #complete(): void {
    this.#finish(this.output.sendRest());
  }

  #finish(completed: boolean): void {
    // The carrier may have refused to send its head.
    if (this.over) return;
    // Nobody feeds it any more: whoever still reads must not wait for ever.
    if (this.#body?.ended === false) this.#body.fail(bodyTooLate());
    this.output.end(completed);
    if (!this.output.completed) this.#abort?.abort(answerCut());
  }

  // Failing.

  /**
   * {@linkcode Puller}: the app has failed, or the answer with it, or the rest of the request cannot be waited for.
   *
   * @param error What to answer if the head has not left; else the answer is cut.
   */
  fail(error: unknown): void {
    if (this.over) {
      // The app's reaction to the client's going away is not news.
      if (!(error instanceof ConnectionLost)) this.#carrier.report(this, error);
      return;
    }
    const status = statusOfError(error);
    // Chosen by the app, and told to the client, is no news; a cut answer always is.
    if (status === 500 || this.output.sending) this.#carrier.report(this, error);
    if (this.output.sending) this.#finish(false);
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

/** For whoever reads the body when nobody feeds it any more. */
function bodyTooLate(): ConnectionLost {
  return new ConnectionLost("The answer ended before the request body was read");
}

/** For whoever works for an answer that has come to nothing. */
function answerCut(): ConnectionLost {
  return new ConnectionLost("The answer was cut short");
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
