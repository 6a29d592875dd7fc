/**
 * What a connection needs of its surroundings: a socket, a worker, and both ends by name. Interfaces
 * only, so that the loop can be driven without any of them.
 *
 * @module
 */
import type { ProtocolError } from "../twig/errors.ts";
import type { Exchange } from "../twig/exchange.ts";
import type { App, Remote, ServerInfo } from "../twig/types.ts";
import type { RequestHead } from "../twig/wire.ts";
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import type { FairTurns } from "./fair_turns.ts";
import type { Limits, Timeouts } from "./limits.ts";

/** What a connection needs of a socket. `Deno.Conn` has it, and so has a pipe in memory. */
export interface Transport {
  /** Reads into `buffer`; `null` at the end of input. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some of `bytes`; returns how many. */
  write(bytes: Uint8Array): Promise<number>;
  /** Sends FIN. */
  closeWrite(): Promise<void>;
  /** Closes both ways. A pending read or write rejects. */
  close(): void;
}

/** An app as it is mounted. */
export interface MountedApp {
  /** The app. */
  readonly app: App;
  /** Largest request body in bytes. */
  readonly bodyBytes: number;
}

/** Which app serves a request; what a router answers has this shape, so that nothing is made for it. */
export interface Route {
  /** What is mounted there. */
  readonly app: MountedApp;
  /** How many characters of the path are the mount's. */
  readonly prefixLength: number;
}

/** What a connection needs of its worker. */
export interface ConnectionHost {
  /** Sizes and counts. */
  readonly limits: Limits;
  /** Deadlines. */
  readonly timeouts: Timeouts;
  /** Whether details of errors are shown to clients. */
  readonly development: boolean;
  /** Field lines that every answer gets, each ended by CRLF, such as `server`. */
  readonly extraFields: string;
  /** The worker's clock. */
  readonly clock: Clock;
  /** Whose turn it is when very many connections are busy. */
  readonly turns: FairTurns;
  /** Whether no further request is taken. */
  readonly draining: boolean;
  /** Picks the app for a request. */
  route(head: RequestHead): Route;
  /** An exchange is over; `undefined` if nobody wants to know. */
  readonly finished: ((exchange: Exchange) => void) | undefined;
  /** The peer broke the protocol. */
  protocolError(error: ProtocolError, connection: Connection): void;
  /** An app failed. */
  appError(error: unknown, exchange: Exchange): void;
  /** The connection is closed. */
  closed(connection: Connection): void;
}

/** Both ends of a connection, asked for only when an app or the log asks. */
export interface Endpoints {
  /** `http` or `fcgi`, for the log. */
  readonly wire: string;
  /** The peer's address, for the log; empty if it has none. */
  readonly peer: string;
  /** The client's end. */
  remote(head: RequestHead): Remote;
  /** The server's end. */
  server(head: RequestHead): ServerInfo;
}
