/**
 * What an {@linkcode Exchange} needs of whatever carries its bytes: a connection, a fetch host, a test. An exchange
 * knows neither sockets nor wires, and a carrier knows nothing of apps.
 *
 * @module
 */
import type { Exchange } from "./exchange.ts";
import type { Chunk, Remote, ServerInfo } from "./types.ts";

/** What carries exchanges: it encodes and sends what they answer, and feeds their bodies. */
export interface Carrier {
  /** The app waits for body bytes; push some now if there are any. */
  wantBody(exchange: Exchange): void;
  /** As {@linkcode WireProtocol.informational}, sent at once. */
  informational(exchange: Exchange, status: number, fields: string): void;
  /** As {@linkcode WireProtocol.head}. */
  head(
    exchange: Exchange,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
  ): void;
  /** As {@linkcode WireProtocol.data}. */
  data(exchange: Exchange, chunk: Chunk): number;
  /** As {@linkcode WireProtocol.end}; the exchange is over. */
  end(exchange: Exchange, trailers: string): void;
  /** As {@linkcode WireProtocol.whole}; the exchange is over. Sets the `sentBytes` of its output. */
  whole(
    exchange: Exchange,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
    chunk: Chunk,
  ): void;
  /** As {@linkcode WireProtocol.cut}; the exchange is over. */
  cut(exchange: Exchange): void;
  /** Sends what is encoded: the app waits. */
  flush(): void;
  /**
   * `undefined` if more may be encoded now; else resolves when the peer has taken enough.
   *
   * @param all Wait until everything is written, for memory that is about to change.
   */
  drained(all: boolean): Promise<void> | undefined;
  /** Takes no further request after this one. */
  closeAfter(): void;
  /** An app failed or broke the contract: tell the log. Does not throw, for the answer is still to be sent. */
  report(exchange: Exchange, error: unknown): void;
  /** The client's end. */
  remoteOf(exchange: Exchange): Remote;
  /** The server's end. */
  serverOf(exchange: Exchange): ServerInfo;
  /** Whether others answer on the same wire meanwhile, so that large chunks have to leave in pieces. */
  readonly shared: boolean;
  /** Whether details of errors are shown to the client. */
  readonly development: boolean;
}
