/**
 * Sends a request through the whole stack, protocol core and connection loop included, without a
 * socket: for `archangel fetch`, and for tests of everything behind the listener.
 *
 * @module
 */
import type { WireProtocol } from "../twig/wire.ts";
import type { Transport } from "./connection_host.ts";
import { type Addresses, HttpEndpoints } from "./endpoints.ts";
import { ErrorLog } from "./error_log.ts";
import { HttpCore } from "./http/mod.ts";
import { Mounts } from "./mounts.ts";
import { ProcessHost } from "./process_host.ts";
import type { Settings } from "./settings.ts";
import { flushLines } from "./standard_lines.ts";

const LOOPBACK: Addresses = {
  remoteAddr: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
  localAddr: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
};

/** Both directions of a connection in memory. */
export class MemoryTransport implements Transport {
  readonly #output: (bytes: Uint8Array) => void;
  readonly #input: (Uint8Array | null)[] = [];
  #waiting: (() => void) | undefined;
  #closed = false;
  /** Whether the server has sent its FIN, or closed. */
  finished = false;

  /** @param output Hears what the server writes; the bytes are a copy. */
  constructor(output: (bytes: Uint8Array) => void) {
    this.#output = output;
  }

  /**
   * Sends bytes to the server.
   *
   * @param bytes The bytes, or `null` for FIN.
   */
  send(bytes: Uint8Array | null): void {
    this.#input.push(bytes);
    this.#waiting?.();
  }

  /** The server reads. */
  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#input.length === 0) {
      if (this.#closed) throw new Deno.errors.Interrupted("closed");
      await new Promise<void>((resolve) => this.#waiting = resolve);
    }
    const next = this.#input[0];
    if (next === null || next === undefined) return null;
    const size = Math.min(buffer.length, next.length);
    buffer.set(next.subarray(0, size));
    if (size === next.length) this.#input.shift();
    else this.#input[0] = next.subarray(size);
    return size;
  }

  /** The server writes. */
  write(bytes: Uint8Array): Promise<number> {
    if (this.#closed) return Promise.reject(new Deno.errors.BadResource("closed"));
    this.#output(bytes.slice());
    return Promise.resolve(bytes.length);
  }

  /** The server sends FIN. */
  closeWrite(): Promise<void> {
    this.finished = true;
    return Promise.resolve();
  }

  /** The server closes. */
  close(): void {
    this.finished = true;
    this.#closed = true;
    this.#waiting?.();
  }
}

/**
 * Sends a request through the whole stack and collects what comes back.
 *
 * @param settings Apps, routes and limits; listeners and logs are not touched.
 * @param request The raw HTTP/1.1 request. It should say `Connection: close`, or the idle deadline
 * has to end the exchange.
 * @param output Hears the raw answer, piece by piece.
 * @returns Resolves when the connection is closed.
 * @throws {AppLoadError} If an app that is to be loaded at start cannot be.
 */
export async function requestInProcess(
  settings: Settings,
  request: Uint8Array,
  output: (bytes: Uint8Array) => void,
): Promise<void> {
  const mounts = new Mounts(settings);
  await mounts.load(false);
  const host = new ProcessHost(settings, mounts, new ErrorLog("archangel"), undefined);
  const transport = new MemoryTransport(output);
  transport.send(request);
  const core: WireProtocol = new HttpCore(settings.limits);
  await host.serve(transport, core, new HttpEndpoints(LOOPBACK));
  await flushLines();
}
