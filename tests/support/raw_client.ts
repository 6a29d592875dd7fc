/**
 * A client that sends exactly the bytes it is told to, and reads answers strictly: what is wrong in an answer is an
 * error here, not something to be lenient about. Text stands for bytes, one code unit a byte.
 */
import { delay } from "./delay.ts";

/** A read that takes longer fails the test. */
const PATIENCE_MS = 10_000;

/** One answer, its framing undone. */
export interface RawResponse {
  readonly version: string;
  readonly status: number;
  readonly reason: string;
  /** Status line and field lines, as received. */
  readonly head: string;
  /** Field lines in order, names in lower case. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
  /** How the end of the body was known. */
  readonly framing: "none" | "length" | "chunked" | "close";
  /** Sizes of the chunks of a chunked body, without the last one. */
  readonly chunks: readonly number[];
  readonly trailers: readonly (readonly [string, string])[];
}

/** Bytes of text, one a code unit. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw new RangeError(`Cannot send ${JSON.stringify(text[i])} as one byte`);
    bytes[i] = code;
  }
  return bytes;
}

/** Text of bytes, one code unit a byte. */
export function textOf(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

/** The values of a field, in order. */
export function valuesOf(response: RawResponse, name: string): string[] {
  return response.fields.filter(([each]) => each === name).map(([, value]) => value);
}

/** The one value of a field; `undefined` if there is none. Two are an error. */
export function valueOf(response: RawResponse, name: string): string | undefined {
  const values = valuesOf(response, name);
  if (values.length > 1) throw new Error(`${name} is there ${values.length} times:\n${response.head}`);
  return values[0];
}

/** A connection to a server under test. */
export class RawClient implements Disposable {
  /** The connection, for what is not wrapped here. */
  readonly conn: Deno.TcpConn;
  #received = "";
  #ended = false;
  #buffer = new Uint8Array(64 * 1024);
  #pending: Promise<number | null> | undefined;

  constructor(conn: Deno.TcpConn) {
    this.conn = conn;
    conn.setNoDelay(true);
  }

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends all of it. */
  async send(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? bytesOf(data) : data;
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  /** Sends byte by byte, each in a packet of its own as far as the kernel lets it. */
  async drip(data: string, pauseMs = 0): Promise<void> {
    for (const byte of bytesOf(data)) {
      await this.conn.write(Uint8Array.of(byte));
      await delay(pauseMs);
    }
  }

  /** Sends FIN and goes on to read. */
  async finish(): Promise<void> {
    await this.conn.closeWrite();
  }

  /** What has been received and not been taken by a reader. */
  get received(): string {
    return this.#received;
  }

  /** Reads the next interim or final answer. */
  async response(method = "GET"): Promise<RawResponse> {
    await this.#until(() => this.#received.includes("\r\n\r\n"), "the end of a head");
    const end = this.#received.indexOf("\r\n\r\n");
    const head = this.#take(end + 4).slice(0, -2);
    const { version, status, reason } = parseStatusLine(head);
    const fields = parseFields(head.slice(head.indexOf("\r\n") + 2));
    const base = { version, status, reason, head, fields, trailers: [], chunks: [] };
    const codings = fields.filter(([name]) => name === "transfer-encoding");
    const lengths = fields.filter(([name]) => name === "content-length");
    if (codings.length + lengths.length > 1) throw new Error(`More than one framing:\n${head}`);
    if (method === "HEAD" || status < 200 || status === 204 || status === 304) {
      return { ...base, body: "", framing: "none" };
    }
    if (codings.length > 0) {
      if (codings[0]![1] !== "chunked") throw new Error(`Unknown transfer coding:\n${head}`);
      return { ...base, ...await this.#chunked() };
    }
    if (lengths.length > 0) {
      const length = lengths[0]![1];
      if (!/^(0|[1-9][0-9]*)$/.test(length)) throw new Error(`Bad content-length:\n${head}`);
      await this.#until(() => this.#received.length >= Number(length), `${length} bytes of body`);
      return { ...base, body: this.#take(Number(length)), framing: "length" };
    }
    return { ...base, body: await this.rest(), framing: "close" };
  }

  /** Everything until the server closes. */
  async rest(): Promise<string> {
    await this.#until(() => this.#ended, "the end of the connection");
    return this.#take(this.#received.length);
  }

  /** Whether the server closes, within so many milliseconds, without sending anything more. */
  async closes(withinMs = PATIENCE_MS): Promise<boolean> {
    const until = Date.now() + withinMs;
    while (!this.#ended && this.#received === "" && Date.now() < until) await this.#fill(until - Date.now());
    return this.#ended && this.#received === "";
  }

  /** Waits until that much text has been received. */
  async receives(text: string): Promise<void> {
    await this.#until(() => this.#received.includes(text), JSON.stringify(text));
  }

  /** Closes. */
  close(): void {
    this[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch {
      // Closed already.
    }
  }

  async #chunked(): Promise<Pick<RawResponse, "body" | "framing" | "chunks" | "trailers">> {
    const chunks: number[] = [];
    let body = "";
    for (;;) {
      const line = await this.#line();
      if (!/^[0-9a-f]+$/.test(line)) throw new Error(`Bad chunk size: ${JSON.stringify(line)}`);
      const size = parseInt(line, 16);
      if (size === 0) break;
      await this.#until(() => this.#received.length >= size + 2, `a chunk of ${size} bytes`);
      body += this.#take(size);
      if (this.#take(2) !== "\r\n") throw new Error("A chunk does not end with CRLF");
      chunks.push(size);
    }
    let trailers = "";
    for (let line = await this.#line(); line !== ""; line = await this.#line()) trailers += line + "\r\n";
    return { body, framing: "chunked", chunks, trailers: parseFields(trailers) };
  }

  async #line(): Promise<string> {
    await this.#until(() => this.#received.includes("\r\n"), "the end of a line");
    return this.#take(this.#received.indexOf("\r\n") + 2).slice(0, -2);
  }

  #take(size: number): string {
    const taken = this.#received.slice(0, size);
    this.#received = this.#received.slice(size);
    return taken;
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (!holds()) {
      const state = () => `after ${JSON.stringify(this.#received.slice(0, 500))}`;
      if (this.#ended) throw new Error(`The server closed before ${what}, ${state()}`);
      if (Date.now() >= until) throw new Error(`The server did not send ${what}, ${state()}`);
      await this.#fill(until - Date.now());
    }
  }

  /** One read, given up for now after so many milliseconds: a socket's read cannot be taken back. */
  async #fill(patienceMs: number): Promise<void> {
    this.#pending ??= this.conn.read(this.#buffer).catch((error) => {
      // A reset after the answer is an end as well; what came before it counts.
      if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.Interrupted) {
        return null;
      }
      if (error instanceof Deno.errors.BadResource) return null;
      throw error;
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), patienceMs));
    const size = await Promise.race([this.#pending, late]);
    clearTimeout(timer);
    if (size === "late") return;
    this.#pending = undefined;
    if (size === null) this.#ended = true;
    else this.#received += textOf(this.#buffer.subarray(0, size));
  }
}

function parseStatusLine(head: string): { version: string; status: number; reason: string } {
  const match = /^(HTTP\/1\.1) ([1-9][0-9]{2}) ([\t\x20-\x7e\x80-\xff]*)\r\n/.exec(head);
  if (match === null) throw new Error(`Bad status line:\n${head}`);
  return { version: match[1]!, status: Number(match[2]), reason: match[3]! };
}

function parseFields(lines: string): (readonly [string, string])[] {
  return lines.split("\r\n").slice(0, -1).map((line) => {
    const match = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (match === null) throw new Error(`Bad field line: ${JSON.stringify(line)}`);
    return [match[1]!.toLowerCase(), match[2]!] as const;
  });
}
