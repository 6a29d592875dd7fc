/**
 * The life of one connection: bytes from the socket into a protocol core, events out of it to
 * exchanges, what they answer back to the socket. The same loop serves every wire.
 *
 * Owns the socket and the flow control: when to read, when to take a request, when to close. How long to wait for
 * each is `patience.ts`, sending `sender.ts`, what is open `open_exchanges.ts` and `open_bodies.ts`. Knows
 * neither HTTP nor FastCGI. Three rules:
 *
 * 1. Pull. `#advance` asks the core for the next event only while there is room for what it brings:
 *    an unread body, an unsent answer or a pile of pipelined requests stops the reading.
 * 2. One write a wake-up. Everything that became ready together leaves together.
 * 3. A read is pending while an app works, so that a client who goes away is noticed, until as much as an
 *    app's body may hold is unread.
 *
 * @module
 */
import { BODY_HIGH_WATER } from "../twig/body.ts";
import { HttpError, ProtocolError } from "../twig/errors.ts";
import type { Carrier } from "../twig/carrier.ts";
import { Exchange } from "../twig/exchange.ts";
import {
  type Aborted,
  NEED_DATA,
  PAUSED,
  type RequestHead,
  type WireEvent,
  type WireProtocol,
} from "../twig/wire.ts";
import type { Chunk, Remote, ServerInfo } from "../twig/types.ts";
import type { ConnectionHost, Endpoints, Transport } from "./connection_host.ts";
import { Deadlines, type Overdue } from "./deadlines.ts";
import type { TurnTaker } from "./fair_turns.ts";
import {
  bodiesOverflow,
  bodyExpected,
  bodyLeft,
  bodyWanted,
  longestUnfed,
  refuseLargest,
  starved,
  unreadBytes,
} from "./open_bodies.ts";
import { OpenExchanges } from "./open_exchanges.ts";
import { Patience } from "./patience.ts";
import { ReadMemory } from "./read_memory.ts";
import { Sender, type SenderOwner } from "./sender.ts";

/** More unsent output than this stops the taking of requests, in bytes. */
const OUTPUT_LIMIT = 256 * 1024;

const enum Phase {
  /** Requests are taken. */
  Serving,
  /** FIN is sent; what arrives is dropped. */
  Lingering,
  /** Closed. */
  Closed,
}

const isReading = (exchange: Exchange): boolean => exchange.bodyAsked && !exchange.headSent;

/** One connection. */
export class Connection implements Carrier, Overdue, SenderOwner, TurnTaker {
  /** {@linkcode TurnTaker}: when it was last busy. */
  turnWindow = -1;

  readonly #transport: Transport;
  readonly #core: WireProtocol;
  readonly #memory: ReadMemory;
  readonly #deadlines: Deadlines;
  readonly #patience: Patience;
  readonly #sender: Sender;
  readonly #host: ConnectionHost;
  /** Both ends. */
  readonly ends: Endpoints;
  /** Exchanges that are not over. */
  readonly #open = new OpenExchanges();
  #phase = Phase.Serving;
  #requests = 0;
  /** Until when a front end that multiplexes may go on though the worker drains. */
  #lastCall = Infinity;
  #advancing = false;
  /** Requests wait in the input because too much is unsent. */
  #stalled = false;
  #endOfInput = false;
  /** Wakes the read loop, which stopped because there was no room. */
  #resume: (() => void) | undefined;
  #refused = false;
  /** Bytes of bodies that were held when reading stopped because of them, or since. */
  #unread = 0;

  /**
   * @param transport The socket.
   * @param core The protocol.
   * @param host The worker.
   * @param ends Both ends, for apps that ask.
   */
  constructor(transport: Transport, core: WireProtocol, host: ConnectionHost, ends: Endpoints) {
    this.#transport = transport;
    this.#core = core;
    this.#memory = new ReadMemory(core.input);
    this.#deadlines = new Deadlines(host.clock, this);
    this.#patience = new Patience(this.#deadlines, host);
    this.#sender = new Sender(core.output, transport, host, this.#deadlines, this);
    this.#host = host;
    this.ends = ends;
  }

  /** The client's end. */
  remoteOf(exchange: Exchange): Remote {
    return this.ends.remote(exchange.wireHead);
  }

  /** The server's end. */
  serverOf(exchange: Exchange): ServerInfo {
    return this.ends.server(exchange.wireHead);
  }

  /** {@linkcode Carrier}: whether others answer meanwhile. */
  get shared(): boolean {
    return this.#core.multiplexed;
  }

  /** Whether details of errors are shown to clients. */
  get development(): boolean {
    return this.#host.development;
  }

  /** Serves the connection until it is closed. Never rejects. */
  async run(): Promise<void> {
    const { clock, turns } = this.#host;
    const { output } = this.#core;
    const sender = this.#sender;
    clock.watch(this.#deadlines);
    this.#patience.accepted();
    try {
      while (this.#phase !== Phase.Closed) {
        if (!this.#mayRead()) {
          await new Promise<void>((resolve) => this.#resume = resolve);
          continue;
        }
        const size = await this.#transport.read(this.#nextView());
        clock.tick();
        if (this.#phase !== Phase.Serving) {
          if (size === null) break;
          continue;
        }
        if (size === null) {
          this.#ended();
          continue;
        }
        this.#received(size);
        const place = turns.needed(clock.watched) ? turns.received(this) : 0;
        do {
          this.#advance();
          // Nearly always the batch is one piece that the socket takes whole: no promise but its own.
          const piece = this.#open.size === 0 ? sender.takeOne() : undefined;
          if (piece !== undefined) {
            const taken = await sender.write(piece);
            if (taken < piece.length) await sender.writeRest(piece, taken);
            sender.written();
            if (taken < piece.length) this.#restAnew();
          } else if (output.length > 0 || this.#stalled) {
            await this.#flushBatch();
          }
        } while (this.#stalled);
        if (this.#core.closing && this.#open.size === 0) this.#startClosing();
        else {
          const turn = place > 0 ? turns.turn(place, clock.watched) : undefined;
          if (turn !== undefined) await turn;
        }
      }
    } catch {
      // Reset by the peer, or closed by ourselves: there is nobody left to answer.
    } finally {
      this.close();
      this.#memory.release();
    }
  }

  /**
   * No further request: the one in flight is the last. A connection at rest is closed at once when the
   * server stops. When another takes over it may send one more request, for that may be on its way
   * already and would be reset; so may, for a moment, whoever was just let in.
   *
   * @param stopping Whether nobody takes over.
   */
  drain(stopping: boolean): void {
    const { clock, timeouts } = this.#host;
    const untold = this.#core.multiplexed && !stopping;
    this.#lastCall = untold ? clock.tick() + timeouts.linger : 0;
    // The last answer may still be on its way, and did not say that the connection closes.
    const answered = this.#phase === Phase.Serving && this.#core.idle;
    if (!answered || (stopping && this.#sender.unsent > 0)) return untold ? undefined : this.#core.stop();
    if (stopping && this.#requests > 0) return this.close();
    this.#patience.drains(stopping);
  }

  /** Closes at once. Open exchanges are aborted. */
  close(): void {
    if (this.#phase === Phase.Closed) return;
    this.#phase = Phase.Closed;
    this.#deadlines.clear();
    try {
      this.#transport.close();
    } catch {
      // Deno throws BadResource when the peer's reset has closed it already.
    }
    for (const exchange of this.#open.takeAll()) this.#abort(exchange, "The connection was closed");
    this.#core.output.drop();
    this.#resume?.();
    this.#host.clock.forget(this.#deadlines);
    this.#host.closed(this);
  }

  // Reading.

  /** Whether there is room for what a read may bring. */
  #mayRead(): boolean {
    if (this.#phase === Phase.Lingering) return true;
    if (this.#endOfInput) return false;
    const { input } = this.#core;
    if (this.#core.multiplexed) return this.#sender.unsent < OUTPUT_LIMIT && this.#makeRoom();
    if (this.#stalled) return false;
    if (this.#open.size === 0) return true;
    if (bodyWanted(this.#open)) return true;
    // Only to notice that the client goes away. One that sent more than this is not seen to leave: TCP tells
    // of the end of its input when all before it was read.
    return input.length < BODY_HIGH_WATER;
  }

  /**
   * Finds room for what other exchanges wait for. If one of them waits for its body, the largest one of those
   * that still grow has to go; else it may stay unread until `#giveUpUnread` looks at it again.
   *
   * @returns Whether there is room.
   */
  #makeRoom(): boolean {
    if (!bodiesOverflow(this.#open)) return true;
    if (this.#open.size > 1 && bodyWanted(this.#open)) {
      refuseLargest(this.#open);
      return true;
    }
    this.#awaitReading();
    return false;
  }

  /** Nobody is heard before an app has read of what is held. */
  #awaitReading(): void {
    this.#unread = unreadBytes(this.#open);
    this.#patience.bodyInTheWay();
  }

  /** Whether nothing is left to be answered, and nothing more will come. */
  get #finished(): boolean {
    return (this.#core.closing || this.#endOfInput) && this.#open.size === 0 && !this.#stalled;
  }

  /** The memory for the next read. */
  #nextView(): Uint8Array {
    if (this.#phase !== Phase.Serving) return this.#memory.sink();
    const watching = this.#open.size > 0 && !this.#core.multiplexed && !bodyWanted(this.#open);
    return this.#memory.next(this.#expectsLittle, watching);
  }

  #received(size: number): void {
    this.#memory.received(size);
    // With none open it is a request that comes. Which of several bodies it belongs to is not known yet.
    if (this.#open.size === 1 && bodyWanted(this.#open)) this.#patience.bodyFed();
  }

  /** Whether a request head is the largest thing that may come next. */
  get #expectsLittle(): boolean {
    if (this.#open.size === 0) return this.#core.idle;
    return !bodyExpected(this.#open);
  }

  /** The peer's FIN. */
  #ended(): void {
    this.#endOfInput = true;
    // The core answers by itself what is cut short.
    this.#core.date = this.#host.clock.date;
    this.#core.endOfInput();
    this.#advance();
    if (this.#finished) return this.#endSoon();
    this.#sender.peerEnded();
    this.flush();
    this.#patience.peerEnded(this.#sender.writtenAfterEnd);
  }

  // Events.

  /** Pulls events until the core has no more or there is no room for them. */
  #advance(): void {
    if (this.#advancing) return;
    this.#stalled = false;
    if (this.#phase !== Phase.Serving) return;
    this.#advancing = true;
    try {
      while (this.#mayPull()) {
        const event = this.#core.next();
        if (event === NEED_DATA || event === PAUSED) break;
        this.#dispatch(event);
      }
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#advancing = false;
    }
    // A peer that broke the protocol may be closing by now.
    if (this.#phase !== Phase.Serving) return;
    if (this.#open.size === 0) this.#patience.nothingOpen(this.#core);
    if (this.#core.headsPending !== (this.#deadlines.heads < Infinity)) this.#expectHeads();
  }

  /** Heads that others overtake have begun, or have all come. */
  #expectHeads(): void {
    const { headsPending } = this.#core;
    this.#patience.headsPending(headsPending);
    if (headsPending) this.#core.giveUpHeads();
  }

  #mayPull(): boolean {
    if (this.#core.closing && this.#open.size === 0) return false;
    if (this.#sender.unsent > OUTPUT_LIMIT) {
      this.#stalled = true;
      return false;
    }
    if (this.#core.multiplexed || this.#open.size === 0) return true;
    // An app that does not read its body leaves it in the socket.
    return !bodyLeft(this.#open);
  }

  #dispatch(event: WireEvent): void {
    if (event.kind === "head") return this.#begin(event);
    if (event.kind === "refused") return this.#host.protocolError(event.error, this);
    const exchange = this.#open.get(event.exchange);
    if (event.kind === "data") {
      exchange?.body.push(event.chunk);
    } else if (event.kind === "end") {
      if (exchange === undefined) return this.#patience.bodyPassed();
      if (event.trailers !== undefined || exchange.wireHead.bodyLength !== 0) {
        exchange.body.finish(event.trailers);
      }
      this.#patience.requestCame(!this.#endOfInput && this.#open.size === 1);
    } else if (exchange !== undefined) {
      this.#aborted(event, exchange);
    }
  }

  /** The core has given up a request. */
  #aborted({ error, reason }: Aborted, exchange: Exchange): void {
    this.#open.delete(exchange);
    if (error !== undefined) {
      this.#host.protocolError(error, this);
      if (error.status !== 0) exchange.output.replaced(error.status);
    }
    this.#abort(exchange, reason);
  }

  #begin(head: RequestHead): void {
    const { limits, clock } = this.#host;
    this.#patience.requestCame(!this.#endOfInput && this.#open.size === 0);
    const last = this.#host.draining && !(this.#core.multiplexed && clock.now < this.#lastCall);
    if (++this.#requests >= limits.requestsPerConnection || last) this.#core.stop();
    const { app, prefixLength } = this.#host.route(head);
    const exchange = new Exchange(this, head, app.app, prefixLength, app.bodyBytes);
    exchange.startedAt = clock.now;
    if (head.bodyLength === 0) exchange.noBody();
    this.#open.add(exchange);
    exchange.run();
  }

  #abort(exchange: Exchange, why: string): void {
    if (exchange.over) return;
    exchange.abort(why);
    this.#host.finished?.(exchange);
  }

  /** The core threw: answer if one may, and close. */
  #refuse(error: unknown): void {
    if (!(error instanceof ProtocolError)) return this.#fault(error);
    if (this.#refused) return;
    this.#refused = true;
    if (error.status === 413 && this.#open.some(isReading)) return this.#tooLarge();
    this.#core.date = this.#host.clock.date;
    const told = this.#core.refuse(error, this.#core.output);
    this.#host.protocolError(told ? error : new ProtocolError(0, error.code, error.message), this);
    for (const exchange of this.#open.takeAll()) {
      if (told && !exchange.headSent) exchange.output.replaced(error.status);
      this.#abort(exchange, error.message);
    }
    this.#endSoon();
  }

  /** An app that reads its body is told that it is too large, as if only its own limit had been met: it may answer. */
  #tooLarge(): void {
    for (const { body } of this.#open.list()) body.fail(new HttpError(413, "The request body is too large"));
  }

  /** The core has refused a request that its app was about to answer. */
  #refusedBy(error: ProtocolError, exchange: Exchange): void {
    this.#refused = true;
    this.#host.protocolError(error, this);
    exchange.output.replaced(error.status);
    exchange.abort(error.message);
    this.#over(exchange);
  }

  /** Anything but a ProtocolError out of a core, or out of this loop, is a bug of ours. */
  #fault(error: unknown): void {
    this.#host.protocolError(
      new ProtocolError(0, "bug", `Bug: ${error instanceof Error ? error.stack : error}`),
      this,
    );
    this.close();
  }

  // The carrier's side: what exchanges ask for.

  /** Feeds the body from what has arrived, and sees to it that more arrives. */
  wantBody(exchange: Exchange): void {
    if (exchange.over || this.#phase !== Phase.Serving) return;
    this.#wokenByApp();
    this.#core.wantBody(exchange.id, this.#core.output);
    if (!this.#core.multiplexed) this.#pullBody(exchange);
    // The body ends before its end: nobody else notices, for there is nothing more to read.
    if (this.#finished && !this.#advancing) return this.#endSoon();
    if (!exchange.body.wanted) return;
    this.flush();
    exchange.body.fedAt = this.#host.clock.now;
    if (!this.#endOfInput) this.#patience.bodyWanted(exchange.body.fedAt, this.#open.size === 1);
    this.#wake();
  }

  /** An app that took its time makes the clock wrong; within a batch it is right. */
  #wokenByApp(): void {
    if (!this.#advancing) this.#host.clock.tick();
  }

  /** One piece of the body, if it is here: the app may ask from within `#advance`. */
  #pullBody(exchange: Exchange): void {
    try {
      const before = exchange.body.buffered;
      while (!exchange.over && !exchange.body.ended && exchange.body.buffered === before) {
        const event = this.#core.next();
        if (event === NEED_DATA || event === PAUSED) return;
        const wanted = exchange.body.wanted;
        this.#dispatch(event);
        if (wanted) return;
      }
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Sends an interim answer at once. */
  informational(exchange: Exchange, status: number, fields: string): void {
    this.#core.informational(exchange.id, status, fields, this.#core.output);
    this.flush();
  }

  /** The core, told what a head needs: it has no clock, and the settings may have changed. */
  #coreForHead(): WireProtocol {
    this.#wokenByApp();
    const core = this.#core;
    core.date = this.#host.clock.date;
    core.extraFields = this.#host.extraFields;
    return core;
  }

  /** Encodes a head, unless the core has a reason to refuse the request. */
  head(
    exchange: Exchange,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
  ): void {
    const core = this.#coreForHead();
    core.head(exchange.id, status, fields, length, hasDate, core.output);
    if (core.refusal !== undefined) this.#refusedBy(core.refusal, exchange);
  }

  /** Encodes a piece of a body. */
  data(exchange: Exchange, chunk: Chunk): number {
    return this.#core.data(exchange.id, chunk, this.#core.output);
  }

  /** Ends an answer and goes on to the next request. */
  end(exchange: Exchange, trailers: string): void {
    this.#core.end(exchange.id, trailers, this.#core.output);
    this.#over(exchange);
  }

  /** Encodes an answer that is whole, and goes on to the next request. */
  whole(
    exchange: Exchange,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
    chunk: Chunk,
  ): void {
    const core = this.#coreForHead();
    exchange.output.sentBytes = core.whole(exchange.id, status, fields, length, hasDate, chunk, core.output);
    if (core.refusal !== undefined) this.#refusedBy(core.refusal, exchange);
    else this.#over(exchange);
  }

  /** Cuts an answer. */
  cut(exchange: Exchange): void {
    this.#core.cut(exchange.id);
    this.#over(exchange);
  }

  #over(exchange: Exchange): void {
    this.#open.delete(exchange);
    this.#host.finished?.(exchange);
    // Within #advance the loop there goes on, and sends for the whole batch.
    if (this.#advancing) return;
    this.#advance();
    this.#flushBatch();
    if (this.#finished) this.#endSoon();
    else this.#wake();
  }

  /** Takes no further request after this one. */
  closeAfter(): void {
    this.#core.stop();
  }

  /** An app failed. */
  report(exchange: Exchange, error: unknown): void {
    this.#host.appError(error, exchange);
  }

  #wake(): void {
    const resume = this.#resume;
    if (resume === undefined) return;
    this.#resume = undefined;
    resume();
  }

  // Writing.

  /** Sends what is encoded, now or after the write under way. */
  flush(): void {
    this.#sender.flush();
  }

  /** Waits until the peer has taken enough. */
  drained(all: boolean): Promise<void> | undefined {
    return this.#sender.drained(all);
  }

  #flushBatch(): Promise<void> | undefined {
    return this.#sender.flushBatch(this.#open.size > 0);
  }

  /** A peer that took its time over the last answer has time for its next request now. */
  #restAnew(): void {
    if (this.#open.size > 0 || this.#phase !== Phase.Serving) return;
    this.#host.clock.tick();
    this.#patience.restsAnew(this.#core);
  }

  /** {@linkcode SenderOwner}: what was stopped because there was too much unsent can go on. */
  allSent(): void {
    this.#restAnew();
    if (this.#advancing || this.#phase !== Phase.Serving) return;
    if (this.#finished) return this.#startClosing();
    if (this.#stalled || this.#resume !== undefined) {
      this.#advance();
      this.#flushBatch();
      this.#wake();
    }
  }

  // Closing.

  /** Sends what is left, then closes. */
  #endSoon(): void {
    this.flush();
    if (!this.#sender.busy) this.#startClosing();
  }

  /**
   * Closes after the last answer. Closing while the client still sends would reset the connection
   * and destroy the answer on its way (RFC 9112 §9.6): so FIN first, then read and drop for a while.
   */
  #startClosing(): void {
    if (this.#phase !== Phase.Serving || this.#sender.busy) return;
    const clean = this.#core.peerDone && !this.#refused;
    if (this.#endOfInput || clean) return this.close();
    this.#phase = Phase.Lingering;
    this.#patience.lingers();
    this.#transport.closeWrite().catch(() => this.close());
    this.#wake();
  }

  // Deadlines.

  /**
   * Heads that began before the last look, and are not there, come too late. Where nothing else is at work,
   * the connection is given up, too.
   */
  #giveUpHeads(): void {
    this.#patience.headsPending(true);
    // They may be here, unread, because the peer does not take what was written.
    if (this.#sender.busy || this.#resume !== undefined) return;
    const late = this.#core.giveUpHeads();
    for (const { error } of late) this.#host.protocolError(error, this);
    if (!this.#core.headsPending) this.#patience.headsPending(false);
    if (late.length === 0) return;
    if (this.#open.size > 0) return this.flush();
    this.#refused = true;
    this.#core.refuse(late[0]!.error, this.#core.output);
    this.#endSoon();
  }

  /**
   * An unread body has kept the connection from being read. Others must not wait for it any longer, unless its app
   * does read; where there are no others, a peer that has left is not seen but by writing to it.
   */
  #giveUpUnread(): void {
    const isRead = unreadBytes(this.#open) < this.#unread;
    if (this.#open.size > 1 && !isRead) return refuseLargest(this.#open);
    if (!isRead) this.#core.probe();
    this.flush();
    this.#awaitReading();
  }

  /**
   * Who has waited too long for input is over. What others do on this connection goes on, unless there
   * are none: then the connection is given up, too.
   */
  #giveUpStalled(now: number): void {
    const stalled = starved(this.#open, now - this.#host.timeouts.body);
    const error = new ProtocolError(408, "body-timeout", "The request body stalled");
    if (stalled.length === this.#open.size) return this.#refuse(error);
    for (const exchange of stalled) {
      // A cut answer is reported as such.
      if (!exchange.headSent) this.#host.protocolError(error, this);
      exchange.fail(new HttpError(error.status, error.message));
    }
    if (this.#phase !== Phase.Serving || this.#open.size === 0) return;
    this.#patience.bodyWanted(longestUnfed(this.#open), true);
  }

  /** {@linkcode Overdue}: a deadline has passed. */
  expired(now: number): void {
    if (this.#deadlines.write <= now || this.#phase !== Phase.Serving) return this.close();
    if (this.#deadlines.heads <= now) this.#giveUpHeads();
    if (this.#phase !== Phase.Serving || this.#deadlines.read > now) return;
    // Whoever has not taken the last answer yet owes nothing; the write deadline bounds that.
    if (this.#sender.unsent > 0) {
      return this.#patience.again(this.#endOfInput, this.#open.size > 0, this.#core.idle);
    }
    if (this.#endOfInput) {
      // A client that waits for an answer, and one that is gone, look the same until something is written to them:
      // only the latter's system answers that with a reset.
      if (!this.#sender.writtenAfterEnd) return this.close();
      this.#patience.peerEnded(false);
      return this.#sender.probe();
    }
    this.#patience.nothing();
    if (this.#open.size > 0) {
      if (this.#core.multiplexed && bodiesOverflow(this.#open)) return this.#giveUpUnread();
      // The app has the piece that came last, and takes its time over it.
      if (!bodyWanted(this.#open)) return;
      return this.#giveUpStalled(now);
    }
    // Nothing was asked for: nothing is owed.
    if (this.#core.idle) return this.close();
    this.#refuse(new ProtocolError(408, "header-timeout", "The request did not arrive in time"));
  }
}
