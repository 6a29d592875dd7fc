/**
 * Text cut where its lines end, however its bytes were cut on their way: what several processes print
 * to one stream must not mix within a line.
 *
 * @module
 */

/** A line that is longer is passed on in parts; characters. */
const LONGEST_LINE = 64 * 1024;

/** Puts lines together from the bytes of one process. */
export class WholeLines {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #rest = "";

  /**
   * Takes the next bytes.
   *
   * @param bytes UTF-8; what is not becomes U+FFFD.
   * @returns The lines that are whole now, each with its line feed; may be empty.
   */
  push(bytes: Uint8Array): string {
    const text = this.#rest + this.#decoder.decode(bytes, { stream: true });
    const end = text.length - text.lastIndexOf("\n") > LONGEST_LINE
      ? text.length
      : text.lastIndexOf("\n") + 1;
    this.#rest = text.slice(end);
    return text.slice(0, end);
  }

  /**
   * Ends the text.
   *
   * @returns The last line, if it had no line feed, with one; else nothing.
   */
  end(): string {
    const line = this.#rest + this.#decoder.decode();
    this.#rest = "";
    return line === "" ? "" : `${line}\n`;
  }
}
