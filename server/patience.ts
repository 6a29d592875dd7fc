/**
 * How long a connection waits for what its peer is to send next: which deadline each event sets.
 *
 * Owns the figures and the arithmetic; refuses to know what follows when a deadline has passed, and what is
 * read or open: that is the connection's, which tells what has happened. How long a peer may take over what
 * it is sent is the sender's.
 *
 * @module
 */
import type { ConnectionHost } from "./connection_host.ts";
import type { Deadlines } from "./deadlines.ts";

/**
 * After the client's FIN an open exchange gets this long, in milliseconds. A client that only closed
 * its sending side waits for the answer; one that went away looks the same until a write fails.
 */
const HALF_CLOSE_GRACE = 1000;
/** Once something was written after the FIN, so soon a reset would have come back, in milliseconds. */
const RESET_DELAY = 200;
/**
 * At a reload a front end that multiplexes cannot be told, only be failed. So it is left when it pauses, in
 * milliseconds: right after an answer it is likeliest to ask again.
 */
const PAUSE = 20;
/**
 * So long an unread body may keep a connection from being read, in milliseconds, before somebody looks whether it
 * is in the way of others, what they send and that they are given up, or of the news that the client has left.
 */
const OVERFLOW_GRACE = 1000;
/** When the server stops, a connection without any request yet gets this long, in milliseconds. */
const FIRST_REQUEST_GRACE = 250;

/** What waiting for a request depends on. */
interface Asking {
  /** Nothing of a request is there. */
  readonly idle: boolean;
  /** Requests come while others are answered. */
  readonly multiplexed: boolean;
}

/** The waiting of one connection. */
export class Patience {
  readonly #deadlines: Deadlines;
  readonly #host: Pick<ConnectionHost, "clock" | "timeouts" | "draining">;
  /** Whether the header deadline runs: restarting it at every byte would let clients drip. */
  #headStarted = false;
  /** Whether the time between two requests runs: empty lines, which HTTP allows there, do not restart it. */
  #resting = false;

  /**
   * @param deadlines The connection's.
   * @param host The worker.
   */
  constructor(deadlines: Deadlines, host: Pick<ConnectionHost, "clock" | "timeouts" | "draining">) {
    this.#deadlines = deadlines;
    this.#host = host;
  }

  /** The client has connected: its first request is to come. */
  accepted(): void {
    this.#resting = true;
    this.#wait(this.#host.timeouts.header);
  }

  /**
   * No exchange is open: the rest of a request is to come, or the next one.
   *
   * @param core How much of it is there.
   */
  nothingOpen(core: Asking): void {
    const { draining, timeouts } = this.#host;
    if (core.idle) {
      this.#headStarted = false;
      if (this.#resting && !core.multiplexed) return;
      this.#resting = true;
      this.#wait(!draining ? timeouts.idle : core.multiplexed ? PAUSE : timeouts.linger);
    } else if (!this.#headStarted) {
      this.#headStarted = true;
      this.#wait(timeouts.header);
    }
  }

  /**
   * The peer took its time over the last answer, and has time for its next request now.
   *
   * @param core How much of it is there.
   */
  restsAnew(core: Asking): void {
    this.#resting = false;
    this.nothingOpen(core);
  }

  /**
   * The head of a request is there, or all of it.
   *
   * @param alone Whether nothing else is waited for.
   */
  requestCame(alone: boolean): void {
    this.#headStarted = this.#resting = false;
    if (alone) this.#deadlines.read = Infinity;
  }

  /** What an answered request still had of its body has come: the head behind it has a time of its own. */
  bodyPassed(): void {
    this.#headStarted = false;
  }

  /** More of the only body has come. */
  bodyFed(): void {
    this.#wait(this.#host.timeouts.body);
  }

  /**
   * An app waits for its body.
   *
   * @param fedAt When more of it came, or was first asked for, in milliseconds of the clock.
   * @param alone Whether nothing else is waited for; else who waits longest counts.
   */
  bodyWanted(fedAt: number, alone: boolean): void {
    const at = fedAt + this.#host.timeouts.body;
    if (alone || at < this.#deadlines.read) this.#deadlines.read = at;
  }

  /** A body that nobody reads is in the way of whatever follows it. */
  bodyInTheWay(): void {
    this.#atMost(OVERFLOW_GRACE);
  }

  /**
   * Heads that others overtake are looked for again when they must have come.
   *
   * @param pending Whether there are any.
   */
  headsPending(pending: boolean): void {
    this.#deadlines.heads = pending ? this.#host.clock.now + this.#host.timeouts.header : Infinity;
  }

  /**
   * The client has sent its FIN, and waits for answers, or is gone.
   *
   * @param written Whether something was written since, which shows who it is.
   */
  peerEnded(written: boolean): void {
    this.#wait(written ? RESET_DELAY : HALF_CLOSE_GRACE);
  }

  /**
   * The server stops, or another takes over. A request may be on its way already.
   *
   * @param stopping Whether nobody takes over.
   */
  drains(stopping: boolean): void {
    this.#host.clock.tick();
    this.#atMost(stopping ? FIRST_REQUEST_GRACE : this.#host.timeouts.linger);
  }

  /** Our FIN is sent, and the client's is to come. */
  lingers(): void {
    this.#deadlines.heads = Infinity;
    this.#wait(this.#host.timeouts.linger);
  }

  /** Nothing is to come. */
  nothing(): void {
    this.#deadlines.read = Infinity;
  }

  /**
   * The deadline has passed, but the peer owes nothing before it has taken its last answer.
   *
   * @param ended Whether its FIN has come.
   * @param open Whether an exchange is open.
   * @param idle Whether nothing of another request is there.
   */
  again(ended: boolean, open: boolean, idle: boolean): void {
    const { body, idle: rest, header } = this.#host.timeouts;
    this.#wait(ended ? HALF_CLOSE_GRACE : open ? body : idle ? rest : header);
  }

  #wait(milliseconds: number): void {
    this.#deadlines.read = this.#host.clock.now + milliseconds;
  }

  #atMost(milliseconds: number): void {
    this.#deadlines.read = Math.min(this.#deadlines.read, this.#host.clock.now + milliseconds);
  }
}
