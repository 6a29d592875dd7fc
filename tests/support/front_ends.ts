/**
 * Real front ends as processes: nginx, Apache, lighttpd and HAProxy, each with the configuration that
 * `docs/behind-a-front-end.md` shows, on a free port of 127.0.0.1, in a folder of its own, in the foreground, and ended
 * by its process id.
 */
import type { Place } from "./fcgi_server.ts";
import { freePort } from "./ports.ts";
import { waitUntil } from "./processes.ts";
import { RawClient, type RawResponse } from "./raw_client.ts";
import { say } from "./run_deno.ts";

const DOCUMENT = new URL("../../docs/behind-a-front-end.md", import.meta.url);

/** A front end. */
export type FrontEndName = "nginx" | "apache" | "lighttpd" | "haproxy";

interface Kind {
  /** What is started. */
  readonly program: string;
  /** How the document writes where Archangel is; then how that is written for a port, and for a path. */
  readonly backend: readonly [
    document: string,
    tcp: (port: number) => string,
    unix: (path: string) => string,
  ];
  /** How the document writes where the front end listens; then how that is written for a port of 127.0.0.1. */
  readonly listen: readonly [document: string, own: (port: number) => string];
  /** The arguments; `main` is the file that {@linkcode Kind.main} wrote. */
  arguments(main: string): string[];
  /** The whole configuration around what the document shows, for an ordinary user and this folder. */
  main(folder: string, shown: string): string;
}

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

const KINDS: Record<FrontEndName, Kind> = {
  nginx: {
    program: "nginx",
    backend: [
      "server 127.0.0.1:9000;",
      (port) => `server 127.0.0.1:${port};`,
      (path) => `server unix:${path};`,
    ],
    listen: ["listen 80;", (port) => `listen 127.0.0.1:${port};`],
    arguments: (main) => ["-c", main, "-e", "stderr"],
    main: (folder, shown) => `
      daemon off;
      ${isRoot ? "user root;" : ""}
      worker_processes 1;
      pid ${folder}/pid;
      error_log stderr warn;
      events {}
      http {
        access_log off;
        client_body_temp_path ${folder}/body;
        fastcgi_temp_path ${folder}/fastcgi;
        proxy_temp_path ${folder}/proxy;
        uwsgi_temp_path ${folder}/uwsgi;
        scgi_temp_path ${folder}/scgi;
        ${shown}
      }`,
  },
  apache: {
    program: "apache2",
    backend: [
      '"fcgi://127.0.0.1:9000/"',
      (port) => `"fcgi://127.0.0.1:${port}/"`,
      (path) => `"unix:${path}|fcgi://archangel/"`,
    ],
    listen: ["*:80>", (port) => `127.0.0.1:${port}>`],
    arguments: (main) => ["-D", "FOREGROUND", "-f", main],
    main: (folder, shown) => `
      ServerRoot ${folder}
      ServerName localhost
      DefaultRuntimeDir ${folder}
      PidFile ${folder}/pid
      ErrorLog /dev/stderr
      LogLevel warn
      Mutex file:${folder}
      ${isRoot ? "User www-data\nGroup www-data" : ""}
      ${
      ["mpm_event", "authz_core", "env", "proxy", "proxy_fcgi"]
        .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join("\n")
    }
      StartServers 1
      ServerLimit 1
      ThreadsPerChild 16
      MaxRequestWorkers 16
      Listen ${/<VirtualHost ([^>]+)>/.exec(shown)?.[1]}
      ${shown}`,
  },
  lighttpd: {
    program: "lighttpd",
    backend: [
      '"host" => "127.0.0.1", "port" => 9000',
      (port) => `"host" => "127.0.0.1", "port" => ${port}`,
      (path) => `"socket" => "${path}"`,
    ],
    listen: ["server.port = 80", (port) => `server.port = ${port}`],
    arguments: (main) => ["-D", "-f", main],
    main: (folder, shown) => `
      server.bind = "127.0.0.1"
      server.document-root = "${folder}"
      server.upload-dirs = ( "${folder}" )
      server.errorlog = "/dev/stderr"
      ${shown}`,
  },
  haproxy: {
    program: "haproxy",
    backend: ["127.0.0.1:9000", (port) => `127.0.0.1:${port}`, (path) => `unix@${path}`],
    listen: ["bind :80", (port) => `bind 127.0.0.1:${port}`],
    arguments: (main) => ["-db", "-f", main],
    main: (_folder, shown) => shown + "\n",
  },
};

/** Where programs are that are not for everyday use. */
const MORE_PATHS = ["/usr/sbin", "/usr/local/sbin", "/sbin"];

/** The path of a program; `undefined` if it is not installed, which is said. */
export function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), ...MORE_PATHS];
  for (const folder of folders) {
    try {
      if (Deno.statSync(`${folder}/${name}`).isFile) return `${folder}/${name}`;
    } catch {
      // Not there.
    }
  }
  say(`Skipped: the tests behind ${name}, because ${name} is not installed`);
  return undefined;
}

/** The path of a front end's program; `undefined` if it is not installed, which is said. */
export function findFrontEnd(name: FrontEndName): string | undefined {
  return findProgram(KINDS[name].program);
}

/** What the document shows for a front end, or for a shell; of several blocks, the first that has a text in it. */
export function shownConfig(name: FrontEndName | "sh", having = ""): string {
  const text = Deno.readTextFileSync(DOCUMENT);
  const blocks = text.matchAll(new RegExp("^```" + name + "\n([^]*?)^```$", "gm"));
  const shown = [...blocks].map(([, block]) => block!).find((block) => block.includes(having));
  if (shown === undefined) throw new Error(`${DOCUMENT.pathname} has no code block for ${name}`);
  return shown;
}

/** A text with one part replaced, which has to be there. */
export function change(text: string, part: string, by: string): string {
  if (!text.includes(part)) throw new Error(`${JSON.stringify(part)} is not in the configuration`);
  return text.replaceAll(part, by);
}

/** A running front end. */
export class FrontEnd implements AsyncDisposable {
  /** Where clients connect. */
  readonly port: number = freePort();
  /** What it printed so far. */
  printed = "";
  readonly #folder: string;
  readonly #child: Deno.ChildProcess;
  readonly #heard: Promise<unknown>;
  #ended = false;

  private constructor(program: string, kind: Kind, backend: Place, shown: string) {
    this.#folder = Deno.makeTempDirSync({ prefix: "archangel_test_" });
    // Some front ends become another user, who has to get in.
    Deno.chmodSync(this.#folder, 0o777);
    const [document, tcp, unix] = kind.backend;
    const place = backend.transport === "tcp" ? tcp(backend.port) : unix(backend.path);
    const [listen, own] = kind.listen;
    const main = `${this.#folder}/main.conf`;
    const text = change(change(shown, document, place), listen, own(this.port));
    Deno.writeTextFileSync(main, kind.main(this.#folder, text));
    const args = kind.arguments(main);
    this.#child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" })
      .spawn();
    this.#heard = Promise.all([this.#hear("stdout"), this.#hear("stderr")]);
    this.#child.status.then(() => this.#ended = true);
  }

  /**
   * Starts one and waits until it accepts connections.
   *
   * @param name Which.
   * @param backend Where Archangel listens.
   * @param edit Changes what the document shows.
   */
  static async start(
    name: FrontEndName,
    backend: Place,
    edit: (shown: string) => string = (shown) => shown,
  ): Promise<FrontEnd> {
    const kind = KINDS[name];
    const program = findProgram(kind.program);
    if (program === undefined) throw new Error(`${name} is not installed`);
    const frontEnd = new FrontEnd(program, kind, backend, edit(shownConfig(name)));
    try {
      await waitUntil(() => frontEnd.#accepts(), `${name} accepts connections`);
    } catch (error) {
      await frontEnd[Symbol.asyncDispose]();
      throw new Error(`${name} did not start:\n${frontEnd.printed}`, { cause: error });
    }
    return frontEnd;
  }

  /** The beginning of every URL. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connects a client that reads strictly. */
  connect(): Promise<RawClient> {
    return RawClient.connect(this.port);
  }

  /** Sends one request on a connection of its own and reads the answer. */
  async answer(request: string): Promise<RawResponse> {
    using client = await this.connect();
    await client.send(request);
    return await client.response(request.slice(0, request.indexOf(" ")));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGTERM");
    await this.#child.status;
    await this.#heard;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #accepts(): Promise<boolean> {
    if (this.#ended) throw new Error("It has ended");
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port: this.port })).close();
      return true;
    } catch {
      return false;
    }
  }

  async #hear(name: "stdout" | "stderr"): Promise<void> {
    for await (const text of this.#child[name].pipeThrough(new TextDecoderStream())) this.printed += text;
  }
}
