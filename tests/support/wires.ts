/**
 * Serves one app over real protocol cores and the real connection loop, with a pipe in memory in
 * place of the socket.
 *
 * @module
 */
import { FcgiCore } from "../../fcgi/mod.ts";
import { Clock } from "../../server/clock.ts";
import { Connection } from "../../server/connection.ts";
import type { ConnectionHost } from "../../server/connection_host.ts";
import { type Addresses, FcgiEndpoints, HttpEndpoints } from "../../server/endpoints.ts";
import { FairTurns } from "../../server/fair_turns.ts";
import { HttpCore } from "../../server/http/mod.ts";
import { MemoryTransport } from "../../server/in_process.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import type { App } from "../../twig/mod.ts";
import type { WireProtocol } from "../../twig/wire.ts";
import { delay } from "./delay.ts";
import { bytesOf, concat, slowPair, slowRecord, slowRecords, textOf } from "./slow_fcgi_records.ts";

const LOOPBACK: Addresses = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 50000 },
  localAddr: { transport: "tcp", hostname: "127.0.0.1", port: 8000 },
};

/** A client's side of a connection. */
export class Wire {
  readonly #pieces: Uint8Array[] = [];
  readonly #transport = new MemoryTransport((bytes) => this.#pieces.push(bytes));
  readonly #closed: Promise<void>;
  /** What the server would have logged. */
  readonly errors: unknown[] = [];

  constructor(app: App, core: WireProtocol, fcgi: boolean) {
    const host: ConnectionHost = {
      limits: DEFAULT_LIMITS,
      timeouts: DEFAULT_TIMEOUTS,
      development: false,
      extraFields: "",
      clock: new Clock(),
      turns: new FairTurns(),
      draining: false,
      route: () => ({ app: { app, bodyBytes: DEFAULT_LIMITS.bodyBytes }, prefixLength: 0 }),
      finished: undefined,
      protocolError: (error) => this.errors.push(error),
      appError: (error) => this.errors.push(error),
      closed: () => {},
    };
    const ends = fcgi ? new FcgiEndpoints(LOOPBACK) : new HttpEndpoints(LOOPBACK);
    this.#closed = new Connection(this.#transport, core, host, ends).run();
  }

  /** What the server has written so far. */
  get received(): Uint8Array {
    return concat(this.#pieces);
  }

  /** The same, one character a byte. */
  get text(): string {
    return textOf(this.received);
  }

  /** How many writes that were. */
  get writes(): number {
    return this.#pieces.length;
  }

  /** Whether the server has sent its FIN, or closed. */
  get finished(): boolean {
    return this.#transport.finished;
  }

  /** Sends text of code units below 256, or bytes. */
  send(data: string | Uint8Array): void {
    this.#transport.send(typeof data === "string" ? bytesOf(data) : data);
  }

  /** Waits for the server's FIN, and answers it with its own as clients do; @returns what the server has written. */
  async closed(): Promise<string> {
    while (!this.finished) await delay(1);
    await this.end();
    return this.text;
  }

  /** Sends FIN and waits until the server has closed. */
  async end(): Promise<void> {
    this.#transport.send(null);
    await this.#closed;
  }
}

/** An HTTP connection to `app`. */
export function overHttp(app: App): Wire {
  return new Wire(app, new HttpCore(DEFAULT_LIMITS), false);
}

/** A FastCGI connection to `app`, as a front end has it. */
export function overFcgi(app: App): Wire {
  return new Wire(app, new FcgiCore(DEFAULT_LIMITS), true);
}

/** The records of one FastCGI request, which asks for the connection to be closed after it. */
export function fcgiRequest(params: Readonly<Record<string, string>>, body = ""): Uint8Array {
  const pairs = concat(Object.entries(params).map(([name, value]) => slowPair(name, value)));
  return concat([
    slowRecord(1, 1, Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0)),
    slowRecord(4, 1, pairs),
    slowRecord(4, 1, new Uint8Array()),
    ...(body === "" ? [] : [slowRecord(5, 1, bytesOf(body))]),
    slowRecord(5, 1, new Uint8Array()),
  ]);
}

/** What a front end gets: the text of STDOUT, and whether END_REQUEST came. */
export function fcgiAnswer(bytes: Uint8Array): { readonly stdout: string; readonly ended: boolean } {
  const records = slowRecords(bytes);
  return {
    stdout: records.filter(({ type }) => type === 6).map(({ content }) => textOf(content)).join(""),
    ended: records.some(({ type }) => type === 3),
  };
}
