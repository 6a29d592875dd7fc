/**
 * Every setting of Archangel, once: its key, type, unit, bounds, default, flag, what it does and why
 * it is so. The YAML check, the flags, `--help` and `docs/config.md` all come from this table, so a
 * setting that is not here does not exist, and none can be documented wrongly.
 *
 * In keys `*` stands for a name (`apps.*.twig`) or for an item of a list (`routes.*.path`).
 *
 * @module
 */
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "./limits.ts";
import * as paths from "./path_kinds.ts";
import * as kinds from "./setting_kinds.ts";
import type { Kind } from "./setting_kinds.ts";

/** How a setting is given on the command line. */
export interface Flag {
  /** Its name without dashes. */
  readonly name: string;
  /** What stands for its value in help texts; none for a flag without value. */
  readonly value?: string;
}

/** A setting with a single value. */
export interface Setting<K extends string, T, D extends T | undefined> {
  /** Its key, from the root. */
  readonly key: K;
  /** Its type, with unit and bounds. */
  readonly kind: Kind<T>;
  /** Its default; `undefined` if there is none, and then `otherwise` says what happens. */
  readonly default: D;
  /** What holds where there is no default, in words. */
  readonly otherwise?: string;
  /** What it is, in one sentence. */
  readonly summary: string;
  /** Why it is there, and what to think of before changing it. */
  readonly reason: string;
  /** Its flag, if it can be given on the command line. */
  readonly flag?: Flag;
}

/** A mapping or list that holds other settings. */
export interface Section<K extends string> {
  /** Its key, from the root. */
  readonly key: K;
  /** `group`: fixed keys; `named`: names of the user's choice; `list`: items in order. */
  readonly section: "group" | "named" | "list";
  /** The key that an item means which is a single value instead of a mapping. */
  readonly shorthand?: string;
  /** What holds if it is left out, in words. */
  readonly otherwise: string;
  /** What it is, in one sentence. */
  readonly summary: string;
  /** Why it is there. */
  readonly reason: string;
  /** Its flag, which may be repeated, if it can be given on the command line. */
  readonly flag?: Flag;
}

function setting<const K extends string, T, const D extends T | undefined>(
  row: Setting<K, T, D>,
): Setting<K, T, D> {
  return row;
}

function section<const K extends string>(row: Section<K>): Section<K> {
  return row;
}

const KiB = 1024;
const MiB = 1024 * KiB;
const TiB = 1024 * 1024 * MiB;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** The table, in the order in which the documentation shows it. */
export const SETTINGS = [
  section({
    key: "listen",
    section: "list",
    shorthand: "url",
    otherwise: "http://127.0.0.1:8000",
    summary: "Where to take connections.",
    reason:
      "One listener or a list of them. The default can be reached from this machine only, so that nothing is public by accident.",
    flag: { name: "listen", value: "URL" },
  }),
  setting({
    key: "listen.*.url",
    kind: kinds.listenUrl,
    default: undefined,
    otherwise: "required",
    summary: "`http://HOST:PORT`, `fcgi://HOST:PORT`, `http+unix:PATH` or `fcgi+unix:PATH`.",
    reason:
      "An item that needs no more may be the URL alone. Port 0 lets the kernel choose. Workers cannot share a Unix socket: `{worker}` in the path becomes the number of each.",
  }),
  setting({
    key: "listen.*.mode",
    kind: kinds.fileMode,
    default: 0o660,
    summary: "File mode of a Unix socket, in octal.",
    reason: "Whoever may write to the socket may send requests, so the default excludes other users.",
  }),
  setting({
    key: "listen.*.group",
    kind: kinds.groupName,
    default: undefined,
    otherwise: "the group of this process",
    summary: "Group that a Unix socket is given to.",
    reason: "A front end that runs as another user gets in through its group.",
  }),
  setting({
    key: "workers",
    kind: kinds.processes([0, 1024]),
    default: "auto",
    summary: "Number of worker processes; `auto` is one a CPU, 0 serves in the first process.",
    reason: "A worker uses one CPU. More workers than CPUs help only apps that block.",
    flag: { name: "workers", value: "N" },
  }),
  section({
    key: "apps",
    section: "named",
    shorthand: "auto",
    otherwise: "required",
    summary: "The apps, by names of your choice.",
    reason:
      "The name appears in routes, logs and messages. Each app has exactly one of twig, fetch, static and auto.",
  }),
  setting({
    key: "apps.*.twig",
    kind: paths.moduleFile,
    default: undefined,
    otherwise: "none; exactly one of twig, fetch, static and auto is given",
    summary: "Module whose default export is a TWIG app.",
    reason: "A TWIG app is a function of a request and a response that returns or yields its answer.",
  }),
  setting({
    key: "apps.*.fetch",
    kind: paths.moduleFile,
    default: undefined,
    otherwise: "none; exactly one of twig, fetch, static and auto is given",
    summary: "Module with a web-standard handler, `(Request) => Response`, or `export default { fetch }`.",
    reason: "Hono, Oak, h3 and everything else that speaks fetch runs unchanged.",
  }),
  setting({
    key: "apps.*.static",
    kind: paths.existingFolder,
    default: undefined,
    otherwise: "none; exactly one of twig, fetch, static and auto is given",
    summary: "Folder whose files are served.",
    reason: "Nothing outside of it can be reached, and names that begin with a dot are never served. " +
      "Clients may ask whether a file has changed, and for a part of it (RFC 9110 §13, §14).",
  }),
  setting({
    key: "apps.*.auto",
    kind: paths.moduleOrFolder,
    default: undefined,
    otherwise: "none; exactly one of twig, fetch, static and auto is given",
    summary: "Module or folder whose kind is found out. An app that needs no more may be this path alone.",
    reason:
      "A folder is static; a default export that is a function is a TWIG app, one with a fetch method a handler.",
  }),
  setting({
    key: "apps.*.preload",
    kind: kinds.truth,
    default: false,
    summary: "Import the module when a worker starts instead of at its first request.",
    reason:
      "Costs start-up time and memory; in return the first request is fast and a broken module stops the start.",
  }),
  setting({
    key: "apps.*.body",
    kind: kinds.size([0, TiB]),
    default: undefined,
    otherwise: "limits.body",
    summary: "Largest request body that this app takes.",
    reason: "An upload app needs more than the rest; it may be larger or smaller than limits.body.",
  }),
  section({
    key: "routes",
    section: "list",
    otherwise: "with a single app, everything goes to it",
    summary: "Which requests go to which app.",
    reason:
      "The most specific host wins, then the longest path on a segment boundary; the order means nothing.",
  }),
  setting({
    key: "routes.*.host",
    kind: kinds.hostPattern,
    default: undefined,
    otherwise: "every host",
    summary: "Host name, or `*.` and a name for all names below it.",
    reason: "The port and upper case are ignored. Names below a wildcard do not include the name itself.",
  }),
  setting({
    key: "routes.*.path",
    kind: kinds.pathPrefix,
    default: "/",
    summary:
      "Path prefix. A TWIG app and a folder see the rest as their path, a fetch app sees the whole URL.",
    reason: "`/blog` takes `/blog` and `/blog/2026`, never `/blogs`. " +
      'A framework is told the prefix, too: `new Hono().basePath("/blog")`.',
  }),
  setting({
    key: "routes.*.app",
    kind: kinds.appName,
    default: undefined,
    otherwise: "required",
    summary: "Name of the app.",
    reason: "One app may be mounted several times.",
  }),
  section({
    key: "limits",
    section: "group",
    otherwise: "the defaults below",
    summary: "Sizes and counts that a client cannot exceed.",
    reason:
      "Each one stops an attack or a mistake that would otherwise take all memory. None can be switched off.",
  }),
  setting({
    key: "limits.body",
    kind: kinds.size([0, TiB]),
    default: DEFAULT_LIMITS.bodyBytes,
    summary: "Largest request body, for apps that set none of their own (413).",
    reason:
      "Bodies are streamed, so this bounds what an app may be made to collect, not what a connection holds.",
  }),
  setting({
    key: "limits.target_bytes",
    kind: kinds.size([256, MiB]),
    default: DEFAULT_LIMITS.targetBytes,
    summary: "Longest request target: path and query (414).",
    reason:
      "RFC 9112 §3 asks for 8000 octets at least. Over FastCGI it is the front end that holds clients to a limit.",
  }),
  setting({
    key: "limits.header_bytes",
    kind: kinds.size([KiB, 16 * MiB]),
    default: DEFAULT_LIMITS.headerBytes,
    summary: "Largest request head, request line included (431).",
    reason:
      "Browsers with many cookies send 16 KiB. Every connection may hold this much before an app is asked, and over FastCGI 8 times as much, for front ends add variables of their own.",
  }),
  setting({
    key: "limits.header_fields",
    kind: kinds.count([1, 10_000]),
    default: DEFAULT_LIMITS.headerFields,
    summary: "Most header fields in a request; over FastCGI, 8 times as many CGI variables (431).",
    reason: "Front ends add a few dozen; thousands of tiny fields cost more time than their bytes suggest.",
  }),
  setting({
    key: "limits.drain_bytes",
    kind: kinds.size([0, 64 * MiB]),
    default: DEFAULT_LIMITS.drainBytes,
    summary: "Most bytes of an unread body that are read and dropped to keep the connection.",
    reason: "Reading on is cheaper than a new connection, up to a point; past it the connection closes.",
  }),
  setting({
    key: "limits.open_exchanges",
    kind: kinds.count([1, 65_535]),
    default: DEFAULT_LIMITS.openExchanges,
    summary: "Most FastCGI requests open at once on one connection.",
    reason: "More are answered with 503 and FCGI_OVERLOADED. Front ends that do not multiplex have one.",
  }),
  setting({
    key: "limits.connections",
    kind: kinds.count([1, 1_000_000]),
    default: DEFAULT_LIMITS.connections,
    summary: "Most connections open at once in one worker.",
    reason: "Further ones wait in the kernel's queue. `ulimit -n` has to allow as many open files.",
  }),
  setting({
    key: "limits.requests_per_connection",
    kind: kinds.count([1, 1_000_000_000]),
    default: DEFAULT_LIMITS.requestsPerConnection,
    summary: "Requests answered on one connection before it is closed.",
    reason: "Lets long-lived connections of a front end spread over workers that started later.",
  }),
  section({
    key: "timeouts",
    section: "group",
    otherwise: "the defaults below",
    summary: "How long to wait for whom.",
    reason: "None of them runs while an app computes its answer.",
  }),
  setting({
    key: "timeouts.header",
    kind: kinds.duration([1, HOUR]),
    default: DEFAULT_TIMEOUTS.header,
    summary: "From the first byte of a request to the end of its head (408).",
    reason: "Stops clients that send a head byte by byte to hold connections (slowloris).",
  }),
  setting({
    key: "timeouts.body",
    kind: kinds.duration([1, HOUR]),
    default: DEFAULT_TIMEOUTS.body,
    summary: "Longest gap between two pieces of a request body (408).",
    reason: "It starts anew with every piece, so a slow line is no problem, only a silent one.",
  }),
  setting({
    key: "timeouts.idle",
    kind: kinds.duration([1, 24 * HOUR]),
    default: DEFAULT_TIMEOUTS.idle,
    summary: "How long a kept connection may be without a request.",
    reason: "Should be longer than the same setting of a front end, or that one meets closed connections.",
  }),
  setting({
    key: "timeouts.write",
    kind: kinds.duration([1, HOUR]),
    default: DEFAULT_TIMEOUTS.write,
    summary: "Longest time in which a client takes nothing of an answer.",
    reason: "Stops clients that ask for much and read nothing.",
  }),
  setting({
    key: "timeouts.linger",
    kind: kinds.duration([0, 60 * SECOND]),
    default: DEFAULT_TIMEOUTS.linger,
    summary: "How long to go on reading after an early error answer.",
    reason: "A connection closed with unread data is reset, and the client might lose the answer.",
  }),
  setting({
    key: "timeouts.drain",
    kind: kinds.duration([0, HOUR]),
    default: DEFAULT_TIMEOUTS.drain,
    summary: "How long a stop or reload waits for requests in flight.",
    reason: "Afterwards they are cut. Service managers should wait a little longer before they kill.",
  }),
  setting({
    key: "timeouts.boot",
    kind: kinds.duration([SECOND, HOUR]),
    default: DEFAULT_TIMEOUTS.boot,
    summary: "A new worker has to be ready within this.",
    reason: "Otherwise it counts as broken, and at a reload the old workers go on serving.",
  }),
  section({
    key: "log",
    section: "group",
    otherwise: "the defaults below",
    summary: "The access log. Errors always go to stderr.",
    reason: "One line an exchange, written when it ended.",
  }),
  setting({
    key: "log.access",
    kind: paths.logTarget,
    default: "stdout",
    summary: "`off`, `stdout`, `stderr`, or a file (a path with a slash in it).",
    reason: "Service managers and containers collect stdout; a file is reopened at a reload.",
  }),
  setting({
    key: "log.format",
    kind: kinds.choice("auto", "combined", "json"),
    default: "auto",
    summary:
      "`combined` as Apache and nginx write it, or `json`; `auto` is combined on a terminal, else JSON.",
    reason: "People read the one, programs the other. The `duration` in JSON is in milliseconds.",
  }),
  setting({
    key: "development",
    kind: kinds.truth,
    default: false,
    summary: "Show errors of apps to the client, with stack, and reload the workers when files change.",
    reason: "Never in production: a stack tells strangers about your code.",
    flag: { name: "development" },
  }),
  setting({
    key: "server_name",
    kind: kinds.fieldText,
    default: "archangel",
    summary: 'The `Server` field of answers; `""` sends none.',
    reason: "Without a version, which would help nobody but attackers.",
  }),
  setting({
    key: "strict_hosts",
    kind: kinds.truth,
    default: false,
    summary: "Answer 421 instead of 404 to hosts that no route names.",
    reason: "For a server whose routes name all of its hosts (RFC 9110 §15.5.20).",
  }),
  setting({
    key: "deno_config",
    kind: paths.existingFile,
    default: undefined,
    otherwise: "deno.json or deno.jsonc beside the config, or beside the module that is served without one",
    summary: "A deno.json whose imports the apps use.",
    reason:
      "One for all apps: Deno reads one config a process, and none that is beside an app module elsewhere. It is given to the workers; without workers, run Deno itself with `-c FILE`.",
    flag: { name: "deno-config", value: "FILE" },
  }),
  section({
    key: "permissions",
    section: "list",
    shorthand: "grant",
    otherwise: "none",
    summary: "What the apps need of Deno's permissions, beyond what the rest of this file says.",
    reason:
      "It grants nothing. Deno does not tell a process which narrow permissions it was started with, so only what stands here, and was granted, is passed on to the workers. `archangel check` prints the flags for all of it.",
  }),
  setting({
    key: "permissions.*.grant",
    kind: paths.permission,
    default: undefined,
    otherwise: "required",
    summary: "`env=NAME`, `net=HOST:PORT`, `read=PATH`, `write=PATH`, …, or a name alone for all of it.",
    reason: "One thing an item. The names are those of Deno: read, write, net, env, run, sys, ffi, import.",
  }),
] as const;

/** Any row of the table. */
export type Row = typeof SETTINGS[number];
/** The rows with a single value. */
export type SettingRow = Extract<Row, { kind: unknown }>;
/** The rows that hold others. */
export type SectionRow = Extract<Row, { section: unknown }>;
/** Keys with a single value. */
export type SettingKey = SettingRow["key"];
/** Keys of mappings and lists. */
export type SectionKey = SectionRow["key"];

/** The value of a setting after its default was put in. */
export type SettingValue<K extends SettingKey> = Extract<SettingRow, { key: K }> extends
  Setting<K, infer T, infer D> ? T | D : never;

const ROWS: ReadonlyMap<string, Row> = new Map(SETTINGS.map((row) => [row.key, row]));

/**
 * Looks a row up.
 *
 * @param key Its key, with `*` for names and items.
 * @returns The row, or `undefined` if there is no such setting.
 */
export function rowOf(key: string): Row | undefined {
  return ROWS.get(key);
}

/**
 * The keys that may stand directly below another.
 *
 * @param parent Its key, with `*` for names and items; `""` for the root.
 * @returns Their last parts, in the order of the table: for `"log"` it is `["access", "format"]`.
 *
 * @example Usage
 * ```ts
 * import { keysBelow } from "./settings_table.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(keysBelow("log"), ["access", "format"]);
 * ```
 */
export function keysBelow(parent: string): string[] {
  const lead = parent === "" ? "" : `${parent}.`;
  const below = SETTINGS.filter(({ key }) => key.startsWith(lead)).map(({ key }) => key.slice(lead.length));
  return below.filter((key) => !key.includes("."));
}
