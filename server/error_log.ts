/**
 * What the error log is told while serving: one line when a peer breaks the protocol, the stack when
 * an app fails, nothing when a client merely goes away. Everything a peer sent is escaped.
 *
 * @module
 */
import type { ProtocolError } from "../twig/errors.ts";
import type { Exchange } from "../twig/exchange.ts";
import { AppLoadError } from "./errors.ts";
import { describeError, say } from "./say.ts";

// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/** Control bytes would let a peer forge lines or drive a terminal. */
function printable(text: string): string {
  return text.replace(CONTROL, (char) => "\\x" + char.charCodeAt(0).toString(16).padStart(2, "0"));
}

/** Of an app that cannot be loaded only the cause has a stack that says anything. */
function withCause(error: unknown): string {
  if (error instanceof AppLoadError) return describeError(error);
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.stack}` : "";
  return `${error.stack ?? error}${cause}`;
}

/** The error log of one worker. */
export class ErrorLog {
  readonly #speaker: string;

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
    const answer = error.status === 0 ? "closed" : `answered ${error.status}`;
    const text = `${wire} ${peer || "peer"}: ${error.message} (${error.code}, ${answer})`;
    this.#line(printable(text.replaceAll("\n", " ")));
  }

  /**
   * An app failed.
   *
   * @param error What it threw.
   * @param exchange For which request.
   */
  appError(error: unknown, exchange: Exchange): void {
    const { method, authority, target } = exchange.wireHead;
    this.#line(printable(`${method} ${authority}${target}: ${withCause(error)}`));
  }

  /**
   * Something else went wrong.
   *
   * @param text What.
   */
  trouble(text: string): void {
    this.#line(printable(text));
  }

  #line(text: string): void {
    say(this.#speaker, `${new Date().toISOString()} ${text}`);
  }
}
