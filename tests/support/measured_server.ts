/**
 * A server in a process of its own, so that its memory can be measured. The program is one of those that end with
 * `reportMemory`: the port is its first line on stdout, and a line on stdin is answered with the memory in use now.
 */
import type { Service } from "../../server/service.ts";
import { choosePackages } from "./packages.ts";

/** Memory in bytes. */
export interface Memory {
  /** Of the whole process. */
  readonly rss: number;
  /** What is reachable: JavaScript's heap and the buffers outside of it. */
  readonly held: number;
}

const { config } = await choosePackages();

/** A running server, seen from the test. */
export class MeasuredServer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ask: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  /** Its port of 127.0.0.1. */
  port = 0;

  private constructor(program: string) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "-c", config, "--v8-flags=--expose-gc", program],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
    this.#ask = this.#child.stdin.getWriter();
  }

  /** Starts a program of this folder. */
  static async start(program: string): Promise<MeasuredServer> {
    const server = new MeasuredServer(new URL(program, import.meta.url).href);
    server.port = Number((await server.#lines.next()).value);
    return server;
  }

  /** Memory in use now. */
  async memory(): Promise<Memory> {
    await this.#ask.write(new TextEncoder().encode("?\n"));
    return JSON.parse((await this.#lines.next()).value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ask.close();
    await this.#child.status;
    await this.#lines.return?.();
  }
}

/** In the server's program: says its port, then its memory whenever it is asked, until the test ends. */
export async function reportMemory(service: Service): Promise<void> {
  const [address] = service.addresses;
  const say = (line: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  say(address?.transport === "tcp" ? String(address.port) : "");
  for await (const _line of Deno.stdin.readable) {
    // What only waits for the collector is not what is measured; buffers are counted one collection later.
    for (let i = 0; i < 2; i++) (globalThis as { gc?: () => void }).gc?.();
    const { rss, heapUsed, external } = Deno.memoryUsage();
    say(JSON.stringify({ rss, held: heapUsed + external }));
  }
  await service.stop();
}
