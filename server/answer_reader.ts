/**
 * Reads one HTTP/1.1 answer from our own server, for `archangel fetch`: interim answers skipped, head
 * split off, chunked framing undone, the body handed on as it comes. It trusts the framing, for the
 * other side is this very program; it is no client for the open network.
 *
 * RFC 9112 §4 (status line), §6 (body), §7.1 (chunked).
 *
 * @module
 */

/** Hears of the answer as it comes. */
export interface AnswerListener {
  /** The head is here: status, and the head's text with its line ends. */
  head(status: number, text: string): void;
  /** A piece of the body. */
  body(bytes: Uint8Array): void;
}

const CRLF = [13, 10];
const EMPTY_LINE = [13, 10, 13, 10];
const decoder = new TextDecoder("latin1");

/** One answer. Give it bytes as they come, then ask whether it was complete. */
export class AnswerReader {
  readonly #listener: AnswerListener;
  readonly #isHead: boolean;
  #input: Uint8Array = new Uint8Array();
  #state: "head" | "length" | "chunk-size" | "chunk" | "chunk-end" | "trailers" | "until-close" | "done" =
    "head";
  #left = 0;

  /**
   * @param listener Hears of head and body.
   * @param method The request's method: an answer to HEAD has no body.
   */
  constructor(listener: AnswerListener, method: string) {
    this.#listener = listener;
    this.#isHead = method === "HEAD";
  }

  /** Whether the answer has ended where its framing says, which a cut answer has not. */
  get complete(): boolean {
    return this.#state === "done" || this.#state === "until-close";
  }

  /**
   * Takes the next bytes.
   *
   * @param bytes Bytes as the server wrote them.
   */
  push(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.#input.length + bytes.length);
    joined.set(this.#input);
    joined.set(bytes, this.#input.length);
    this.#input = joined;
    while (this.#step());
  }

  /** Does one thing; `false` if that needs more input. */
  #step(): boolean {
    switch (this.#state) {
      case "head":
        return this.#head();
      case "length":
      case "chunk":
        return this.#counted();
      case "chunk-size":
        return this.#chunkSize();
      case "chunk-end":
        return this.#line(() => this.#state = "chunk-size");
      case "trailers":
        return this.#line((line) => this.#state = line === "" ? "done" : "trailers");
      case "until-close":
        return this.#body(this.#input.length);
      case "done":
        return false;
    }
  }

  #head(): boolean {
    const end = indexOf(this.#input, EMPTY_LINE);
    if (end < 0) return false;
    const text = decoder.decode(this.#input.subarray(0, end + 4));
    this.#input = this.#input.subarray(end + 4);
    const status = Number(text.slice(9, 12));
    if (status < 200) return true;
    this.#listener.head(status, text);
    this.#frame(status, text);
    return true;
  }

  #frame(status: number, text: string): void {
    const length = /^content-length: *(\d+)/mi.exec(text);
    if (this.#isHead || status === 204 || status === 304) this.#state = "done";
    else if (/^transfer-encoding: *chunked/mi.test(text)) this.#state = "chunk-size";
    else if (length === null) this.#state = "until-close";
    else {
      this.#left = Number(length[1]);
      this.#state = this.#left === 0 ? "done" : "length";
    }
  }

  #counted(): boolean {
    const size = Math.min(this.#left, this.#input.length);
    this.#left -= size;
    const more = this.#body(size);
    if (this.#left === 0) this.#state = this.#state === "chunk" ? "chunk-end" : "done";
    return more;
  }

  #body(size: number): boolean {
    if (size === 0) return false;
    this.#listener.body(this.#input.subarray(0, size));
    this.#input = this.#input.subarray(size);
    return true;
  }

  #chunkSize(): boolean {
    return this.#line((line) => {
      this.#left = parseInt(line, 16);
      this.#state = this.#left === 0 ? "trailers" : "chunk";
    });
  }

  #line(take: (line: string) => void): boolean {
    const end = indexOf(this.#input, CRLF);
    if (end < 0) return false;
    const line = decoder.decode(this.#input.subarray(0, end));
    this.#input = this.#input.subarray(end + 2);
    take(line);
    return true;
  }
}

function indexOf(bytes: Uint8Array, wanted: readonly number[]): number {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}
