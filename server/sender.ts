/**
 * The write side of one connection: from the output buffer to the socket, one write at a time.
 *
 * Owns how much is not taken yet, the deadline of each write, and the waiting for a peer that is slow.
 * Everything that became ready together leaves together. Refuses to know what the bytes mean, and what
 * comes once all of them are sent: that is the connection's.
 *
 * @module
 */
import type { OutputBuffer } from "../twig/output_buffer.ts";
import { type Corked, watch } from "../twig/cork.ts";
import type { ConnectionHost, Transport } from "./connection_host.ts";
import type { Deadlines } from "./deadlines.ts";

/** More unsent output than this stops an app, in bytes. */
const HIGH_WATER = 64 * 1024;
/** Writing it sends nothing, and fails if the peer is known to be gone. */
const NOTHING = new Uint8Array(0);

/** Who has something to send. */
export interface SenderOwner {
  /** The peer has taken everything that `flush` began to send. */
  allSent(): void;
  /** The peer takes no more. */
  close(): void;
}

/** The write side of one connection. */
export class Sender implements Corked {
  /** {@linkcode Corked}: whether it stands on the cork list. */
  onCorkList = false;
  readonly #output: OutputBuffer;
  readonly #transport: Transport;
  readonly #host: Pick<ConnectionHost, "clock" | "timeouts">;
  readonly #deadlines: Deadlines;
  readonly #owner: SenderOwner;
  #writing: Promise<void> | undefined;
  /** Bytes handed to the socket and not taken yet. */
  #inFlight = 0;
  /** The peer takes no more: writes are dropped. */
  #broken = false;
  #peerEnded = false;
  #writtenAfterEnd = false;

  /**
   * @param output What is encoded.
   * @param transport The socket.
   * @param host The worker.
   * @param deadlines The connection's.
   * @param owner Whom to tell.
   */
  constructor(
    output: OutputBuffer,
    transport: Transport,
    host: Pick<ConnectionHost, "clock" | "timeouts">,
    deadlines: Deadlines,
    owner: SenderOwner,
  ) {
    this.#output = output;
    this.#transport = transport;
    this.#host = host;
    this.#deadlines = deadlines;
    this.#owner = owner;
  }

  /** How many bytes the peer has not taken yet, encoded or on their way. */
  get unsent(): number {
    return this.#output.length + this.#inFlight;
  }

  /** Whether a write is under way: two at once would mix their bytes when the socket takes a part of the first. */
  get busy(): boolean {
    return this.#writing !== undefined || this.#inFlight > 0;
  }

  // One piece, sent by the connection's own loop.

  /**
   * Takes out what is to be sent if it is one piece and nothing is being sent. The caller awaits `write`, then
   * `writeRest` if that took less, then calls `written`: so a request costs no promise but the socket's.
   *
   * @returns The piece.
   */
  takeOne(): Uint8Array | undefined {
    return this.#output.length > 0 && !this.busy ? this.#output.takeOne() : undefined;
  }

  /**
   * Hands the piece to the socket.
   *
   * @param piece What `takeOne` gave.
   * @returns How many bytes the socket has taken.
   */
  write(piece: Uint8Array): Promise<number> {
    this.#inFlight = piece.length;
    this.#expect();
    return this.#transport.write(piece);
  }

  /**
   * Sends what the socket has not taken at once.
   *
   * @param piece What `takeOne` gave.
   * @param size How many bytes were taken.
   */
  writeRest(piece: Uint8Array, size: number): Promise<void> {
    this.#taken(size);
    return this.#writeAll(piece.subarray(size));
  }

  /** The piece is sent, and what was encoded meanwhile is next. */
  written(): void {
    this.#inFlight = 0;
    this.#output.recycle();
    this.#deadlines.write = Infinity;
    this.flush();
  }

  // Batches.

  /** Sends what is encoded, now or after the write under way. */
  flush(): void {
    if (this.#output.length === 0 || this.busy) return;
    this.#writing = this.#writeOut();
  }

  /**
   * Sends a batch of answers. While another exchange works its own answer may join them in a moment,
   * so they wait with it on the cork list.
   *
   * @param othersWork Whether another exchange works.
   * @returns What is under way.
   */
  flushBatch(othersWork: boolean): Promise<void> | undefined {
    if (this.#output.length === 0) return this.#writing;
    if (othersWork && this.unsent < HIGH_WATER) {
      if (!this.onCorkList) watch(this);
      return undefined;
    }
    this.flush();
    return this.#writing;
  }

  /** {@linkcode Corked}: the other exchange does wait. */
  release(): void {
    this.flush();
  }

  /**
   * Waits until the peer has taken enough.
   *
   * @param all Whether enough is everything.
   * @returns `undefined` if it has.
   */
  drained(all: boolean): Promise<void> | undefined {
    if (all ? this.unsent === 0 : this.unsent < HIGH_WATER) return undefined;
    this.flush();
    return this.#writing;
  }

  async #writeOut(): Promise<void> {
    const output = this.#output;
    this.#host.clock.tick();
    try {
      while (output.length > 0 && !this.#broken) {
        this.#inFlight = output.length;
        const alone = output.takeOne();
        if (alone !== undefined) {
          this.#expect();
          const size = await this.#transport.write(alone);
          this.#taken(size);
          if (size < alone.length) await this.#writeAll(alone.subarray(size));
        } else {
          for (const piece of output.take()) await this.#writeAll(piece);
        }
        output.recycle();
      }
    } catch {
      this.#broken = true;
    } finally {
      this.#inFlight = 0;
      this.#writing = undefined;
    }
    if (this.#broken) return this.#owner.close();
    this.#deadlines.write = Infinity;
    this.#owner.allSent();
  }

  async #writeAll(piece: Uint8Array): Promise<void> {
    let rest = piece;
    // None is empty, unless its memory went elsewhere meanwhile. What comes next must not be taken for it.
    if (rest.length === 0) throw new Error("Cannot send a piece whose memory is gone");
    for (;;) {
      // The peer may have taken its time over what it was sent before.
      this.#host.clock.tick();
      this.#expect();
      const size = await this.#transport.write(rest);
      this.#taken(size);
      if (size === rest.length) return;
      rest = rest.subarray(size);
    }
  }

  #expect(): void {
    this.#deadlines.write = this.#host.clock.now + this.#host.timeouts.write;
  }

  #taken(size: number): void {
    this.#inFlight -= size;
    if (this.#peerEnded) this.#writtenAfterEnd = true;
  }

  // A peer that sent its FIN.

  /** The peer's FIN has come: what is sent from now on shows whether it still listens. */
  peerEnded(): void {
    this.#peerEnded = true;
    this.#writtenAfterEnd = this.unsent > 0;
  }

  /** Whether anything was sent since then. */
  get writtenAfterEnd(): boolean {
    return this.#writtenAfterEnd;
  }

  /** Finds out whether the peer has answered what was sent since then with a reset. */
  probe(): void {
    this.#transport.write(NOTHING).catch(() => this.#owner.close());
  }
}
