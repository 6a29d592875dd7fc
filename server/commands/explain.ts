/**
 * `archangel explain URL`: who would serve it. Asks the router that also serves, and runs nothing.
 *
 * @module
 */
import { Router } from "../../router/mod.ts";
import { formatAddress } from "../address.ts";
import { appText } from "../app_text.ts";
import { type CommandLine, configInput, UsageError } from "../command_line.ts";
import { loadConfig } from "../config.ts";
import { EXIT } from "../exit_codes.ts";
import { readRequestUrl, type RequestUrl } from "../request_url.ts";
import type { AppSpec, ListenAddress, RouteSpec, Settings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { formatDuration, formatSize } from "../units.ts";

/**
 * Explains.
 *
 * @param line The command line.
 * @param terminal Where to print.
 * @returns 0 if an app would be asked, else 1.
 * @throws {UsageError} If there is no URL.
 */
export function run(line: CommandLine, terminal: Terminal): number {
  const [text, target] = line.arguments;
  if (text === undefined) throw new UsageError("Nothing to explain: name a URL", "explain");
  const settings = loadConfig(configInput(line, target));
  const url = readRequestUrl(text, settings.listen);
  const router = new Router(
    settings.routes.map((route) => ({ host: route.host, path: route.path, app: route })),
  );
  const match = router.find(url.authority, url.path);
  const listeners = listenersFor(url, settings.listen);
  const rows: Row[] = [["listener", listenerText(listeners, url)]];
  if (match === undefined) {
    const misdirected = settings.strictHosts && !router.hostKnown(url.authority);
    rows.push(["route", "none"], ["answer", misdirected ? "421 Misdirected Request" : "404 Not Found"]);
  } else rows.push(...appRows(match.app, match.prefixLength, url, settings));
  terminal.out(rows.map(([head, value]) => `${head.padEnd(11)} ${value}`).join("\n"));
  return match !== undefined && listeners.length > 0 ? EXIT.ok : EXIT.failure;
}

type Row = readonly [head: string, value: string];

function appRows(route: RouteSpec, prefixLength: number, url: RequestUrl, settings: Settings): Row[] {
  const app: AppSpec = settings.apps[route.app]!;
  const { limits, timeouts } = settings;
  return [
    ["route", `${route.host ?? "every host"}, ${route.path}`],
    ["app", appText(app, settings)],
    ["scriptName", JSON.stringify(url.path.slice(0, prefixLength))],
    ["pathInfo", JSON.stringify(url.path.slice(prefixLength))],
    ["query", JSON.stringify(url.query)],
    [
      "limits",
      `body ${formatSize(app.bodyBytes)}, head ${formatSize(limits.headerBytes)}, ` +
      `target ${formatSize(limits.targetBytes)}, ${limits.headerFields} fields`,
    ],
    [
      "timeouts",
      `head ${formatDuration(timeouts.header)}, body ${formatDuration(timeouts.body)}, ` +
      `write ${formatDuration(timeouts.write)}, idle ${formatDuration(timeouts.idle)}`,
    ],
  ];
}

function listenerText(listeners: readonly ListenAddress[], url: RequestUrl): string {
  if (listeners.length === 0) return `none takes ${url.hostname} port ${url.port}`;
  const met = listeners.filter((address) => !isBehind(address));
  const behind = listeners.filter(isBehind);
  const text = [...met, ...behind].map(formatAddress).join(" or ");
  return behind.length > 0 ? `${text}, through a front end` : text;
}

/** Which listeners a URL can come to: those with its port, else those of which its port says nothing. */
function listenersFor(url: RequestUrl, listen: readonly ListenAddress[]): readonly ListenAddress[] {
  if (url.isPath) return listen.slice(0, 1);
  const exact = listen.filter((address) => hasPort(address, url));
  return exact.length > 0 ? exact : listen.filter(isAnyPort);
}

const EVERY_ADDRESS = ["0.0.0.0", "::"];

/** A name may mean any address, so only an address can rule a listener out. */
function hasPort(address: ListenAddress, url: RequestUrl): boolean {
  if (address.transport !== "tcp" || address.protocol !== "http" || address.port !== url.port) return false;
  const isName = !/^[\d.]+$|:/.test(url.hostname);
  return isName || EVERY_ADDRESS.includes(address.hostname) || address.hostname === url.hostname;
}

/** Besides what a front end passes on, an inherited socket: whoever opened it chose the port. */
function isAnyPort(address: ListenAddress): boolean {
  return isBehind(address) || address.transport === "fd";
}

/** A client speaks HTTP over TCP; a front end may pass any URL to what speaks something else. */
function isBehind(address: ListenAddress): boolean {
  return address.protocol === "fcgi" || address.transport === "unix";
}
