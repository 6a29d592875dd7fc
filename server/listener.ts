/**
 * Listeners: bind, accept, and stop without losing whom the kernel has already let in.
 *
 * TCP listeners of several workers share a port by `reusePort`. Closing such a socket resets the
 * connections that wait in its queue (unless `net.ipv4.tcp_migrate_req` is 1), so `drain` goes on
 * accepting until the queue has been empty for two turns of the event loop.
 *
 * How a Unix socket gets to its path, and from it, is the business of `unix_socket.ts`; how a socket that
 * was there before this process becomes a listener, that of `inherited_socket.ts`.
 *
 * @module
 */
import { formatAddress } from "./address.ts";
import { ListenError, whyNotBound } from "./errors.ts";
import type { Transport } from "./connection_host.ts";
import type { Addresses } from "./endpoints.ts";
import type { InheritedAddress, ListenAddress, TcpAddress, UnixAddress } from "./settings.ts";
import type { SocketFile, WaitingSocket } from "./unix_socket.ts";

/** After a failed accept (descriptors used up), in milliseconds. */
const ACCEPT_PAUSE = 100;
/** `drain` stops accepting after this at the latest, in milliseconds. */
const DRAIN_LIMIT = 1500;

/** How to listen. */
export interface ListenOptions {
  /** Whether other workers bind the same port. */
  readonly reusePort: boolean;
  /** Paths of Unix sockets that are taken over though somebody answers on them, as a reload does. */
  readonly held: readonly string[];
  /** Whether a Unix socket stays beside its path until somebody else puts it there. */
  readonly wait: boolean;
  /** The worker's number, for `{worker}` in a Unix path. */
  readonly worker: number;
}

/** A connection that was let in; `Deno.Conn` is one. */
export interface Accepted extends Transport, Addresses {}

/** What lets connections in; `Deno.Listener` is one. */
export interface Acceptor {
  /** The next connection. Rejects when it is closed. */
  accept(): Promise<Accepted>;
  /** Lets in no more. */
  close(): void;
}

/** One bound listener. */
export class Listener {
  #address: ListenAddress;
  readonly #listener: Acceptor;
  readonly #file: SocketFile | undefined;
  #accepted = 0;
  /** The accept that is under way. */
  #accepting: Promise<Accepted> | undefined;
  #closed = false;

  /**
   * @param address Where it is bound.
   * @param listener The bound socket.
   * @param file Its file, if it has one.
   */
  constructor(address: ListenAddress, listener: Acceptor, file?: SocketFile) {
    this.#address = address;
    this.#listener = listener;
    this.#file = file;
  }

  /** Where it is bound; with the port that the kernel chose. */
  get address(): ListenAddress {
    return this.#address;
  }

  /** Where its Unix socket waits to be put into its place, if it does. */
  get waiting(): WaitingSocket | undefined {
    return this.#file?.waiting;
  }

  /**
   * Gives its file another mode and group, if it has one.
   *
   * @param address The same place.
   * @throws {ListenError} If that cannot be done; then it has those that it had.
   */
  change(address: ListenAddress): void {
    if (this.#address.transport !== "unix" || address.transport !== "unix") return;
    const { mode, group } = address;
    const changed = { ...this.#address, mode, group };
    this.#file?.change(changed);
    this.#address = changed;
  }

  /**
   * Accepts until the listener is closed.
   *
   * @param serve What to do with a connection. If it throws, that one is closed.
   * @param room Resolves when there is room for one more; `undefined` if there is now.
   * @param failed Hears why somebody was not let in.
   */
  async accept(
    serve: (conn: Accepted) => void,
    room: () => Promise<void> | undefined,
    failed: (error: unknown) => void,
  ): Promise<void> {
    while (!this.#closed) {
      // Asked again, for all listeners are woken and one of the others may have taken the place.
      for (let full = room(); full !== undefined; full = room()) await full;
      try {
        this.#accepting = this.#listener.accept();
        const conn = await this.#accepting;
        this.#accepted++;
        serveOrClose(conn, serve, failed);
      } catch (error) {
        if (this.#closed) return;
        // Anybody can do this as often as they like, and others wait in the queue behind them.
        if (leftTheQueue(error)) continue;
        failed(error);
        await pause(ACCEPT_PAUSE);
      }
    }
  }

  /** Accepts whom the kernel has let in, then closes. Resolves when all of them are being served. */
  async drain(): Promise<void> {
    // Whoever comes from now on finds nothing at the path, or a new worker, rather than a dying queue.
    this.#file?.remove();
    const until = performance.now() + DRAIN_LIMIT;
    for (let quiet = 0; quiet < 2 && performance.now() < until;) {
      const before = this.#accepted;
      await pause(0);
      quiet = this.#accepted === before ? quiet + 1 : 0;
    }
    this.close();
    // It may have succeeded already, and then somebody is still to be served.
    await this.#accepting?.catch(() => {});
  }

  /** Closes now. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file?.remove();
    this.#listener.close();
  }
}

function serveOrClose(
  conn: Accepted,
  serve: (conn: Accepted) => void,
  failed: (error: unknown) => void,
): void {
  try {
    serve(conn);
  } catch (error) {
    if (!leftTheQueue(error)) failed(error);
    try {
      conn.close();
    } catch {
      // The client's reset has done so already.
    }
  }
}

/** Whether whoever was next had reset the connection before it was let in. */
function leftTheQueue(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.ConnectionReset;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/**
 * Binds a listener.
 *
 * @param address Where.
 * @param options How.
 * @returns The listener; nothing is accepted yet.
 * @throws {ListenError} If the port or path is taken, not ours to take, or not permitted.
 */
export async function listen(address: ListenAddress, options: ListenOptions): Promise<Listener> {
  try {
    if (address.transport === "fd") return await listenHere(address);
    return address.transport === "tcp" ? listenTcp(address, options) : await listenUnix(address, options);
  } catch (error) {
    if (error instanceof ListenError) throw error;
    const text = formatAddress(address);
    throw new ListenError(text, whyNotBound(error, text));
  }
}

function listenTcp(address: TcpAddress, options: ListenOptions): Listener {
  const { hostname } = address;
  // Without the option there is no need for --unstable-net, which a library's user may not have.
  const listener = options.reusePort
    ? Deno.listen({ hostname, port: address.port, reusePort: true })
    : Deno.listen({ hostname, port: address.port });
  return new Listener({ ...address, port: (listener.addr as Deno.NetAddr).port }, listener);
}

async function listenUnix(address: UnixAddress, options: ListenOptions): Promise<Listener> {
  // Most listeners are ports.
  const { bindUnix } = await import("./unix_socket.ts");
  const own = { ...address, path: address.path.replaceAll("{worker}", String(options.worker)) };
  const socket = await bindUnix(own, options);
  return new Listener(own, socket.listener, socket);
}

async function listenHere(address: InheritedAddress): Promise<Listener> {
  // node:net takes as long to load as all of a worker.
  const { listenInherited } = await import("./inherited_socket.ts");
  return new Listener(address, await listenInherited());
}
