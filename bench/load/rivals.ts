/**
 * The servers under test: what each needs to be there, and how it is started. A rival is one small file in
 * `rivals/` that reads `PORT`, `APP` (which handler), `FILES` (folder of files) and `WORKERS`.
 *
 * @module
 */

/** Where and how one server is to run. */
export interface Place {
  /** Port of 127.0.0.1 that it answers on. */
  readonly port: number;
  /** Another port, for the server behind the one that answers. */
  readonly backend: number;
  /** Which handler: a key of the handlers in each rival. */
  readonly app: string;
  /** Worker processes, where there is a choice. */
  readonly workers: number;
  /** Folder with the files to serve. */
  readonly files: string;
  /** Empty folder of its own. */
  readonly folder: string;
  /** Config of Deno that knows where the packages come from. */
  readonly config: string;
  /** Folder of the Archangel to run. */
  readonly root: string;
}

/** One process to start. */
export interface Command {
  /** Program and arguments. */
  readonly argv: readonly string[];
  /** Port that it answers on; the next process is started when it does. */
  readonly port: number;
  /** Environment besides that of the driver. */
  readonly env?: Record<string, string>;
  /** Whether it runs on the cores of the load: a front end, which is not what is under test. Default: no. */
  readonly inFront?: boolean;
}

/** A server under test. */
export interface Rival {
  /** How it is called in tables. */
  readonly title: string;
  /** Programs it needs besides Deno. */
  readonly needs: readonly string[];
  /** The processes to start, in this order; the last one is the one that is asked. */
  readonly start: (place: Place) => readonly Command[];
}

const here = (path: string) => new URL(path, import.meta.url).pathname;

function environment({ port, app, files, workers }: Place): Record<string, string> {
  return { PORT: String(port), APP: app, FILES: files, WORKERS: String(workers), DENO_JOBS: String(workers) };
}

/** How a contender of Deno starts: a file in `rivals/`. */
export function deno(file: string): Rival["start"] {
  return (place) => [{
    argv: [Deno.execPath(), "run", "-A", "--unstable-net", "--no-config", here(`rivals/${file}`)],
    port: place.port,
    env: environment(place),
  }];
}

function node(file: string): Rival["start"] {
  return (place) => [{
    argv: [programPath("node"), here(`rivals/${file}`)],
    port: place.port,
    env: environment(place),
  }];
}

/** The program as a user starts it: command line, supervisor, workers. */
function archangel(wire: "http" | "fcgi" = "http", socket = false): Rival["start"] {
  return (place) => {
    const { root, config } = place;
    const address = ["--listen", `${wire}://127.0.0.1:${place.port}`];
    if (socket) address.push("--listen", `${wire}+unix:${socketIn(place)}`);
    return [{
      argv: [
        ...[Deno.execPath(), "run", "-A", "--unstable-net", "-c", config, `${root}/mod.ts`, "serve"],
        ...["--deno-config", config, "--config", here("archangel/archangel.yaml"), ...address],
      ],
      port: place.port,
      env: environment(place),
    }];
  };
}

/** A Unix socket that a server behind nginx may listen on besides its port. */
function socketIn({ folder }: Place): string {
  return `${folder}/backend.sock`;
}

/**
 * Writes a config file in which words in capitals are filled in.
 *
 * @param file Its name in `rivals/`.
 * @param place Where its server runs.
 * @param backend The address of the server behind it.
 * @returns Its path.
 */
function filledIn(file: string, place: Place, backend = `127.0.0.1:${place.backend}`): string {
  const words: Record<string, string> = {
    BACKEND: backend,
    PORT: String(place.port),
    FILES: place.files,
    FOLDER: place.folder,
    HERE: here("rivals"),
  };
  const text = Deno.readTextFileSync(here(`rivals/${file}`));
  const path = `${place.folder}/${file}`;
  Deno.writeTextFileSync(path, text.replace(/\b(BACKEND|PORT|FILES|FOLDER|HERE)\b/g, (word) => words[word]!));
  return path;
}

function nginx(file: string, place: Place, backend?: string): Command {
  const config = filledIn(file, place, backend);
  return { argv: [programPath("nginx"), "-p", place.folder, "-c", config], port: place.port };
}

/** A server on the second port, or on a Unix socket too, with nginx before it. */
function behindNginx(backend: Rival["start"], socket = false): Rival["start"] {
  return (place) => {
    const address = socket ? `unix:${socketIn(place)}` : undefined;
    const front = { ...nginx("front.conf", place, address), inFront: true };
    return [...backend({ ...place, port: place.backend }), front];
  };
}

function phpFpm(place: Place): Command[] {
  return [{
    argv: [programPath("php-fpm"), "-R", "-n", "-F", "-y", filledIn("php_fpm.conf", place)],
    port: place.port,
  }];
}

/** Everything that can be measured, by name. */
export const RIVALS: Readonly<Record<string, Rival>> = {
  archangel: { title: "Archangel", needs: [], start: archangel() },
  deno_serve: { title: "Deno.serve", needs: [], start: deno("deno_serve.ts") },
  hono: { title: "Hono on Deno.serve", needs: [], start: deno("hono.ts") },
  raw_loop: { title: "read-write loop", needs: [], start: deno("raw_loop.ts") },
  raw_loops: { title: "read-write loops", needs: [], start: deno("raw_loops.ts") },
  node_http: { title: "Node http", needs: ["node"], start: node("node_http.mjs") },
  node_cluster: { title: "Node cluster", needs: ["node"], start: node("node_cluster.mjs") },
  nginx: { title: "nginx", needs: ["nginx"], start: (place) => [nginx("nginx.conf", place)] },
  archangel_fcgi: {
    title: "Archangel, FastCGI behind nginx",
    needs: ["nginx"],
    start: behindNginx(archangel("fcgi")),
  },
  archangel_fcgi_unix: {
    title: "Archangel, FastCGI, Unix socket",
    needs: ["nginx"],
    start: behindNginx(archangel("fcgi", true), true),
  },
  archangel_proxied: {
    title: "Archangel, HTTP behind nginx",
    needs: ["nginx"],
    start: behindNginx(archangel()),
  },
  deno_proxied: {
    title: "Deno.serve, HTTP behind nginx",
    needs: ["nginx"],
    start: behindNginx(deno("deno_serve.ts")),
  },
  deno_proxied_unix: {
    title: "Deno.serve, HTTP, Unix socket",
    needs: ["nginx"],
    start: behindNginx(
      (place) =>
        deno("deno_serve.ts")(place).map((one) => ({ ...one, env: { ...one.env, SOCKET: socketIn(place) } })),
      true,
    ),
  },
  php_fpm: {
    title: "PHP-FPM, FastCGI behind nginx",
    needs: ["nginx", "php-fpm"],
    start: behindNginx(phpFpm),
  },
  deno_parallel: {
    title: "deno serve --parallel",
    needs: [],
    start: (place) => [{
      argv: [
        ...[Deno.execPath(), "serve", "-A", "--no-config", "--parallel", "--host", "127.0.0.1"],
        ...["--port", String(place.port), here("rivals/deno_parallel.ts")],
      ],
      port: place.port,
      env: environment(place),
    }],
  },
};

/**
 * What a rival needs and is not there.
 *
 * @param rival The rival.
 * @returns Names of the programs that are missing.
 */
export function missingPrograms(rival: Rival): string[] {
  return rival.needs.filter((name) => findProgram(name) === undefined);
}

/** A program that `missingPrograms()` has found; by path, since it may be in none of the folders of `PATH`. */
function programPath(name: string): string {
  return findProgram(name) ?? name;
}

/** Debian has servers where users do not look, and its PHP-FPM is called `php-fpm8.2`. */
function findProgram(name: string): string | undefined {
  const folders = [...(Deno.env.get("PATH") ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  const versioned = new RegExp(`^${name}(\\d+\\.\\d+)?$`);
  for (const folder of folders) {
    const found = filesIn(folder).filter((file) => versioned.test(file)).toSorted()[0];
    if (found !== undefined) return `${folder}/${found}`;
  }
  return undefined;
}

function filesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].filter(({ isDirectory }) => !isDirectory).map(({ name }) => name);
  } catch {
    return [];
  }
}
