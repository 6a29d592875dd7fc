/**
 * Where a request's body ends (RFC 9112 §6): what a decoder has to offer, and the simple one, which counts
 * to `Content-Length`. The other is in `chunked.ts`.
 *
 * A decoder says how many bytes of body stand next in the input; whoever asked takes or drops them there
 * and says so. So the same decoder serves an app that reads, a body that nobody wants, and a look ahead.
 *
 * @module
 */
import type { InputBuffer } from "../../twig/input_buffer.ts";
import { ProtocolError } from "../../twig/errors.ts";
import type { HeaderFields } from "../../twig/headers.ts";

/** Finds a body in the input. */
export interface BodyDecoder {
  /** Whether the body, with all that belongs to its framing, has been passed. */
  readonly done: boolean;
  /** Body bytes that are certain to come; of a chunked body those of the current chunk. */
  readonly expected: number;
  /** Trailer fields, once `done`; `undefined` if there were none. */
  readonly trailers: HeaderFields | undefined;

  /**
   * Passes framing until it meets data.
   *
   * @param input The received bytes; framing is consumed.
   * @returns How many bytes of data begin at `input.start`; 0 if `done` or if more input is needed.
   * @throws {ProtocolError} 400 if the framing is broken; 413 or 431 if a limit is.
   */
  ready(input: InputBuffer): number;

  /**
   * Says that data has been taken out of the input.
   *
   * @param size How many bytes; at most what `ready` returned.
   */
  consumed(size: number): void;

  /**
   * Looks at what has arrived beyond the current position, and changes nothing.
   *
   * @param input The received bytes.
   * @param ended Whether no more will come.
   * @returns The error that reading on will meet, or `undefined`.
   */
  foresee(input: InputBuffer, ended: boolean): ProtocolError | undefined;
}

/** What is wrong with a body if the input ends within it (RFC 9112 §8). */
export function cutShort(): ProtocolError {
  return new ProtocolError(400, "cut-short", "Cannot read request body: the input ends within it");
}

/** A body of known length. */
export class LengthBody implements BodyDecoder {
  /** Bytes that are still to come. */
  expected: number;
  /** Always `undefined`: only chunked bodies have trailers. */
  readonly trailers: undefined;

  /**
   * Begins to count.
   *
   * @param length The body's length in bytes.
   */
  constructor(length: number) {
    this.expected = length;
  }

  /** Whether all bytes have been taken. */
  get done(): boolean {
    return this.expected === 0;
  }

  /** As {@linkcode BodyDecoder}. */
  ready(input: InputBuffer): number {
    return Math.min(this.expected, input.length);
  }

  /** As {@linkcode BodyDecoder}. */
  consumed(size: number): void {
    this.expected -= size;
  }

  /** As {@linkcode BodyDecoder}. In bytes that are only counted nothing can be wrong but their number. */
  foresee(input: InputBuffer, ended: boolean): ProtocolError | undefined {
    return ended && input.length < this.expected ? cutShort() : undefined;
  }
}
