/**
 * Everything that one process serves, put together: apps, router, listeners, connections, logs. A
 * worker runs one; a program that imports Archangel can run one in its own process.
 *
 * @module
 */
import type { ProtocolError } from "../twig/errors.ts";
import { HttpError } from "../twig/errors.ts";
import type { Exchange } from "../twig/exchange.ts";
import type { App } from "../twig/types.ts";
import type { RequestHead, WireProtocol } from "../twig/wire.ts";
import { Router } from "../router/mod.ts";
import { formatAddress } from "./address.ts";
import { type AccessLog, openAccessLog } from "./access_log.ts";
import { HostedApp, loadEach } from "./app_host.ts";
import { Clock } from "./clock.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHost, Endpoints, MountedApp, Route, Transport } from "./connection_host.ts";
import { type Addresses, FcgiEndpoints, HttpEndpoints } from "./endpoints.ts";
import { connectionsWithin, descriptorLimit } from "./descriptors.ts";
import { FairTurns } from "./fair_turns.ts";
import { ErrorLog } from "./error_log.ts";
import { HttpCore } from "./http/mod.ts";
import type { Limits, Timeouts } from "./limits.ts";
import { listen, type Listener } from "./listener.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import type { WaitingSocket } from "./unix_socket.ts";
import { WebServers } from "./web_servers.ts";

/** How one process serves. */
export interface ServiceOptions {
  /** Whether other workers bind the same ports. Default `false`. */
  readonly reusePort?: boolean;
  /** The worker's number, for messages and for `{worker}` in a Unix path. Default 1. */
  readonly worker?: number;
  /** Paths of Unix sockets that an older generation holds, and that are taken over. Default: none. */
  readonly held?: readonly string[];
  /** Whether Unix sockets wait beside their paths until the supervisor moves them. Default `false`. */
  readonly wait?: boolean;
  /** Load every app before serving, as a reload does: a broken one must not replace a good one. */
  readonly loadAll?: boolean;
  /** Apps that are functions of this program and not modules, by name. Default: none. */
  readonly functions?: Functions;
}

/** Apps that are functions of this program, by name. */
export type Functions = Readonly<Record<string, App>>;

/** What one process serves. */
export interface Service {
  /** The addresses as bound, with the ports that the kernel chose. */
  readonly addresses: readonly ListenAddress[];
  /** Unix sockets that are not in their places yet. */
  readonly waiting: readonly WaitingSocket[];
  /**
   * Takes nothing new, finishes what is in flight. Resolves when that is done, or cut at
   * `timeouts.drain`. Calling it again waits for the same.
   *
   * @param stopping Nobody takes over: connections at rest are closed at once. Otherwise they may send
   * one more request, which is answered and says that the connection closes. Default `false`.
   */
  drain(stopping?: boolean): Promise<void>;
  /** Closes everything now. */
  stop(): void;
  /**
   * Serves something else from the next request on; limits, deadlines and log change with it. Module
   * code that this process has loaded stays as it is.
   *
   * @param settings What to serve, on the same listeners.
   * @param functions Apps that are functions.
   * @throws {AppLoadError} If an app cannot be loaded; then everything stays as it was.
   * @throws {AggregateError} If several cannot; likewise.
   * @throws {TypeError} If the listeners are not the same.
   */
  change(settings: Settings, functions: Functions): Promise<void>;
}

/** RFC 9110 §9.3.7: `OPTIONS *` is about the server; §9.3.8: nobody needs TRACE to a server of apps. */
const METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

function builtIn(app: App): Route {
  return { app: { app, bodyBytes: Infinity }, prefixLength: 0 };
}

const NOT_FOUND = builtIn(() => {
  throw new HttpError(404);
});
const MISDIRECTED = builtIn(() => {
  throw new HttpError(421);
});
const NO_TRACE = builtIn(() => {
  throw new HttpError(405, "", { allow: METHODS });
});
const SERVER_OPTIONS = builtIn((_request, response) => {
  response.start(204, { allow: METHODS });
});

/** The apps and mounts of one set of settings, without any socket. */
export class Site {
  readonly #router: Router<MountedApp>;
  readonly #strictHosts: boolean;
  readonly #apps: readonly HostedApp[];

  /**
   * @param settings Apps and routes.
   * @param functions Apps that are functions.
   */
  constructor(settings: Settings, functions: Functions = {}) {
    this.#strictHosts = settings.strictHosts;
    const apps = new Map<string, HostedApp>();
    for (const spec of Object.values(settings.apps)) {
      apps.set(spec.name, new HostedApp(spec, functions[spec.name]));
    }
    this.#apps = [...apps.values()];
    this.#router = new Router(settings.routes.map(({ host, path, app }) => {
      const hosted = apps.get(app);
      if (hosted === undefined) {
        throw new TypeError(`Cannot mount ${path}: there is no app ${JSON.stringify(app)}`);
      }
      return { host, path, app: { app: hosted.app, bodyBytes: hosted.spec.bodyBytes } };
    }));
  }

  /**
   * Loads the apps that have to be there before the first request.
   *
   * @param all Load every app.
   * @throws {AppLoadError} If one cannot be loaded.
   * @throws {AggregateError} If several cannot.
   */
  async load(all: boolean): Promise<void> {
    await loadEach(this.#apps.filter(({ spec }) => all || spec.preload));
  }

  /**
   * Picks the app for a request.
   *
   * @param head The request's head.
   * @returns The app; one that answers with an error if no mount takes the request.
   */
  route(head: RequestHead): Route {
    if (head.method === "TRACE") return NO_TRACE;
    if (head.path === "*") return SERVER_OPTIONS;
    const match = this.#router.find(head.authority, head.path);
    if (match !== undefined) return match;
    return this.#strictHosts && !this.#router.hostKnown(head.authority) ? MISDIRECTED : NOT_FOUND;
  }
}

/** What all connections of one process share. */
export class Host implements ConnectionHost {
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

  #site!: Site;
  readonly #errors: ErrorLog;
  readonly #connections = new Set<Connection>();
  /** How many connections the descriptors of this process allow. */
  readonly #descriptors = connectionsWithin(descriptorLimit());
  #whenRoom: PromiseWithResolvers<void> | undefined;
  #whenEmpty: PromiseWithResolvers<void> | undefined;

  /**
   * @param settings Limits, deadlines and the rest.
   * @param site The apps.
   * @param errors The error log.
   * @param access The access log, if there is one.
   */
  constructor(settings: Settings, site: Site, errors: ErrorLog, access: AccessLog | undefined) {
    this.#errors = errors;
    this.use(settings, site, access);
  }

  /**
   * Serves something else from the next request on.
   *
   * @param settings Limits, deadlines and the rest.
   * @param site The apps.
   * @param access The access log, if there is one.
   */
  use(settings: Settings, site: Site, access: AccessLog | undefined): void {
    this.limits = settings.limits;
    this.timeouts = settings.timeouts;
    this.development = settings.development;
    this.extraFields = settings.serverName === "" ? "" : `server: ${settings.serverName}\r\n`;
    this.#site = site;
    this.finished = access && ((exchange) => access.add(exchange, Date.now()));
  }

  /** As {@linkcode Site.route}. */
  route(head: RequestHead): Route {
    return this.#site.route(head);
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
    if (this.#connections.size < Math.min(this.limits.connections, this.#descriptors)) return undefined;
    this.#whenRoom ??= Promise.withResolvers();
    return this.#whenRoom.promise;
  }

  /** A connection is closed. */
  closed(connection: Connection): void {
    this.#connections.delete(connection);
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

/**
 * Starts to serve: loads what has to be loaded, binds every listener, accepts.
 *
 * @param settings What to serve.
 * @param options How this process does.
 * @returns The running service.
 * @throws {AppLoadError} If an app cannot be loaded.
 * @throws {AggregateError} If several apps cannot be loaded.
 * @throws {ListenError} If an address cannot be bound. Nothing is left bound then.
 * @throws {TypeError} If FCGI_WEB_SERVER_ADDRS cannot be read.
 */
export async function startService(settings: Settings, options: ServiceOptions = {}): Promise<Service> {
  const errors = new ErrorLog(options.worker === undefined ? "archangel" : `worker ${options.worker}`);
  const site = new Site(settings, options.functions);
  await site.load(options.loadAll ?? false);
  const access = await openAccessLog(settings.log);
  const host = new Host(settings, site, errors, access);
  const running = new RunningService(settings, host, access);
  try {
    const wires = await Promise.all(settings.listen.map(({ protocol }) => openWire(protocol, host)));
    const listeners = await bindAll(settings.listen, options);
    listeners.forEach((listener, at) => running.add(listener, wires[at] as Wire, errors));
  } catch (error) {
    running.stop();
    await access?.close();
    throw error;
  }
  return running;
}

/** Nobody is let in before every address is bound. */
async function bindAll(addresses: readonly ListenAddress[], options: ServiceOptions): Promise<Listener[]> {
  const { reusePort = false, held = [], wait = false, worker = 1 } = options;
  const listeners: Listener[] = [];
  try {
    for (const address of addresses) {
      listeners.push(await listen(address, { reusePort, held, wait, worker }));
    }
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
  return listeners;
}

/** One protocol: how to speak it, and whose addresses it tells apps. */
export interface Wire {
  /** Makes the core of one connection. */
  core(): WireProtocol;
  /** Both ends of one connection. */
  ends(conn: Addresses): Endpoints;
  /** Who may connect; `undefined` is everybody. */
  readonly webServers: WebServers | undefined;
}

/** FastCGI is loaded when a listener speaks it. */
async function openWire(protocol: "http" | "fcgi", host: Host): Promise<Wire> {
  if (protocol === "http") {
    return {
      core: () => new HttpCore(host.limits),
      ends: (conn) => new HttpEndpoints(conn),
      webServers: undefined,
    };
  }
  const { FcgiCore } = await import("../fcgi/mod.ts");
  const webServers = WebServers.fromEnvironment();
  return {
    core: () => new FcgiCore(host.limits),
    ends: (conn) => new FcgiEndpoints(conn),
    webServers,
  };
}

class RunningService implements Service {
  readonly addresses: ListenAddress[] = [];
  readonly #host: Host;
  readonly #listeners: Listener[] = [];
  #settings: Settings;
  #access: AccessLog | undefined;
  #drained: Promise<void> | undefined;

  constructor(settings: Settings, host: Host, access: AccessLog | undefined) {
    this.#settings = settings;
    this.#host = host;
    this.#access = access;
  }

  add(listener: Listener, wire: Wire, errors: ErrorLog): void {
    this.addresses.push(listener.address);
    this.#listeners.push(listener);
    const tcp = listener.address.transport === "tcp";
    listener.accept(
      (conn) => {
        if (wire.webServers?.include(conn.remoteAddr) === false) {
          const complaint = wire.webServers.complaint(conn.remoteAddr);
          if (complaint !== undefined) errors.trouble(complaint);
          return conn.close();
        }
        // A small answer must not wait for the acknowledgement of the one before it.
        if (tcp) (conn as Deno.TcpConn).setNoDelay(true);
        this.#host.serve(conn, wire.core(), wire.ends(conn));
      },
      () => this.#host.room(),
      (error) => errors.trouble(`Cannot accept a connection: ${error}`),
    );
  }

  get waiting(): readonly WaitingSocket[] {
    return this.#listeners.flatMap(({ waiting }) => waiting ?? []);
  }

  drain(stopping = false): Promise<void> {
    return this.#drained ??= this.#drainNow(stopping);
  }

  async #drainNow(stopping: boolean): Promise<void> {
    this.#host.draining = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, this.#host.timeouts.drain));
    const done = Promise.all(this.#listeners.map((listener) => listener.drain())).then(() =>
      this.#host.drain(stopping)
    );
    await Promise.race([done, limit]);
    clearTimeout(timer);
    this.stop();
    await this.#access?.close();
  }

  async change(settings: Settings, functions: Functions): Promise<void> {
    const places = ({ listen }: Settings) => listen.map(formatAddress).join(" ");
    if (places(settings) !== places(this.#settings)) {
      throw new TypeError(
        `Cannot listen on ${places(settings)} instead of ${places(this.#settings)}: that needs a new server`,
      );
    }
    const site = new Site(settings, functions);
    await site.load(true);
    const old = this.#access;
    this.#access = await openAccessLog(settings.log);
    this.#settings = settings;
    this.#host.use(settings, site, this.#access);
    await old?.close();
  }

  stop(): void {
    for (const listener of this.#listeners) listener.close();
    this.#host.stop();
  }
}
