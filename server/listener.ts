/**
 * Listeners: bind, accept, and stop without losing whom the kernel has already let in.
 *
 * TCP listeners of several workers share a port by `reusePort`. Closing such a socket resets the
 * connections that wait in its queue (unless `net.ipv4.tcp_migrate_req` is 1), so `drain` goes on
 * accepting until the queue has been empty for two turns of the event loop.
 *
 * A Unix socket is bound under a name of its own and renamed into place: a path is taken over without
 * a gap, and closing the old socket, which unlinks the name it was bound to, cannot remove the new one.
 *
 * @module
 */
import { ListenError } from "./errors.ts";
import { formatAddress } from "./address.ts";
import type { ListenAddress, TcpAddress, UnixAddress } from "./settings.ts";

/** After a failed accept (descriptors used up), in milliseconds. */
const ACCEPT_PAUSE = 100;
/** `drain` stops accepting after this at the latest, in milliseconds. */
const DRAIN_LIMIT = 1500;
/** How long a stale Unix socket has to answer to count as taken, in milliseconds. */
const PROBE_LIMIT = 1000;

/** How to listen. */
export interface ListenOptions {
  /** Whether other workers bind the same port. */
  readonly reusePort: boolean;
  /** Whether a Unix socket that somebody answers on is taken over, as a reload does. */
  readonly takeOver: boolean;
  /** The worker's number, for `{worker}` in a Unix path. */
  readonly worker: number;
}

/** One bound listener. */
export class Listener {
  /** Where it is bound; with the port that the kernel chose. */
  readonly address: ListenAddress;
  readonly #listener: Deno.Listener;
  readonly #removeSocket: () => void;
  #accepted = 0;
  /** The accept that is under way. */
  #accepting: Promise<Deno.Conn> | undefined;
  #closed = false;

  /**
   * @param address Where it is bound.
   * @param listener The bound socket.
   * @param removeSocket Removes the socket file, if there is one and it is still ours.
   */
  constructor(address: ListenAddress, listener: Deno.Listener, removeSocket: () => void) {
    this.address = address;
    this.#listener = listener;
    this.#removeSocket = removeSocket;
  }

  /**
   * Accepts until the listener is closed.
   *
   * @param serve What to do with a connection.
   * @param room Resolves when there is room for one more; `undefined` if there is now.
   * @param failed Hears why an accept failed.
   */
  async accept(
    serve: (conn: Deno.Conn) => void,
    room: () => Promise<void> | undefined,
    failed: (error: unknown) => void,
  ): Promise<void> {
    while (!this.#closed) {
      const full = room();
      if (full !== undefined) await full;
      try {
        this.#accepting = this.#listener.accept();
        const conn = await this.#accepting;
        this.#accepted++;
        serve(conn);
      } catch (error) {
        if (this.#closed) return;
        failed(error);
        await pause(ACCEPT_PAUSE);
      }
    }
  }

  /** Accepts whom the kernel has let in, then closes. Resolves when all of them are being served. */
  async drain(): Promise<void> {
    const until = Date.now() + DRAIN_LIMIT;
    for (let quiet = 0; quiet < 2 && Date.now() < until;) {
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
    this.#listener.close();
    this.#removeSocket();
  }
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
    return address.transport === "tcp" ? listenTcp(address, options) : await listenUnix(address, options);
  } catch (error) {
    throw error instanceof ListenError ? error : new ListenError(formatAddress(address), reason(error));
  }
}

function reason(error: unknown): string {
  if (error instanceof Deno.errors.AddrInUse) return "it is in use by another process";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied (ports below 1024 need root)";
  if (error instanceof Deno.errors.NotCapable) return `${error.message}`;
  return error instanceof Error ? error.message : String(error);
}

function listenTcp(address: TcpAddress, options: ListenOptions): Listener {
  const { hostname } = address;
  // Without the option there is no need for --unstable-net, which a library's user may not have.
  const listener = options.reusePort
    ? Deno.listen({ hostname, port: address.port, reusePort: true })
    : Deno.listen({ hostname, port: address.port });
  return new Listener({ ...address, port: (listener.addr as Deno.NetAddr).port }, listener, () => {});
}

async function listenUnix(address: UnixAddress, options: ListenOptions): Promise<Listener> {
  const path = address.path.replaceAll("{worker}", String(options.worker));
  await checkPath(path, address, options);
  const temporary = `${path}.${Deno.pid}`;
  removeIfSocket(temporary);
  const listener = Deno.listen({ transport: "unix", path: temporary });
  try {
    Deno.chmodSync(temporary, address.mode);
    if (address.group !== undefined) Deno.chownSync(temporary, null, groupId(address.group));
    const { ino } = Deno.lstatSync(temporary);
    Deno.renameSync(temporary, path);
    return new Listener({ ...address, path }, listener, () => removeIfOurs(path, ino));
  } catch (error) {
    listener.close();
    throw error;
  }
}

/** Refuses to touch what is not a socket, and a socket on which somebody answers. */
async function checkPath(path: string, address: UnixAddress, options: ListenOptions): Promise<void> {
  const info = lstat(path);
  if (info === undefined) return;
  if (!info.isSocket) throw new ListenError(formatAddress(address), "there is a file that is not a socket");
  if (!options.takeOver && await answers(path)) {
    throw new ListenError(formatAddress(address), "another process answers on it");
  }
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function answers(path: string): Promise<boolean> {
  const probe = Deno.connect({ transport: "unix", path }).then(
    (conn) => {
      conn.close();
      return true;
    },
    // A full queue also refuses, but with another error than nobody being there.
    (error) => !(error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound),
  );
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<boolean>((resolve) => timer = setTimeout(() => resolve(true), PROBE_LIMIT));
  const taken = await Promise.race([probe, timeout]);
  clearTimeout(timer);
  return taken;
}

function removeIfSocket(path: string): void {
  if (lstat(path)?.isSocket === true) Deno.removeSync(path);
}

function removeIfOurs(path: string, ino: number | null): void {
  try {
    if (lstat(path)?.ino === ino) Deno.removeSync(path);
  } catch {
    // Somebody else removed it meanwhile.
  }
}

/** The number of a group, by name from /etc/group. */
function groupId(group: string): number {
  if (/^[0-9]+$/.test(group)) return Number(group);
  for (const line of Deno.readTextFileSync("/etc/group").split("\n")) {
    const [name, , id] = line.split(":");
    if (name === group && id !== undefined) return Number(id);
  }
  throw new Error(`there is no group ${JSON.stringify(group)}`);
}
