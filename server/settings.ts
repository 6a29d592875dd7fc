/**
 * The settings of one Archangel, complete and checked: what `archangel.yaml`, the flags and
 * `serve({ ... })` all become before anything runs. Plain data, so that the supervisor can hand it
 * to a worker as JSON.
 *
 * @module
 */
import type { Limits, Timeouts } from "./limits.ts";
import type { Grant } from "./permissions.ts";

/** Where to listen. */
export type ListenAddress = TcpAddress | UnixAddress | InheritedAddress;

/** A TCP address, from `http://HOST:PORT` or `fcgi://HOST:PORT`. */
export interface TcpAddress {
  /** The wire spoken there. */
  readonly protocol: "http" | "fcgi";
  /** Discriminates {@linkcode ListenAddress}. */
  readonly transport: "tcp";
  /** IP address or name to bind, without brackets. */
  readonly hostname: string;
  /** Port to bind; 0 lets the kernel choose (one worker or in-process only). */
  readonly port: number;
}

/** A Unix socket, from `fcgi+unix:PATH` or `http+unix:PATH`. */
export interface UnixAddress {
  /** The wire spoken there. */
  readonly protocol: "http" | "fcgi";
  /** Discriminates {@linkcode ListenAddress}. */
  readonly transport: "unix";
  /** Absolute path, at most 107 bytes. */
  readonly path: string;
  /** File mode, such as 0o660. */
  readonly mode: number;
  /** Group name or numeric id to give the socket to; `undefined` leaves it. */
  readonly group: string | undefined;
}

/** The listening socket that this process was started with, from `fcgi+fd:0` or `http+fd:0`. */
export interface InheritedAddress {
  /** The wire spoken there. */
  readonly protocol: "http" | "fcgi";
  /** Discriminates {@linkcode ListenAddress}. */
  readonly transport: "fd";
  /** File descriptor 0, which is stdin: the only one that FastCGI knows. */
  readonly descriptor: 0;
}

/** How an app module is written; `auto` leaves it to the loader to find out. */
export type AppKind = "twig" | "fetch" | "static" | "auto";

/** One app of the config. */
export interface AppSpec {
  /** Its name under `apps`. */
  readonly name: string;
  /** How the module is written; `static` has a folder instead of a module. */
  readonly kind: AppKind;
  /** Module URL (`file:`, `http:`, `npm:`, …), or for `static` the absolute folder. */
  readonly location: string;
  /** Import at worker start rather than at the first request. */
  readonly preload: boolean;
  /** Largest request body for this app in bytes. */
  readonly bodyBytes: number;
}

/** One route: requests of this host and path prefix go to this app. */
export interface RouteSpec {
  /** `www.example.org`, `*.example.org`, or `undefined` for every host. Lower case, no port. */
  readonly host: string | undefined;
  /** Path prefix beginning with `/`, no trailing slash except for `/` itself. */
  readonly path: string;
  /** Name of the app. */
  readonly app: string;
}

/** Access log and error log. */
export interface LogSettings {
  /** `off`, `stdout`, `stderr`, or an absolute file path. */
  readonly access: string;
  /** `auto`: combined on a terminal, else JSON. */
  readonly format: "auto" | "combined" | "json";
}

/** Everything a worker needs to know. */
export interface Settings {
  /** Listeners; at least one. */
  readonly listen: readonly ListenAddress[];
  /** Worker processes; 0 serves in this process. */
  readonly workers: number;
  /** The apps by name. */
  readonly apps: Readonly<Record<string, AppSpec>>;
  /** The routes in file order. */
  readonly routes: readonly RouteSpec[];
  /** Answer 421 instead of 404 to hosts that no route names (RFC 9110 §15.5.20). */
  readonly strictHosts: boolean;
  /** Show errors of apps to the client, with stack; `archangel serve` also reloads when files change. */
  readonly development: boolean;
  /** The `Server` field; `""` sends none. */
  readonly serverName: string;
  /** Sizes and counts. */
  readonly limits: Limits;
  /** Deadlines. */
  readonly timeouts: Timeouts;
  /** Logs. */
  readonly log: LogSettings;
  /** Path of a deno.json whose imports the workers' modules use; `undefined`: there is none. */
  readonly denoConfig: string | undefined;
  /** What the apps need of Deno's permissions beyond what the rest of the settings says. */
  readonly permissions: readonly Grant[];
  /** Path of the config file, for messages; `undefined` if there is none. */
  readonly source: string | undefined;
}
