/**
 * Every setting of Archangel, once: its key, type, unit, bounds, default, flag, what it does and why
 * it is so. The YAML check, the flags, `--help` and `docs/config.md` all come from this table, so a
 * setting that is not here does not exist, and none can be documented wrongly.
 *
 * In keys `*` stands for a name (`apps.*.twig`) or for an item of a list (`routes.*.path`).
 *
 * @module
 */
import { LARGEST_BODY, LIMIT_SETTINGS } from "./limit_settings.ts";
import * as paths from "./path_kinds.ts";
import * as kinds from "./setting_kinds.ts";
import { section, type Setting, setting } from "./settings_row.ts";

/** The table, in the order in which the documentation shows it. */
export const SETTINGS = [
  section({
    key: "listen",
    section: "list",
    shorthand: "url",
    otherwise: "http://127.0.0.1:8000",
    summary: "Where to take connections.",
    reason: "One listener or a list of them. The default can be reached from this machine only, so that " +
      "nothing is public by accident.",
    flag: { name: "listen", value: "URL" },
  }),
  setting({
    key: "listen.*.url",
    kind: kinds.listenUrl,
    default: undefined,
    otherwise: "required",
    summary: "`http://HOST:PORT`, `fcgi://HOST:PORT`, `http+unix:PATH`, `fcgi+unix:PATH`, `http+fd:0` or " +
      "`fcgi+fd:0`.",
    reason:
      "An item that needs no more may be the URL alone. Port 0 lets the kernel choose. Workers cannot " +
      "share a Unix socket: `{worker}` in the path becomes the number of each. `fd:0` is the listening " +
      "socket that spawn-fcgi or lighttpd start this process with, and has no workers.",
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
    summary:
      "Number of worker processes; `auto` is one a CPU, or 0 with an inherited socket. 0 serves in the " +
      "first process.",
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
      "The name appears in routes, logs and messages. Each app has exactly one of twig, fetch, static " +
      "and auto.",
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
    reason: "Nothing outside of it can be reached, and no name that begins with a dot but `/.well-known`. " +
      "Clients may ask whether a file has changed, and for a part of it (RFC 9110 §13, §14). " +
      "[files.md](files.md) has the rest: `index.html`, links, and what an app can add.",
  }),
  setting({
    key: "apps.*.auto",
    kind: paths.moduleOrFolder,
    default: undefined,
    otherwise: "none; exactly one of twig, fetch, static and auto is given",
    summary: "Module or folder whose kind is found out. An app that needs no more may be this path alone.",
    reason:
      "A folder is static; a default export that is a function is a TWIG app, one with a fetch method a " +
      "handler.",
  }),
  setting({
    key: "apps.*.preload",
    kind: kinds.truth,
    default: false,
    summary: "Import the module when a worker starts instead of at its first request.",
    reason: "Costs start-up time and memory; in return the first request is fast and a broken module stops " +
      "the start.",
  }),
  setting({
    key: "apps.*.body",
    kind: kinds.size([0, LARGEST_BODY]),
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
      "The most specific host wins, then the longest path on a segment boundary; the order means nothing. So a " +
      "route without a host gets nothing that one with the right host takes: with `{ path: /.well-known, app: acme }` " +
      "and `{ host: example.org, app: a }`, `example.org/.well-known` goes to `a`, until there is " +
      "`{ host: example.org, path: /.well-known, app: acme }`, too.",
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
  ...LIMIT_SETTINGS,
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
    summary:
      'The `Server` field of answers over HTTP, unless the app gives one; `""` sends none. Over FastCGI the ' +
      "front end sends its own.",
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
    reason: "One for all apps: Deno reads one config a process, and none that is beside an app module " +
      "elsewhere. Folders above are not searched: name it. It is given to the workers; without workers, run Deno itself with `-c FILE`.",
    flag: { name: "deno-config", value: "FILE" },
  }),
  section({
    key: "permissions",
    section: "list",
    shorthand: "grant",
    otherwise: "none",
    summary: "What the apps need of Deno's permissions, beyond what the rest of this file says.",
    reason:
      "It grants nothing. Deno does not tell a process which narrow permissions it was started with, so " +
      "only what stands here, and was granted, is passed on to the workers. `archangel check` prints " +
      "the flags for all of it.",
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
