/** Passes connections on, byte by byte and FIN by FIN, and counts them. */
export class CountingRelay implements AsyncDisposable {
  /** How many connections have been accepted. */
  accepted = 0;
  /** The port of 127.0.0.1 to connect to. */
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #conns: Deno.Conn[] = [];
  readonly #running: Promise<void>;

  /** Begins to pass on to a port of 127.0.0.1. */
  constructor(target: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
    this.#running = this.#run(target);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#running;
    for (const conn of this.#conns) {
      try {
        conn.close();
      } catch {
        // Closed already.
      }
    }
  }

  async #run(target: number): Promise<void> {
    for await (const near of this.#listener) {
      this.accepted++;
      const far = await Deno.connect({ hostname: "127.0.0.1", port: target });
      this.#conns.push(near, far);
      pass(near, far);
      pass(far, near);
    }
  }
}

async function pass(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  try {
    const buffer = new Uint8Array(64 * 1024);
    for (let size = await from.read(buffer); size !== null; size = await from.read(buffer)) {
      for (let rest = buffer.subarray(0, size); rest.length > 0;) rest = rest.subarray(await to.write(rest));
    }
    await to.closeWrite();
  } catch {
    // One side is gone: the other one finds out by itself.
  }
}
