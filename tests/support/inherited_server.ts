/**
 * `archangel serve` started as FastCGI has it (FastCGI 1.0 §2.2): with a listening socket as its stdin. `spawn-fcgi -n`
 * binds the socket and becomes Archangel, so that its process id, its exit code and what it prints are those of
 * Archangel.
 */
import type { Place, Transport } from "./fcgi_server.ts";
import { FcgiClient } from "./fcgi_client.ts";
import { findProgram } from "./front_ends.ts";
import type { Memory } from "./measured_server.ts";
import { choosePackages, ROOT } from "./packages.ts";
import { freePort } from "./ports.ts";
import { Program } from "./program.ts";
import { get } from "./fcgi_client.ts";

/** The path of spawn-fcgi; `undefined` if it is not installed, which is said. */
export const SPAWN_FCGI: string | undefined = findProgram("spawn-fcgi");

/** The app that is served. */
export const INHERITED_APP: string = new URL("./inherited_app.ts", import.meta.url).href;

const { config } = await choosePackages();

/** What is different from the usual. */
export interface Inheriting {
  /** The notation of the listener. Default: `fcgi+fd:0`. */
  listen?: string;
  /** Further keys of the config. */
  config?: Record<string, unknown>;
  /** Environment variables. */
  env?: Record<string, string>;
  /** What runs instead of the sources: a bundle. */
  program?: string;
}

/**
 * Writes a config, and says how to serve it.
 *
 * @param folder Where it goes.
 * @param different What is different from the usual.
 * @returns The command, the executable first.
 */
export function serveInherited(folder: string, different: Inheriting = {}): string[] {
  const file = `${folder}/archangel.yaml`;
  const settings = {
    listen: different.listen ?? "fcgi+fd:0",
    apps: { test: { twig: INHERITED_APP, preload: true } },
    limits: { body: "128MiB" },
    log: { access: "off" },
    ...different.config,
  };
  Deno.writeTextFileSync(file, JSON.stringify(settings));
  const deno = ["run", "-A", "--no-prompt", "-c", config, "--v8-flags=--expose-gc"];
  const program = different.program ?? `${ROOT}/server/cli.ts`;
  return [Deno.execPath(), ...deno, program, "serve", "--config", file, "--deno-config", config];
}

/** A running Archangel. */
export class InheritedServer implements AsyncDisposable {
  /** Where clients connect. */
  readonly place: Place;
  /** The process. */
  readonly program: Program;
  readonly #folder: string;

  constructor(transport: Transport, different: Inheriting = {}) {
    this.#folder = Deno.makeTempDirSync({ prefix: "archangel_test_" });
    const protocol = "fcgi";
    this.place = transport === "TCP"
      ? { protocol, transport: "tcp", hostname: "127.0.0.1", port: freePort() }
      : { protocol, transport: "unix", path: `${this.#folder}/app.sock`, mode: 0o600, group: undefined };
    const args = ["-n", ...bindFlags(this.place), "--", ...serveInherited(this.#folder, different)];
    this.program = new Program(SPAWN_FCGI!, { args, env: different.env ?? {} });
  }

  /** Starts one and waits until it serves. */
  static async serving(transport: Transport, different: Inheriting = {}): Promise<InheritedServer> {
    const server = new InheritedServer(transport, different);
    await server.program.says("serving");
    return server;
  }

  /** Connects. */
  connect(): Promise<FcgiClient> {
    return FcgiClient.connect(this.place);
  }

  /** The text of an answer, over a connection of its own. */
  async text(path: string): Promise<string> {
    using client = await this.connect();
    return (await client.ask(get(path))).body;
  }

  /** Memory in use now. */
  async memory(): Promise<Memory> {
    return JSON.parse(await this.text("/memory"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program[Symbol.asyncDispose]();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** How spawn-fcgi is told where to listen. */
export function bindFlags(place: Place): string[] {
  return place.transport === "tcp"
    ? ["-a", place.hostname, "-p", String(place.port)]
    : ["-s", place.path, "-M", "0600"];
}

/** Registers a test that runs once over TCP and once over a Unix socket, each with a server of its own. */
export function overInherited(
  name: string,
  run: (server: InheritedServer) => Promise<void>,
  different: Inheriting = {},
): void {
  for (const transport of ["TCP", "Unix"] as const) {
    Deno.test({
      name: `inherited socket: ${name} (${transport})`,
      ignore: SPAWN_FCGI === undefined,
      fn: async () => {
        await using server = await InheritedServer.serving(transport, different);
        await run(server);
      },
    });
  }
}
