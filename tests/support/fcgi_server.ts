/** A real server in this process that speaks FastCGI on a TCP port or on a Unix socket, for an app of a test. */
import type { TcpAddress, UnixAddress } from "../../server/settings.ts";
import type { App } from "../../twig/mod.ts";
import { delay } from "./delay.ts";
import { waitUntil } from "./processes.ts";
import { FcgiClient } from "./fcgi_client.ts";
import { type Differences, inspect, type Seen, Served } from "./served.ts";

/** Over what FastCGI is spoken. */
export type Transport = "TCP" | "Unix";

/** Where clients can connect. */
export type Place = TcpAddress | UnixAddress;

/** A running server. */
export class FcgiServer implements AsyncDisposable {
  /** Over what it is reached. */
  readonly transport: Transport;
  /** Where it listens. */
  readonly address: Place;
  readonly #served: Served;
  readonly #folder: string;
  readonly #clients: FcgiClient[] = [];

  private constructor(transport: Transport, served: Served, folder: string) {
    this.transport = transport;
    this.address = served.service.addresses[0] as Place;
    this.#served = served;
    this.#folder = folder;
  }

  /** Starts a server for one app. */
  static async start(
    app: App = inspect,
    transport: Transport = "TCP",
    differences: Differences = {},
  ): Promise<FcgiServer> {
    const folder = await Deno.makeTempDir({ prefix: "archangel_test_" });
    const place: Place = transport === "TCP"
      ? { protocol: "fcgi", transport: "tcp", hostname: "127.0.0.1", port: 0 }
      : {
        protocol: "fcgi",
        transport: "unix",
        path: `${folder}/app.sock`,
        mode: 0o600,
        group: undefined,
      };
    try {
      return new FcgiServer(transport, await Served.start(app, { listen: [place], ...differences }), folder);
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }

  /** The lines of the error log. */
  get log(): readonly string[] {
    return this.#served.log;
  }

  /** Connects; the connection is closed with the server at the latest. */
  async connect(): Promise<FcgiClient> {
    const client = await FcgiClient.connect(this.address);
    this.#clients.push(client);
    return client;
  }

  /** Waits for the one line that the error log gets, and returns it. */
  async oneLogLine(): Promise<string> {
    await waitUntil(() => this.log.length > 0, "a line in the error log");
    // A second one would come in the same turn or the next.
    await delay(20);
    if (this.log.length > 1) throw new Error(`More than one line was logged:\n${this.log.join("\n")}`);
    return this.log[0]!;
  }

  /** Lets every connection finish, and ends. */
  async drain(): Promise<void> {
    await this.#served.service.drain();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.#served[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true });
  }
}

/** Registers a test that runs once over TCP and once over a Unix socket, each on a connection to a server of its own. */
export function overBoth(
  name: string,
  app: App,
  run: (client: FcgiClient, server: FcgiServer) => Promise<void>,
  differences: Differences = {},
): void {
  serverOverBoth(name, app, async (server) => await run(await server.connect(), server), differences);
}

/** As {@linkcode overBoth}, for a test that connects itself. */
export function serverOverBoth(
  name: string,
  app: App,
  run: (server: FcgiServer) => Promise<void>,
  differences: Differences = {},
): void {
  for (const transport of ["TCP", "Unix"] as const) {
    Deno.test(`${name} (${transport})`, async () => {
      await using server = await FcgiServer.start(app, transport, differences);
      await run(server);
    });
  }
}

/** What the app {@linkcode inspect} saw, from its answer. */
export function seenIn({ status, body }: { status: number; body: string }): Seen {
  if (status !== 200) throw new Error(`Answered ${status}: ${body}`);
  return JSON.parse(body);
}
