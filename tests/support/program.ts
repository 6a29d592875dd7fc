/** A program in a process of its own: what it says, waiting for that, and its end. */

const PATIENCE_MS = 60_000;

/** A running program; ended with `await using`. */
export class Program implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  /** Exit code and signal, when all that it wrote has been read. */
  readonly ended: Promise<{ code: number; signal: Deno.Signal | null }>;
  /** All that it wrote to stdout and stderr so far. */
  said = "";
  #told: () => void = () => {};
  #over = false;

  constructor(executable: string, options: Omit<Deno.CommandOptions, "stdin" | "stdout" | "stderr">) {
    const pipes = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    this.process = new Deno.Command(executable, { ...options, ...pipes }).spawn();
    const heard = Promise.all([this.#hear(this.process.stdout), this.#hear(this.process.stderr)]);
    this.ended = Promise.all([this.process.status, heard]).then(([{ code, signal }]) => {
      this.#over = true;
      this.#told();
      return { code, signal };
    });
  }

  /** Waits until it has written a text so often. */
  async says(text: string, times = 1): Promise<void> {
    const limit = setTimeout(() => this.process.kill("SIGKILL"), PATIENCE_MS);
    try {
      while (this.said.split(text).length <= times) {
        if (this.#over) throw new Error(`It never said "${text}" ${times} times:\n${this.said}`);
        await new Promise<void>((resolve) => this.#told = resolve);
      }
    } finally {
      clearTimeout(limit);
    }
  }

  /** Sends it an OS signal. */
  signal(signal: Deno.Signal): void {
    this.process.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) {
      try {
        this.process.kill("SIGKILL");
      } catch {
        // It ended meanwhile.
      }
    }
    await this.ended;
  }

  async #hear(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.said += text;
      this.#told();
    }
  }
}
