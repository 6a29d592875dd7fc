/** A headless Chromium, driven over its DevTools protocol: open a page, run code in it. */
import { delay } from "./delay.ts";

interface Reply {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** A page of a running browser. */
export class Browser implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #profile: string;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  #socket!: WebSocket;
  #session = "";
  #lastId = 0;

  private constructor(program: string) {
    this.#profile = Deno.makeTempDirSync({ prefix: "archangel_test_" });
    this.#child = new Deno.Command(program, {
      args: [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--remote-debugging-port=0",
        `--user-data-dir=${this.#profile}`,
        "about:blank",
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  /** Starts a browser and opens a URL in it. */
  static async open(program: string, url: string): Promise<Browser> {
    const browser = new Browser(program);
    try {
      await browser.#connect();
      await browser.#openPage(url);
      return browser;
    } catch (error) {
      await browser[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a function in the page. It has to be complete in itself. @returns What it returns, through JSON. */
  async run<T>(code: () => T | Promise<T>): Promise<T> {
    const reply = await this.#send("Runtime.evaluate", {
      expression: `(${code})()`,
      awaitPromise: true,
      returnByValue: true,
    });
    const { result, exceptionDetails } = reply as {
      result: { value: T };
      exceptionDetails?: { exception?: { description?: string } };
    };
    if (exceptionDetails !== undefined) {
      throw new Error(exceptionDetails.exception?.description ?? "It threw");
    }
    return result.value;
  }

  async #connect(): Promise<void> {
    // The browser writes its port, and the path of its socket, into its profile.
    const file = `${this.#profile}/DevToolsActivePort`;
    for (const until = Date.now() + 30_000;;) {
      const [port, path] = await Deno.readTextFile(file).then((text) => text.split("\n"), () => []);
      if (port !== undefined && path !== undefined) {
        this.#socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
        break;
      }
      if (Date.now() > until) throw new Error("The browser did not start");
      await delay(50);
    }
    this.#socket.onmessage = ({ data }) => this.#hear(JSON.parse(data));
    await new Promise((resolve, reject) => {
      this.#socket.onopen = resolve;
      this.#socket.onerror = reject;
    });
  }

  #hear({ id, result, error }: Reply): void {
    const waiting = id === undefined ? undefined : this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id!);
    if (error !== undefined) waiting.reject(new Error(error.message));
    else waiting.resolve(result ?? {});
  }

  #send(method: string, params: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const waiting = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, waiting);
    this.#socket.send(
      JSON.stringify({ id, method, params, ...(this.#session !== "" && { sessionId: this.#session }) }),
    );
    return waiting.promise;
  }

  async #openPage(url: string): Promise<void> {
    const { targetId } = await this.#send("Target.createTarget", { url });
    const { sessionId } = await this.#send("Target.attachToTarget", { targetId, flatten: true });
    this.#session = sessionId as string;
    while (!await this.run(() => document.readyState === "complete" && location.href !== "about:blank")) {
      await delay(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => {
      if (this.#socket === undefined || this.#socket.readyState === WebSocket.CLOSED) {
        return resolve(undefined);
      }
      this.#socket.onclose = this.#socket.onerror = resolve;
    });
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await closed;
    // Its helpers may still be writing their last files.
    for (let i = 0; i < 50; i++) {
      try {
        return await Deno.remove(this.#profile, { recursive: true });
      } catch {
        await delay(100);
      }
    }
  }
}

// What runs in the page is checked against these few names, rather than against all of the DOM.
declare const document: { readyState: string };
declare const location: { href: string };
