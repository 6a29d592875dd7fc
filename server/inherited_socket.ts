/**
 * A listening socket that this process was started with as file descriptor 0, as FastCGI has it
 * (`FCGI_LISTENSOCK_FILENO`, FastCGI 1.0 §2.2). `Deno.listen` opens sockets of its own only; `node:net`
 * can use one that is there. It is slow to load, and so this file is loaded only for such a socket.
 *
 * The other processes that share the socket, and whoever handed it over, keep it when it is closed here;
 * its path, if it has one, is theirs.
 *
 * Streams of Node.js push, and a connection pulls: bytes are taken out of the stream when a read asks for
 * them, and a stream whose buffer is full reads no more from its socket. A write hands over a part and
 * waits until the kernel has it, so that no output is queued here, and the memory may be used again.
 *
 * @module
 */
import type { Server, Socket } from "node:net";
import type { Accepted, Acceptor } from "./listener.ts";

/** FCGI_LISTENSOCK_FILENO. */
const DESCRIPTOR = 0;
/** As long as kernels let the queue be: listening anew must not shorten the one that was made. */
const BACKLOG = 4096;
/**
 * Connections that wait here for longer than a moment, because there is no room for them. Node.js has no
 * way to leave them in the kernel's queue, and each takes a descriptor; further ones are closed.
 */
const WAITING_LIMIT = 32;
/** The most that one write takes, in bytes: a peer that takes this within the deadline is not stalled. */
const WRITE_SIZE = 64 * 1024;
/** So many bytes are written on one connection before others have their turn. */
const TURN_SIZE = 256 * 1024;

/**
 * Takes over the socket.
 *
 * @returns What lets its connections in.
 * @throws {Error} If there is no listening socket.
 */
export async function listenInherited(): Promise<Acceptor> {
  if (Deno.build.os === "windows") throw new Error("on Windows no socket can be inherited");
  // In a bundle an import at the top would be everybody's.
  const { createServer } = await import("node:net");
  // A FIN ends one direction, as in Deno.Conn. Nothing is read of who still waits.
  const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true });
  const connections = new InheritedListener(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) => reject(new Error(notListening(error))));
    server.listen({ fd: DESCRIPTOR, backlog: BACKLOG }, resolve);
  });
  return connections;
}

function notListening(error: Error & { code?: string }): string {
  return `file descriptor ${DESCRIPTOR}, which is stdin, is no listening socket (${error.code}); ` +
    "it is one where spawn-fcgi or lighttpd's bin-path start this program";
}

class InheritedListener implements Acceptor {
  readonly #server: Server;
  readonly #waiting: Socket[] = [];
  #asked: PromiseWithResolvers<Accepted> | undefined;
  #tooMany: ReturnType<typeof setTimeout> | undefined;

  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => this.#connected(socket));
    server.on("error", (error) => this.#settle(({ reject }) => reject(error)));
  }

  accept(): Promise<Accepted> {
    const socket = this.#waiting.shift();
    if (socket !== undefined) return Promise.resolve(new InheritedConnection(socket));
    this.#asked = Promise.withResolvers();
    return this.#asked.promise;
  }

  close(): void {
    this.#server.close();
    clearTimeout(this.#tooMany);
    this.#dropAfter(0);
    this.#settle(({ reject }) => reject(new Deno.errors.BadResource("The listener is closed")));
  }

  #connected(socket: Socket): void {
    if (this.#asked !== undefined) {
      return this.#settle(({ resolve }) => resolve(new InheritedConnection(socket)));
    }
    this.#waiting.push(socket.on("error", () => {}));
    if (this.#waiting.length <= WAITING_LIMIT) return;
    // All that came at once are here before the first of them has been served.
    this.#tooMany ??= setTimeout(() => {
      this.#tooMany = undefined;
      this.#dropAfter(WAITING_LIMIT);
    });
  }

  #dropAfter(place: number): void {
    for (const socket of this.#waiting.splice(place)) socket.destroy();
  }

  #settle(how: (asked: PromiseWithResolvers<Accepted>) => void): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked !== undefined) how(asked);
  }
}

/** One connection, as `Deno.Conn` would be it. */
class InheritedConnection implements Accepted {
  /** Both ends, as they are now: a closed socket does not tell them. */
  readonly remoteAddr: Deno.Addr;
  readonly localAddr: Deno.Addr;
  readonly #socket: Socket;
  /** Why nothing more can be read or written. */
  #failure: Error | undefined;
  #ended = false;
  /** Bytes written since others had their turn, which a write that the kernel takes at once gives to none. */
  #sinceTurn = 0;
  #wake: (() => void) | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    this.remoteAddr = addressOf(socket.remoteAddress, socket.remotePort);
    this.localAddr = addressOf(socket.localAddress, socket.localPort);
    socket.on("readable", () => this.#wake?.());
    socket.on("end", () => {
      this.#ended = true;
      this.#wake?.();
    });
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Deno.errors.BadResource("The connection is closed")));
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.#failure !== undefined && !this.#ended) throw this.#failure;
      const size = Math.min(buffer.length, this.#socket.readableLength);
      // Without a size this asks the socket for more, and is what lets the stream come to its end.
      const bytes: Uint8Array | null = size > 0 ? this.#socket.read(size) : this.#socket.read();
      if (bytes !== null) {
        buffer.set(bytes);
        return bytes.length;
      }
      if (this.#ended) return null;
      await new Promise<void>((resolve) => this.#wake = resolve);
      this.#wake = undefined;
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    if (this.#failure === undefined && bytes.length === 0 && isReset(this.#socket)) {
      this.#fail(new Deno.errors.BrokenPipe("The peer has reset the connection"));
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const part = bytes.length > WRITE_SIZE ? bytes.subarray(0, WRITE_SIZE) : bytes;
    return new Promise((resolve, reject) => {
      this.#socket.write(part, (error) => {
        if (error) return reject(error);
        this.#sinceTurn += part.length;
        if (this.#sinceTurn < TURN_SIZE) return resolve(part.length);
        this.#sinceTurn = 0;
        setImmediate(resolve, part.length);
      });
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#socket.end((error?: Error | null) => error ? reject(error) : resolve());
    });
  }

  close(): void {
    this.#fail(new Deno.errors.BadResource("The connection is closed"));
    this.#socket.destroy();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake?.();
  }
}

/**
 * Whether the peer has reset the connection, for a write of nothing, which asks for just that. Deno
 * 2.9 overlooks its error, and does not look at a socket after its FIN; nothing that is public tells.
 */
function isReset(socket: Socket): boolean {
  const { _handle: handle } = socket as { _handle?: { getpeername?(address: object): number } };
  return (handle?.getpeername?.({}) ?? 0) < 0;
}

function addressOf(hostname: string | undefined, port: number | undefined): Deno.Addr {
  // Of a Unix socket, Node.js tells no path.
  if (hostname === undefined || port === undefined) return { transport: "unix", path: "" };
  return { transport: "tcp", hostname, port };
}
