/**
 * Everything that one process serves, put together: apps (`mounts.ts`), connections (`process_host.ts`),
 * listeners and logs; started, changed and drained as one. A worker runs one; a program that imports
 * Archangel can run one in its own process.
 *
 * @module
 */
import type { WireProtocol } from "../twig/wire.ts";
import { formatAddress } from "./address.ts";
import { type AccessLog, openAccessLog } from "./access_log.ts";
import type { Endpoints } from "./connection_host.ts";
import { type Addresses, FcgiEndpoints, HttpEndpoints } from "./endpoints.ts";
import { ErrorLog } from "./error_log.ts";
import { HttpCore } from "./http/mod.ts";
import { listen, type Listener } from "./listener.ts";
import { type Functions, Mounts } from "./mounts.ts";
import { ProcessHost } from "./process_host.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import type { WaitingSocket } from "./unix_socket.ts";
import { WebServers } from "./web_servers.ts";
import { within } from "./within.ts";

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

/** What one process serves. */
export interface Service {
  /** The addresses as bound, with the ports that the kernel chose. */
  readonly addresses: readonly ListenAddress[];
  /** Unix sockets that are not in their places yet. */
  readonly waiting: readonly WaitingSocket[];
  /**
   * Takes nothing new, finishes what is in flight. Resolves when that is done, or cut at
   * `timeouts.drain`. Calling it again waits for the same; it may turn out meanwhile that nobody takes over.
   *
   * @param stopping Nobody takes over: connections at rest are closed at once. Otherwise they may send
   * one more request, which is answered and says that the connection closes. Default `false`.
   */
  drain(stopping?: boolean): Promise<void>;
  /** Closes everything now. Resolves when the access log is written; calling it again waits for the same. */
  stop(): Promise<void>;
  /**
   * Serves something else from the next request on; deadlines and log, and mode and group of Unix sockets, change
   * with it, limits with the next connection. Module code that this process has loaded stays as it is.
   *
   * @param settings What to serve, on the same listeners.
   * @param functions Apps that are functions.
   * @throws {AppLoadError} If an app cannot be loaded; then everything stays as it was.
   * @throws {AggregateError} If several cannot; likewise.
   * @throws {ListenError} If a Unix socket cannot be given its group; likewise.
   * @throws {TypeError} If the listeners are not the same, or everything has been closed meanwhile.
   */
  change(settings: Settings, functions: Functions): Promise<void>;
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
  const mounts = new Mounts(settings, options.functions);
  await mounts.load(options.loadAll ?? false);
  const access = await openAccessLog(settings.log, errors);
  const host = new ProcessHost(settings, mounts, errors, access);
  const running = new RunningService(settings, host, errors, access);
  try {
    const wires = await Promise.all(settings.listen.map(({ protocol }) => openWire(protocol, host)));
    const listeners = await bindAll(settings.listen, options);
    listeners.forEach((listener, at) => running.add(listener, wires[at] as Wire));
  } catch (error) {
    await running.stop();
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
async function openWire(protocol: "http" | "fcgi", host: ProcessHost): Promise<Wire> {
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
  readonly #host: ProcessHost;
  readonly #errors: ErrorLog;
  readonly #listeners: Listener[] = [];
  #settings: Settings;
  #access: AccessLog | undefined;
  #drained: Promise<void> | undefined;
  #stopping = false;
  #stopped: Promise<void> | undefined;

  constructor(settings: Settings, host: ProcessHost, errors: ErrorLog, access: AccessLog | undefined) {
    this.#settings = settings;
    this.#host = host;
    this.#errors = errors;
    this.#access = access;
  }

  add(listener: Listener, wire: Wire): void {
    const errors = this.#errors;
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

  get addresses(): readonly ListenAddress[] {
    return this.#listeners.map(({ address }) => address);
  }

  get waiting(): readonly WaitingSocket[] {
    return this.#listeners.flatMap(({ waiting }) => waiting ?? []);
  }

  drain(stopping = false): Promise<void> {
    this.#stopping ||= stopping;
    if (stopping && this.#drained !== undefined) this.#host.drain(true);
    return this.#drained ??= this.#drainNow();
  }

  async #drainNow(): Promise<void> {
    this.#host.draining = true;
    const listeners = Promise.all(this.#listeners.map((listener) => listener.drain()));
    await within(this.#host.timeouts.drain, listeners.then(() => this.#host.drain(this.#stopping)));
    await this.stop();
  }

  async change(settings: Settings, functions: Functions): Promise<void> {
    const places = ({ listen }: Settings) => listen.map(formatAddress).join(" ");
    if (places(settings) !== places(this.#settings)) {
      throw new TypeError(
        `Cannot listen on ${places(settings)} instead of ${places(this.#settings)}: that needs a new server`,
      );
    }
    const mounts = new Mounts(settings, functions);
    await mounts.load(true);
    const access = await openAccessLog(settings.log, this.#errors);
    try {
      if (this.#stopped !== undefined) throw new TypeError("Cannot reload: the server is closed");
      this.#changeSockets(settings.listen);
    } catch (error) {
      await access?.close();
      throw error;
    }
    const old = this.#access;
    this.#access = access;
    this.#settings = settings;
    this.#host.use(settings, mounts, access);
    await old?.close();
  }

  /** All of them, or none. */
  #changeSockets(addresses: readonly ListenAddress[]): void {
    const before = this.addresses;
    const change = (to: readonly ListenAddress[]) =>
      this.#listeners.forEach((listener, at) => listener.change(to[at]!));
    try {
      change(addresses);
    } catch (error) {
      change(before);
      throw error;
    }
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stopNow();
  }

  async #stopNow(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#host.stop();
    await this.#access?.close();
  }
}
