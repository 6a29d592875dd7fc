/**
 * What the error log is told while serving: one line when a peer breaks the protocol, the stack when
 * an app fails, nothing when a client merely goes away. Everything a peer sent is escaped; line feeds remain,
 * for stacks have them, but what follows one is indented, as no message begins.
 *
 * A client decides how often any of this happens, and by what it sends how long a message is. So both are
 * limited, and it is never waited for (`line_queue.ts`).
 *
 * @module
 */
import type { ProtocolError } from "../twig/errors.ts";
import type { Exchange } from "../twig/exchange.ts";
import { AppLoadError } from "./errors.ts";
import { LogLimit } from "./log_limit.ts";
import { describeError, say } from "./say.ts";

/** Characters of one message; enough for the longest target by default and a stack. */
const LONGEST = 16 * 1024;

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Control bytes would let a peer drive a terminal, and lines that are not indented, forge messages. */
function printable(text: string): string {
  return text.replace(CONTROL, (char) => "\\x" + char.charCodeAt(0).toString(16).padStart(2, "0"))
    .replaceAll("\n", "\n  ");
}

function shortened(text: string): string {
  if (text.length <= LONGEST) return text;
  return `${text.slice(0, LONGEST)}... and ${
    (text.length - LONGEST).toLocaleString("en-US")
  } more characters`;
}

/** Of an app that cannot be loaded only the cause has a stack that says anything. */
function withCause(error: unknown): string {
  try {
    if (error instanceof AppLoadError) return describeError(error);
    if (!(error instanceof Error)) return String(error);
    const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : "";
    return `${error.stack ?? error}${cause}`;
  } catch {
    return "something that has no text"; // Such as Object.create(null).
  }
}

/** The lines of a stack that say where: what errors from one place have in common. */
const FRAMES = /\n +at .*/g;

/** The error log of one worker. */
export class ErrorLog {
  readonly #speaker: string;
  readonly #protocolErrors = this.#limit("protocol error");
  readonly #appErrors = this.#limit("app error");
  readonly #strayErrors = this.#limit("unhandled error");
  readonly #troubles = this.#limit("message");

  /** @param speaker Who speaks: `worker 3`. */
  constructor(speaker: string) {
    this.#speaker = speaker;
  }

  /**
   * A peer broke the protocol.
   *
   * @param error How.
   * @param wire `http` or `fcgi`.
   * @param peer The peer's address, or empty.
   */
  protocolError(error: ProtocolError, wire: string, peer: string): void {
    if (this.#protocolErrors.take(error.code) === undefined) return;
    const answer = error.status === 0 ? "closed" : `answered ${error.status}`;
    const text = `${wire} ${peer || "peer"}: ${error.message} (${error.code}, ${answer})`;
    this.#line(shortened(text.replaceAll("\n", " ")));
  }

  /**
   * An app failed.
   *
   * @param error What it threw.
   * @param exchange For which request.
   */
  appError(error: unknown, exchange: Exchange): void {
    const { method, authority, target } = exchange.wireHead;
    this.#thrown(error, `${method} ${authority}${target}: `, this.#appErrors);
  }

  /**
   * An app threw where nobody awaited it.
   *
   * @param error What.
   */
  strayError(error: unknown): void {
    this.#thrown(error, "an app left an error unhandled: ", this.#strayErrors);
  }

  /**
   * Something else went wrong.
   *
   * @param text What.
   */
  trouble(text: string): void {
    if (this.#troubles.take(text) !== undefined) this.#line(shortened(text));
  }

  /** Which requests fail is worth a line each; the same stack is not worth it again in the same second. */
  #thrown(error: unknown, what: string, limit: LogLimit): void {
    const text = shortened(withCause(error));
    const frames = text.match(FRAMES) ?? [];
    const taken = limit.take(frames.join(""));
    if (taken === undefined) return;
    const known = taken === "again" && frames.length > 0;
    this.#line(what + (known ? `${text.slice(0, text.indexOf(frames[0]!))} (stack as above)` : text));
  }

  #limit(what: string): LogLimit {
    return new LogLimit(what, (text) => this.#line(text));
  }

  #line(text: string): void {
    say(this.#speaker, `${new Date().toISOString()} ${printable(text)}`);
  }
}
