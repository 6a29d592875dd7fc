/**
 * What all connections of one process share: settings, clock, logs, and how many there may be.
 *
 * It counts connections, lets them finish and ends them; it knows neither how one came nor what it says.
 *
 * @module
 */
import type { ProtocolError } from "../twig/errors.ts";
import type { Exchange } from "../twig/exchange.ts";
import { limitOpenFiles } from "../twig/files.ts";
import type { RequestHead, WireProtocol } from "../twig/wire.ts";
import type { AccessLog } from "./access_log.ts";
import { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHost, Endpoints, Route, Transport } from "./connection_host.ts";
import { connectionsWithin, descriptorLimit, filesWithin } from "./descriptors.ts";
import type { ErrorLog } from "./error_log.ts";
import { FairTurns } from "./fair_turns.ts";
import type { Limits, Timeouts } from "./limits.ts";
import type { Mounts } from "./mounts.ts";
import type { Settings } from "./settings.ts";

/** Below this share of the most connections it is news when there is no room again. */
const EASED = 1 / 2;

/** What all connections of one process share. */
export class ProcessHost implements ConnectionHost {
  /** Sizes and counts. */
  limits!: Limits;
  /** Deadlines. */
  timeouts!: Timeouts;
  /** Whether details of errors are shown to clients. */
  development!: boolean;
  /** Field lines that every answer gets. */
  extraFields!: string;
  /** The clock. */
  readonly clock: Clock = new Clock();
  /** Whose turn it is when very many connections are busy. */
  readonly turns: FairTurns = new FairTurns();
  /** Whether no further request is taken. */
  draining = false;
  /** Hears of finished exchanges, if there is an access log. */
  finished: ((exchange: Exchange) => void) | undefined;

  #mounts!: Mounts;
  readonly #errors: ErrorLog;
  readonly #connections = new Set<Connection>();
  /** How many connections the descriptors of this process allow. */
  readonly #connectionsAllowed: number;
  #whenRoom: PromiseWithResolvers<void> | undefined;
  /** It has been said that there is no room. */
  #toldFull = false;
  #whenEmpty: PromiseWithResolvers<void> | undefined;

  /**
   * @param settings Limits, deadlines and the rest.
   * @param mounts The apps.
   * @param errors The error log.
   * @param access The access log, if there is one.
   */
  constructor(settings: Settings, mounts: Mounts, errors: ErrorLog, access: AccessLog | undefined) {
    this.#errors = errors;
    const descriptors = descriptorLimit();
    this.#connectionsAllowed = connectionsWithin(descriptors);
    limitOpenFiles(filesWithin(descriptors));
    this.use(settings, mounts, access);
  }

  /**
   * Serves something else from the next request on.
   *
   * @param settings Limits, deadlines and the rest.
   * @param mounts The apps.
   * @param access The access log, if there is one.
   */
  use(settings: Settings, mounts: Mounts, access: AccessLog | undefined): void {
    this.limits = settings.limits;
    this.timeouts = settings.timeouts;
    this.development = settings.development;
    this.extraFields = settings.serverName === "" ? "" : `server: ${settings.serverName}\r\n`;
    this.#mounts = mounts;
    this.finished = access && ((exchange) => access.add(exchange, performance.now()));
  }

  /** As {@linkcode Mounts.route}. */
  route(head: RequestHead): Route {
    return this.#mounts.route(head);
  }

  /**
   * Serves a connection until it is closed.
   *
   * @param transport The socket.
   * @param core The protocol.
   * @param ends Both ends.
   * @returns Resolves when it is closed.
   */
  serve(transport: Transport, core: WireProtocol, ends: Endpoints): Promise<void> {
    const connection = new Connection(transport, core, this, ends);
    this.#connections.add(connection);
    this.clock.tick();
    return connection.run();
  }

  /** Resolves when one more connection may be taken; `undefined` if it may now. */
  room(): Promise<void> | undefined {
    if (this.#connections.size < this.#most) return undefined;
    this.#tellFull();
    this.#whenRoom ??= Promise.withResolvers();
    return this.#whenRoom.promise;
  }

  get #most(): number {
    return Math.min(this.limits.connections, this.#connectionsAllowed);
  }

  /** To clients it looks as if nobody were there, and nothing else in the logs would say why. */
  #tellFull(): void {
    if (this.#toldFull) return;
    this.#toldFull = true;
    const most = this.#most;
    const reason = most === this.limits.connections
      ? "limits.connections"
      : "the limit of open files (ulimit -n)";
    this.#errors.trouble(
      `${most.toLocaleString("en-US")} connections are open, as many as ${reason} allows: further ones wait`,
    );
  }

  /** A connection is closed. */
  closed(connection: Connection): void {
    this.#connections.delete(connection);
    if (this.#connections.size < this.#most * EASED) this.#toldFull = false;
    this.#whenRoom?.resolve();
    this.#whenRoom = undefined;
    if (this.#connections.size === 0) this.#whenEmpty?.resolve();
  }

  /** The peer broke the protocol. */
  protocolError(error: ProtocolError, connection: Connection): void {
    this.#errors.protocolError(error, connection.ends.wire, connection.ends.peer);
  }

  /** An app failed. */
  appError(error: unknown, exchange: Exchange): void {
    this.#errors.appError(error, exchange);
  }

  /** Lets every connection finish; resolves when the last one is closed. */
  drain(stopping: boolean): Promise<void> {
    this.draining = true;
    for (const connection of this.#connections) connection.drain(stopping);
    if (this.#connections.size === 0) return Promise.resolve();
    this.#whenEmpty ??= Promise.withResolvers();
    return this.#whenEmpty.promise;
  }

  /** Closes every connection now. */
  stop(): void {
    this.draining = true;
    for (const connection of [...this.#connections]) connection.close();
  }
}
