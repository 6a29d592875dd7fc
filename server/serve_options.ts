/**
 * What `serve()` takes: the settings of `archangel.yaml` with the same keys, where an app may also be
 * a function of the calling program. Owns the way from these options to settings; the rules are
 * those of the config.
 *
 * @module
 */
import type { FetchApp, FetchHandler } from "../twig/from_fetch.ts";
import type { App } from "../twig/types.ts";
import { loadConfig } from "./config.ts";
import { ConfigSource } from "./config_source.ts";
import { nameOf } from "./config_wording.ts";
import { ConfigError } from "./errors.ts";
import type { Functions } from "./mounts.ts";
import type { Settings } from "./settings.ts";

/** A path, relative to the current folder, or a URL such as `new URL("./app.ts", import.meta.url)`. */
export type Place = string | URL;

/** A size: bytes, or text with a unit such as `"64KiB"`. */
export type Size = number | string;

/** A time span: text with a unit, such as `"10s"` or `"1m30s"`. */
export type Duration = string;

/**
 * Options of `serve()`. Keys, types and defaults are those of the config (`docs/config.md`), but for
 * two defaults: `workers` is 0 and `log.access` is `"off"`, since the process and its output belong
 * to the program that calls.
 */
export interface ServeOptions {
  /**
   * Where to take connections: `"http://127.0.0.1:8000"`, `"fcgi+unix:/run/app.sock"`, one or several.
   *
   * @default {"http://127.0.0.1:8000"}
   */
  readonly listen?: string | ListenOption | readonly (string | ListenOption)[];
  /**
   * Worker processes; 0 serves in this process. With workers every app has to be a module.
   *
   * @default {0}
   */
  readonly workers?: number | "auto";
  /** The apps, by names of your choice. */
  readonly apps: Readonly<Record<string, AppOption>>;
  /** Which requests go to which app; with a single app, all of them. */
  readonly routes?: readonly RouteOption[];
  /** Sizes and counts that a client cannot exceed. */
  readonly limits?: LimitOptions;
  /** Deadlines. */
  readonly timeouts?: TimeoutOptions;
  /** The access log. */
  readonly log?: LogOptions;
  /**
   * Show errors of apps to the client, with stack.
   *
   * @default {false}
   */
  readonly development?: boolean;
  /**
   * The `Server` field of answers over HTTP, unless the app gives one; `""` sends none.
   *
   * @default {"archangel"}
   */
  readonly server_name?: string;
  /**
   * Answer 421 instead of 404 to hosts that no route names.
   *
   * @default {false}
   */
  readonly strict_hosts?: boolean;
  /**
   * A deno.json whose imports the workers' modules use; without workers, this program's own holds.
   * Default: the one in the current folder.
   */
  readonly deno_config?: Place;
  /** What the apps need of Deno's permissions, such as `"env=DATABASE_URL"`, to be passed on to workers. */
  readonly permissions?: readonly (string | PermissionOption)[];
  /** Closes the server when it aborts. */
  readonly signal?: AbortSignal;
}

/** A listener with more than its URL. */
export interface ListenOption {
  /** `http://HOST:PORT`, `fcgi://HOST:PORT`, `http+unix:PATH`, `fcgi+unix:PATH`, `http+fd:0` or `fcgi+fd:0`. */
  readonly url: string;
  /**
   * File mode of a Unix socket, in octal.
   *
   * @default {"0660"}
   */
  readonly mode?: string;
  /** Group that a Unix socket is given to. */
  readonly group?: string;
}

/**
 * An app: a function (a TWIG app), an object with a `fetch` method such as a Hono app, the place of a
 * module or folder, or one of these with its settings.
 */
export type AppOption = App | { readonly fetch: FetchHandler } | Place | AppOptions;

/** An app and its settings; exactly one of `twig`, `fetch`, `static` and `auto` is given. */
export interface AppOptions {
  /** A TWIG app, or the module whose default export is one. */
  readonly twig?: App | Place;
  /** A web-standard handler, or its module. */
  readonly fetch?: FetchApp | Place;
  /** A folder whose files are served. */
  readonly static?: Place;
  /** A module or folder whose kind is found out. */
  readonly auto?: Place;
  /**
   * Import the module at the start instead of at its first request.
   *
   * @default {false}
   */
  readonly preload?: boolean;
  /** Largest request body of this app. Default: `limits.body`. */
  readonly body?: Size;
}

/** A route. */
export interface RouteOption {
  /** Host name, or `*.` and a name for all names below it. Default: every host. */
  readonly host?: string;
  /**
   * Path prefix; the app sees the rest as its own path.
   *
   * @default {"/"}
   */
  readonly path?: string;
  /** Name of the app. */
  readonly app: string;
}

/** A permission to pass on to workers. */
export interface PermissionOption {
  /** `env=NAME`, `net=HOST:PORT`, `read=PATH`, …, or a name alone for all of it. */
  readonly grant: string;
}

/** Sizes and counts that a client cannot exceed. `docs/config.md` has the reasons, and the bounds of each. */
export interface LimitOptions {
  /**
   * Longest request target: path and query (414).
   *
   * @default {"8KiB"}
   */
  readonly target_bytes?: Size;
  /**
   * Largest request head, request line included (431).
   *
   * @default {"32KiB"}
   */
  readonly header_bytes?: Size;
  /**
   * Most header fields in a request; over FastCGI, 50 times as many CGI variables (431).
   *
   * @default {100}
   */
  readonly header_fields?: number;
  /**
   * Largest request body, for apps that set none of their own (413).
   *
   * @default {"16MiB"}
   */
  readonly body?: Size;
  /**
   * Most bytes of an unread body that are read and dropped to keep the connection.
   *
   * @default {"256KiB"}
   */
  readonly drain_bytes?: Size;
  /**
   * Most FastCGI requests open at once on one connection; with 1 it says that it does not multiplex.
   *
   * @default {256}
   */
  readonly open_exchanges?: number;
  /**
   * Most connections open at once in one worker.
   *
   * @default {16384}
   */
  readonly connections?: number;
  /**
   * Requests answered on one connection before it is closed.
   *
   * @default {100000}
   */
  readonly requests_per_connection?: number;
}

/** How long to wait for whom. `docs/config.md` has the reasons, and the bounds of each. */
export interface TimeoutOptions {
  /**
   * From the first byte of a request to the end of its head (408), and until a new connection sends one.
   *
   * @default {"10s"}
   */
  readonly header?: Duration;
  /**
   * Longest gap between two pieces of a request body (408).
   *
   * @default {"20s"}
   */
  readonly body?: Duration;
  /**
   * How long a kept connection may be without a request.
   *
   * @default {"15s"}
   */
  readonly idle?: Duration;
  /**
   * Longest time in which a client takes nothing of an answer.
   *
   * @default {"20s"}
   */
  readonly write?: Duration;
  /**
   * How long to go on reading after an early error answer.
   *
   * @default {"2s"}
   */
  readonly linger?: Duration;
  /**
   * How long a stop or reload waits for requests in flight.
   *
   * @default {"30s"}
   */
  readonly drain?: Duration;
  /**
   * A new worker has to be ready within this, and an app loaded that its first request needs.
   *
   * @default {"30s"}
   */
  readonly boot?: Duration;
}

/** See `log` in `docs/config.md`. */
export interface LogOptions {
  /**
   * `"off"`, `"stdout"`, `"stderr"`, or a file.
   *
   * @default {"off"}
   */
  readonly access?: Place;
  /**
   * How a line looks; `auto` is combined on a terminal, else JSON.
   *
   * @default {"auto"}
   */
  readonly format?: "auto" | "combined" | "json";
}

/** Options that were read: what to serve. */
export interface Prepared {
  /** Everything but the functions. */
  readonly settings: Settings;
  /** The apps that are functions of this program, by name. */
  readonly functions: Functions;
}

/**
 * Refuses what is no options at all, as a program without types may pass. Apart from {@linkcode prepare}, since
 * `serve()` looks at the signal before it prepares anything.
 *
 * @param options What `serve()` was given.
 * @returns The same.
 * @throws {ConfigError} If it is no object.
 */
export function optionsObject(options: ServeOptions): ServeOptions {
  if (typeof options === "object" && options !== null && !Array.isArray(options)) return options;
  const got = typeof options === "function" ? "a function" : nameOf(options);
  const message = `the options must be an object such as { apps: { hello: "./hello.ts" } }, got ${got}`;
  throw new ConfigError([ConfigSource.fromValue(NAME, options).problem([], message)]);
}

/** How the options are called in messages. */
const NAME = "serve()";

/**
 * Reads and checks options.
 *
 * @param given What `serve()` was given.
 * @returns What to serve.
 * @throws {ConfigError} With everything that is wrong, not only the first.
 * @throws {TypeError} If an app is a function and there are workers, which it cannot be sent to.
 */
export async function prepare(given: ServeOptions): Promise<Prepared> {
  const { signal: _, ...options } = optionsObject(given);
  const functions = new Map<string, App>();
  const apps: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options.apps ?? {})) {
    const app = await functionIn(option);
    if (app !== undefined) functions.set(name, app);
    apps[name] = app === undefined ? option : { ...settingsIn(option), twig: NOT_A_MODULE };
  }
  const { workers = 0, log = {} } = options;
  const values = { ...options, workers, log: { ...log, access: log.access ?? "off" }, apps };
  // Turns URLs into texts and leaves out what is undefined.
  const settings = loadConfig({ values: JSON.parse(JSON.stringify(values)), valuesName: NAME });
  const [name] = functions.keys();
  if (settings.workers > 0 && name !== undefined) {
    throw new TypeError(
      `Cannot serve app ${JSON.stringify(name)} with workers: they are other processes, and a function ` +
        "cannot be sent there; name the app's module, or set workers to 0",
    );
  }
  return { settings, functions };
}

/** Stands in the settings where a module would; never imported, as the function is there already. */
const NOT_A_MODULE = "data:text/javascript,";

/** The app, if it is a function or an object with one, rather than a place. */
async function functionIn(option: AppOption): Promise<App | undefined> {
  if (typeof option === "function") return option;
  if (typeof option !== "object" || option === null) return undefined;
  if ("twig" in option && typeof option.twig === "function") return option.twig;
  if (!("fetch" in option) || !isHandler(option.fetch)) return undefined;
  const { fromFetch } = await import("../twig/from_fetch.ts");
  // As a method, a handler may need its object.
  return fromFetch(typeof option.fetch === "function" ? option as FetchApp : option.fetch);
}

function isHandler(fetch: unknown): fetch is FetchApp {
  return typeof fetch === "function" ||
    (typeof fetch === "object" && fetch !== null && "fetch" in fetch && !(fetch instanceof URL));
}

/** The settings beside a function; an object of a class, such as a Hono app, has none. */
function settingsIn(option: AppOption): Record<string, unknown> {
  if (typeof option !== "object" || Object.getPrototypeOf(option) !== Object.prototype) return {};
  const { fetch: _fetch, twig: _twig, ...settings } = option as Record<string, unknown>;
  return settings;
}
