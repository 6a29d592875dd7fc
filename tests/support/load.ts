/**
 * Load from many clients at once, counting every request that was not answered whole. Half of the
 * clients make a connection for each request, half keep theirs.
 */

/** What became of the requests. */
export interface Outcome {
  /** Answered with 200 and a whole body. */
  answered: number;
  /** The errors of all other requests. */
  failures: string[];
}

/** Load that runs until it is stopped. */
export class Load {
  readonly outcome: Outcome = { answered: 0, failures: [] };
  readonly #port: number;
  readonly #clients: Promise<void>[];
  #stopped = false;

  constructor(port: number, clients = 16) {
    this.#port = port;
    this.#clients = Array.from({ length: clients }, (_, at) => this.#client(at % 2 === 0));
  }

  /** Ends the load when the requests under way are over. */
  async stop(): Promise<Outcome> {
    this.#stopped = true;
    await Promise.all(this.#clients);
    return this.outcome;
  }

  async #client(keep: boolean): Promise<void> {
    while (!this.#stopped) {
      try {
        using conn = await Deno.connect({ hostname: "127.0.0.1", port: this.#port });
        await this.#requests(conn, keep);
      } catch (error) {
        this.outcome.failures.push(String(error));
      }
    }
  }

  /** Sends requests on one connection until it is to be closed. */
  async #requests(conn: Deno.Conn, keep: boolean): Promise<void> {
    while (!this.#stopped) {
      const answer = await exchange(conn, keep);
      if (!isWhole(answer) || !answer.startsWith("HTTP/1.1 200 ")) throw new Error(`answered "${answer}"`);
      this.outcome.answered++;
      if (!keep || /\r\nconnection: close\r\n/i.test(answer)) return;
    }
  }
}

async function exchange(conn: Deno.Conn, keep: boolean): Promise<string> {
  const fields = `host: localhost\r\n${keep ? "" : "connection: close\r\n"}`;
  await conn.write(new TextEncoder().encode(`GET / HTTP/1.1\r\n${fields}\r\n`));
  const buffer = new Uint8Array(4096);
  let answer = "";
  while (!isWhole(answer)) {
    const size = await conn.read(buffer);
    if (size === null) break;
    answer += new TextDecoder().decode(buffer.subarray(0, size));
  }
  return answer;
}

/** Whether an answer has its head and as much body as the head says. */
function isWhole(answer: string): boolean {
  const end = answer.indexOf("\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)\r\n/i.exec(answer)?.[1];
  return end >= 0 && length !== undefined && answer.length - end - 4 >= Number(length);
}
