/**
 * A FastCGI web server's end of a connection: sends exactly the records it is told to, and reads answers strictly. What
 * is wrong in an answer is an error here. Text stands for bytes, one code unit a byte.
 *
 * Written against FastCGI 1.0 and not against `fcgi/`: it shares the slow twin of the codec with the unit tests, and
 * nothing with the server.
 */
import type { ListenAddress } from "../../server/settings.ts";
import { delay } from "./delay.ts";
import { bytesOf, concat, slowPair, slowRecord, textOf } from "./slow_fcgi_records.ts";

/** A read that takes longer fails the test. */
const PATIENCE_MS = 15_000;

/** Record types (§8). */
export const TYPE = {
  begin: 1,
  abort: 2,
  end: 3,
  params: 4,
  stdin: 5,
  stdout: 6,
  stderr: 7,
  data: 8,
  getValues: 9,
  getValuesResult: 10,
  unknown: 11,
} as const;

/** Protocol statuses of END_REQUEST (§5.5). */
export const STATUS = { complete: 0, cannotMultiplex: 1, overloaded: 2, unknownRole: 3 } as const;

/** Variables of a request, in order; a list may have names twice. */
export type Variables = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** A record as received. */
export interface Received {
  readonly type: number;
  readonly id: number;
  readonly content: Uint8Array;
}

/** A whole answer of one request. */
export interface FcgiAnswer {
  /** The number in the `Status` line; 0 if nothing came on STDOUT. */
  readonly status: number;
  /** The field lines before the empty line, in order, names in lower case, without `Status`. */
  readonly fields: readonly (readonly [string, string])[];
  readonly body: string;
  /** `protocolStatus` of END_REQUEST. */
  readonly protocolStatus: number;
  /** `appStatus` of END_REQUEST. */
  readonly appStatus: number;
}

/** BEGIN_REQUEST. */
export function begin(
  id = 1,
  { keep = true, role = 1, flags }: { keep?: boolean; role?: number; flags?: number } = {},
): Uint8Array {
  flags ??= keep ? 1 : 0;
  return slowRecord(TYPE.begin, id, Uint8Array.of(role >> 8, role & 255, flags, 0, 0, 0, 0, 0));
}

/** Name-value pairs, encoded. */
export function pairs(variables: Variables): Uint8Array {
  const list = Array.isArray(variables) ? variables : Object.entries(variables);
  return concat(list.map(([name, value]) => slowPair(name, value)));
}

/** PARAMS, with its end. */
export function params(variables: Variables, id = 1): Uint8Array {
  return concat([...stream(TYPE.params, id, pairs(variables)), slowRecord(TYPE.params, id, NOTHING)]);
}

/** STDIN, without its end. */
export function stdin(data: string | Uint8Array, id = 1): Uint8Array {
  return concat(stream(TYPE.stdin, id, typeof data === "string" ? bytesOf(data) : data));
}

/** The end of STDIN. */
export function stdinEnd(id = 1): Uint8Array {
  return slowRecord(TYPE.stdin, id, NOTHING);
}

/** ABORT_REQUEST. */
export function abort(id = 1): Uint8Array {
  return slowRecord(TYPE.abort, id, NOTHING);
}

/** GET_VALUES. */
export function getValues(...names: string[]): Uint8Array {
  return slowRecord(TYPE.getValues, 0, pairs(names.map((name) => [name, ""] as const)));
}

/** Variables of a GET request, and what is different. */
export function get(uri = "/", more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return {
    REQUEST_METHOD: "GET",
    REQUEST_URI: uri,
    SERVER_PROTOCOL: "HTTP/1.1",
    HTTP_HOST: "example.test",
    ...more,
  };
}

/** Variables of a POST request with so many bytes of body; `undefined` sends no CONTENT_LENGTH. */
export function post(
  length: number | undefined,
  uri = "/",
  more: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const declared = length === undefined ? {} : { CONTENT_LENGTH: String(length) };
  return get(uri, { REQUEST_METHOD: "POST", ...declared, ...more });
}

/** All records of a request: BEGIN, PARAMS, STDIN and both ends. */
export function request(
  variables: Variables = get(),
  { id = 1, keep = true, body = "" }: { id?: number; keep?: boolean; body?: string | Uint8Array } = {},
): Uint8Array {
  return concat([begin(id, { keep }), params(variables, id), stdin(body, id), stdinEnd(id)]);
}

const NOTHING = new Uint8Array(0);

function stream(type: number, id: number, content: Uint8Array): Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let at = 0; at < content.length; at += 65535) {
    records.push(slowRecord(type, id, content.subarray(at, at + 65535)));
  }
  return records;
}

/** The values of a field, in order. */
export function valuesOf(answer: FcgiAnswer, name: string): string[] {
  return answer.fields.filter(([each]) => each === name).map(([, value]) => value);
}

/** A connection to a server under test. */
export class FcgiClient implements Disposable {
  /** The connection, for what is not wrapped here. */
  readonly conn: Deno.Conn;
  /** How many reads it took so far to get what was received. */
  reads = 0;
  #bytes = new Uint8Array(128 * 1024);
  #start = 0;
  #end = 0;
  #ended = false;
  #pending: Promise<number | null> | undefined;
  readonly #chunk = new Uint8Array(64 * 1024);
  readonly #stdout = new Map<number, Uint8Array[]>();
  readonly #answers = new Map<number, FcgiAnswer>();
  readonly #management: Received[] = [];

  constructor(conn: Deno.Conn) {
    this.conn = conn;
    if (conn.remoteAddr.transport === "tcp") (conn as Deno.TcpConn).setNoDelay(true);
  }

  /** Connects to where a server listens. */
  static async connect(address: ListenAddress | undefined): Promise<FcgiClient> {
    if (address === undefined) throw new TypeError("There is no such listener");
    if (address.transport === "unix") {
      return new FcgiClient(await Deno.connect({ transport: "unix", path: address.path }));
    }
    if (address.transport === "fd") throw new TypeError("What was inherited does not tell where it is");
    return new FcgiClient(await Deno.connect({ hostname: address.hostname, port: address.port }));
  }

  /** Whether the server has closed, as far as it has been read. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends all of it. */
  async send(...pieces: readonly Uint8Array[]): Promise<void> {
    let rest: Uint8Array = pieces.length === 1 ? pieces[0]! : concat(pieces);
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  /** Sends all of it in pieces of so many bytes, each on its own way as far as the kernel lets it. */
  async drip(bytes: Uint8Array, size = 1): Promise<void> {
    for (let at = 0; at < bytes.length; at += size) {
      await this.send(bytes.subarray(at, at + size));
      await delay(0);
    }
  }

  /** Sends FIN and goes on to read. */
  async finish(): Promise<void> {
    await this.conn.closeWrite();
  }

  /** Sends a request and reads its answer. */
  async ask(
    variables: Variables = get(),
    options: { id?: number; keep?: boolean; body?: string | Uint8Array } = {},
  ): Promise<FcgiAnswer> {
    await this.send(request(variables, options));
    return await this.answer(options.id);
  }

  /** Reads until a request is answered. Records of other ids are kept for later. */
  async answer(id = 1): Promise<FcgiAnswer> {
    for (;;) {
      const answer = this.#answers.get(id);
      if (answer !== undefined) {
        this.#answers.delete(id);
        return answer;
      }
      await this.#takeIn(`END_REQUEST of ${id}`);
    }
  }

  /** Reads until the next management record. */
  async management(): Promise<Received> {
    for (;;) {
      const record = this.#management.shift();
      if (record !== undefined) return record;
      await this.#takeIn("a management record");
    }
  }

  /** Reads until so much text has come on STDOUT of a request that has not ended. */
  async receives(text: string, id = 1): Promise<void> {
    while (!textOf(concat(this.#stdout.get(id) ?? [])).includes(text)) {
      if (this.#answers.has(id)) throw new Error(`The answer ended without ${JSON.stringify(text)}`);
      await this.#takeIn(JSON.stringify(text));
    }
  }

  /** What has come so far on STDOUT of a request that has not ended. */
  stdoutOf(id = 1): string {
    return textOf(concat(this.#stdout.get(id) ?? []));
  }

  /** Which requests have been answered, and nobody has asked for the answers yet. */
  get answered(): number[] {
    return [...this.#answers.keys()];
  }

  /** The next record; `undefined` when the server has closed. */
  async next(what = "a record"): Promise<Received | undefined> {
    while (this.#end - this.#start < 8 || this.#end - this.#start < this.#recordSize()) {
      if (!this.#ended) await this.#fill(what);
      else if (this.#end === this.#start) return undefined;
      else throw new Error("The server closed inside a record");
    }
    const at = this.#start;
    const size = this.#recordSize();
    const header = new DataView(this.#bytes.buffer, at, 8);
    this.#start += size;
    if (header.getUint8(0) !== 1) throw new Error(`A record has version ${header.getUint8(0)}`);
    const content = this.#bytes.slice(at + 8, at + 8 + header.getUint16(4));
    const padding = this.#bytes.subarray(at + 8 + content.length, at + size);
    if (padding.some((byte) => byte !== 0)) throw new Error("Padding is not zero");
    return { type: header.getUint8(1), id: header.getUint16(2), content };
  }

  /** All records until the server closes. */
  async rest(): Promise<Received[]> {
    const records: Received[] = [];
    for (let record = await this.next(); record !== undefined; record = await this.next()) {
      records.push(record);
    }
    return records;
  }

  /** Reads until the server closes, which has to be without one more record. A reset is a close, too. */
  async closes(): Promise<void> {
    const record = await this.next("the end of the connection");
    if (record !== undefined) {
      throw new Error(`The server sent a record of type ${record.type} of ${record.id}`);
    }
  }

  /** Whether nothing at all happens for so many milliseconds: no record, no end of the connection. */
  async silent(milliseconds: number): Promise<boolean> {
    if (this.#end > this.#start || this.#ended) return false;
    const before = this.reads;
    await this.#fill("", milliseconds);
    return this.reads === before && !this.#ended;
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

  #recordSize(): number {
    const header = new DataView(this.#bytes.buffer, this.#start, 8);
    return 8 + header.getUint16(4) + header.getUint8(6);
  }

  async #takeIn(what: string): Promise<void> {
    const record = await this.next(what);
    if (record === undefined) throw new Error(`The server closed before ${what}`);
    if (record.id === 0) return void this.#management.push(record);
    if (record.type === TYPE.end) return this.#finishAnswer(record);
    // Nothing on STDERR may be said by an empty record, once (§6.2).
    if (record.type === TYPE.stderr && record.content.length === 0) return;
    if (record.type !== TYPE.stdout) throw new Error(`A record of type ${record.type} came`);
    const pieces = this.#stdout.get(record.id) ?? [];
    if (pieces.at(-1)?.length === 0) throw new Error("STDOUT goes on after its end");
    pieces.push(record.content);
    this.#stdout.set(record.id, pieces);
  }

  #finishAnswer({ id, content }: Received): void {
    if (content.length !== 8) throw new Error(`END_REQUEST has ${content.length} bytes`);
    if (this.#answers.has(id)) throw new Error(`END_REQUEST of ${id} came twice`);
    const pieces = this.#stdout.get(id);
    this.#stdout.delete(id);
    if (pieces !== undefined && pieces.at(-1)!.length !== 0 && content[4] === 0) {
      throw new Error("END_REQUEST came before the end of STDOUT");
    }
    const appStatus = new DataView(content.buffer, content.byteOffset).getUint32(0);
    this.#answers.set(id, { ...parseAnswer(concat(pieces ?? [])), appStatus, protocolStatus: content[4]! });
  }

  /** One read; given up for now after so many milliseconds, for a socket's read cannot be taken back. */
  async #fill(what: string, patience?: number): Promise<void> {
    this.#pending ??= this.conn.read(this.#chunk).catch((error) => {
      if (error instanceof Deno.errors.ConnectionReset) return null;
      throw error;
    });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) =>
      timer = setTimeout(() => resolve("late"), patience ?? PATIENCE_MS)
    );
    const size = await Promise.race([this.#pending, late]);
    clearTimeout(timer);
    if (size === "late") {
      if (patience === undefined) throw new Error(`The server did not send ${what}`);
      return;
    }
    this.#pending = undefined;
    if (size === null) this.#ended = true;
    else this.#append(this.#chunk.subarray(0, size));
    this.reads++;
  }

  #append(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) {
      this.#bytes.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end + bytes.length > this.#bytes.length) {
      throw new Error("A record is too large for this client");
    }
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }
}

/** Takes CGI's form apart (RFC 3875 §6.3), strictly: one `Status`, lines ended by CRLF. */
function parseAnswer(stdout: Uint8Array): Pick<FcgiAnswer, "status" | "fields" | "body"> {
  if (stdout.length === 0) return { status: 0, fields: [], body: "" };
  const text = textOf(stdout);
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) throw new Error(`An answer has no end of its head: ${JSON.stringify(text.slice(0, 200))}`);
  const lines = text.slice(0, end).split("\r\n").map((line) => {
    const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+): ?([\t\x20-\x7e\x80-\xff]*)$/.exec(line);
    if (field === null) throw new Error(`Bad field line: ${JSON.stringify(line)}`);
    return [field[1]!.toLowerCase(), field[2]!] as const;
  });
  const [status, ...others] = lines.filter(([name]) => name === "status").map(([, value]) => value);
  const match = /^([1-9][0-9]{2}) /.exec(status ?? "");
  if (match === null || others.length > 0) {
    throw new Error(`Bad status: ${JSON.stringify(text.slice(0, end))}`);
  }
  const fields = lines.filter(([name]) => name !== "status");
  return { status: Number(match[1]), fields, body: text.slice(end + 4) };
}
