/** A folder published on 127.0.0.1, with a count of how often each file was fetched. */

import { join } from "node:path";

/** The running server. */
export class Published implements AsyncDisposable {
  /** Where it is, without a slash at the end. */
  readonly url: string;
  /** How often each path was fetched. */
  readonly fetched: Map<string, number> = new Map<string, number>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(folder: string) {
    const options = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
    this.#server = Deno.serve(options, (request) => this.#answer(folder, new URL(request.url).pathname));
    this.url = `http://127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(folder: string, path: string): Promise<Response> {
    this.fetched.set(path, (this.fetched.get(path) ?? 0) + 1);
    try {
      const type = path.endsWith(".ts") ? "application/typescript" : "text/javascript";
      return new Response(await Deno.readFile(join(folder, path)), { headers: { "content-type": type } });
    } catch {
      return new Response("There is no such file", { status: 404 });
    }
  }
}
