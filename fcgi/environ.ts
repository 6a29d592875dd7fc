/**
 * CGI variables to request head (RFC 3875 §4.1), as nginx, Apache, lighttpd and HAProxy really send
 * them over FastCGI.
 *
 * What the first server understood arrives decoded, joined or twice, so this file has an opinion on
 * each variable. The rule behind them all: what the client sent wins over what was made of it.
 * `REQUEST_URI` is the target as sent (`%2F` stays `%2F`), so path and query come from it, and only
 * in its absence from the decoded `SCRIPT_NAME` and `PATH_INFO`. Sizes are the business of
 * `intake.ts`.
 *
 * Only what decides whether and where a request goes is read at once; header fields and `env` are
 * made when somebody asks.
 *
 * @module
 */
import { ProtocolError } from "../twig/errors.ts";
import { TOKEN } from "../twig/field_block.ts";
import { HeaderFields } from "../twig/headers.ts";
import type { RequestHead } from "../twig/wire.ts";
import type { Params } from "./params.ts";

/**
 * RFC 3986 §3.2.2: host and port, without user information. A comma is left out because some take it
 * for the end of a name.
 */
const HOST = /^(?:(?:[\w\-.~!$&'()*+;=]|%[\da-f]{2})+|\[[\da-f:.]+\])(?::(\d*))?$/i;
/** What may not stand in a target, and would be read in two ways: spaces, `#`, what is not ASCII. */
const CLEAN_TARGET = /^[\x21\x22\x24-\x7e]*$/;
const NOT_IN_TARGET = /[^\x21\x22\x24-\x7e]/g;
/** RFC 3986 §3.3: what may not stand in a path, `%` included, for this one is decoded. */
const NOT_IN_PATH = /[^\w\-.~!$&'()*+,;=:@/]/g;
const CONTROL = /[\0\r\n]/;

/**
 * Names that begin with `HTTP_` and are no header field of this request: `Proxy` would be taken for
 * the setting of that name (httpoxy), host, type and length come by themselves, and the transfer coding
 * is undone already.
 */
const NO_FIELD: ReadonlySet<string> = new Set([
  "host",
  "proxy",
  "content-type",
  "content-length",
  "transfer-encoding",
]);

/**
 * Header fields that have one value, whoever else claims to have it: a front end's own setting comes besides
 * the client's or after it. Type and length are variables of their own (RFC 3875 §4.1.2, §4.1.3).
 */
const SINGLE = [
  ["HTTP_HOST", "host"],
  ["CONTENT_TYPE", "content-type"],
  ["CONTENT_LENGTH", "content-length"],
] as const;

/**
 * Reads the head of a request.
 *
 * @param params The variables, in the order received.
 * @param exchange The number of the exchange.
 * @param withoutLength The body's length if there is no CONTENT_LENGTH, for then this file cannot know.
 * @returns The head.
 * @throws {ProtocolError} With status 400, if there is no request in these variables.
 */
export function readHead(params: Params, exchange: number, withoutLength: 0 | undefined): RequestHead {
  if (params.has("\n") || params.has("\r") || params.has("\0")) refuseControl(params);
  const method = params.get("REQUEST_METHOD");
  if (method !== "GET" && !TOKEN.test(method)) {
    throw method === ""
      ? new ProtocolError(400, "no-method", "Cannot read CGI variables: REQUEST_METHOD is missing")
      : bad("bad-method", "REQUEST_METHOD", method);
  }
  return new CgiHead(
    params,
    exchange,
    method,
    readTarget(params, method),
    readLength(params) ?? withoutLength,
  );
}

function bad(code: string, name: string, value: string): ProtocolError {
  return new ProtocolError(400, code, `Cannot read ${name}: ${JSON.stringify(value.slice(0, 100))}`);
}

/**
 * Variables that become fields, targets, addresses or log lines, none of which has line ends. Others have them by
 * right: certificates (`SSL_CLIENT_CERT`), Apache's `SERVER_SIGNATURE`, a path that was decoded (`SCRIPT_NAME` for
 * `/a%0Ab`), whatever else is in the environment that cgi-fcgi passes on.
 */
const ONE_LINE = /^(?:HTTP_|HTTPS$|REQUEST_|CONTENT_|REMOTE_|SERVER_(?!SIGNATURE$))/;

/** CR, LF and NUL would split a field or a log line. */
function refuseControl(params: Params): void {
  for (let i = 0; i < params.size; i++) {
    const name = params.name(i);
    const value = params.value(i);
    const harmless = !ONE_LINE.test(name) && !value.includes("\0");
    if (CONTROL.test(name) || (CONTROL.test(value) && !harmless)) throw bad("control-in-params", name, value);
  }
}

function readLength(params: Params): number | undefined {
  const length = params.get("CONTENT_LENGTH");
  if (length === "") return undefined;
  if (!/^\d+$/.test(length)) throw bad("bad-content-length", "CONTENT_LENGTH", length);
  return Number(length);
}

/** A request target, taken apart. */
interface Target {
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
}

function readTarget(params: Params, method: string): Target {
  const target = targetOf(params.get("REQUEST_URI")) || targetFromPath(params);
  if (target === "*" && method === "OPTIONS") {
    return { target, path: "*", query: "", authority: readAuthority(params) };
  }
  if (target.startsWith("/")) return splitTarget(target, target, readAuthority(params));
  // RFC 9112 §3.2.2: an absolute target's host wins over the Host field.
  const absolute = /^https?:\/\/([^/?]+)(.*)$/i.exec(target);
  if (absolute === null) throw bad("bad-target", "REQUEST_URI", target);
  const [, authority = "", rest = ""] = absolute;
  if (!isHost(authority)) throw bad("bad-host", "REQUEST_URI", target);
  return splitTarget(target, rest.startsWith("/") ? rest : "/" + rest, authority);
}

/** Most targets are clean, and to look is quicker than to replace nothing. */
function targetOf(uri: string): string {
  return CLEAN_TARGET.test(uri) ? uri : uri.replace(NOT_IN_TARGET, percentEncode);
}

function splitTarget(target: string, local: string, authority: string): Target {
  const mark = local.indexOf("?");
  return mark < 0
    ? { target, path: local, query: "", authority }
    : { target, path: local.slice(0, mark), query: local.slice(mark + 1), authority };
}

function targetFromPath(params: Params): string {
  const path = params.get("SCRIPT_NAME") + params.get("PATH_INFO");
  const query = params.get("QUERY_STRING").replace(NOT_IN_TARGET, percentEncode);
  return (path.startsWith("/") ? "" : "/") + path.replace(NOT_IN_PATH, percentEncode) +
    (query === "" ? "" : "?" + query);
}

function percentEncode(unit: string): string {
  return "%" + unit.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0");
}

/** One host makes up most of a worker's traffic. */
let lastHost = "localhost";

function isHost(text: string): boolean {
  if (text === lastHost) return true;
  if (!isHostWritten(text)) return false;
  lastHost = text;
  return true;
}

function isHostWritten(text: string): boolean {
  const match = HOST.exec(text);
  if (match === null || Number(match[1] ?? 0) > 65535) return false;
  return !text.startsWith("[") || URL.canParse(`http://${text}/`);
}

function readAuthority(params: Params): string {
  const host = params.get("HTTP_HOST");
  if (host === "") return serverAuthority(params);
  if (!isHost(host)) throw bad("bad-host", "HTTP_HOST", host);
  return host;
}

/** The server's own idea of its name. HAProxy has the port in SERVER_NAME already. */
function serverAuthority(params: Params): string {
  let name = params.get("SERVER_NAME");
  if (/^[^[]*:[^[]*:/.test(name)) name = `[${name}]`;
  if (!isHost(name)) return "";
  const port = params.get("SERVER_PORT");
  const isDefault = port === (isSecure(params) ? "443" : "80");
  return isDefault || /:\d*$/.test(name) || !/^\d+$/.test(port) ? name : `${name}:${port}`;
}

function isSecure(params: Params): boolean {
  const https = params.get("HTTPS").toLowerCase();
  return https === "on" || https === "1" || https === "yes" ||
    params.get("REQUEST_SCHEME").toLowerCase() === "https";
}

/** A {@linkcode RequestHead} over CGI variables. */
class CgiHead implements RequestHead {
  readonly kind = "head";
  readonly exchange: number;
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly query: string;
  readonly authority: string;
  readonly bodyLength: number | undefined;
  readonly #params: Params;
  #headers: HeaderFields | undefined;
  #env: Readonly<Record<string, string>> | undefined;

  constructor(
    params: Params,
    exchange: number,
    method: string,
    target: Target,
    bodyLength: number | undefined,
  ) {
    this.exchange = exchange;
    this.method = method;
    this.target = target.target;
    this.path = target.path;
    this.query = target.query;
    this.authority = target.authority;
    this.bodyLength = bodyLength;
    this.#params = params;
  }

  get protocol(): string {
    const protocol = this.#params.get("SERVER_PROTOCOL");
    return /^HTTP\/\d(?:\.\d)?$/.test(protocol) ? protocol : "HTTP/1.1";
  }

  get secure(): boolean {
    return isSecure(this.#params);
  }

  get headers(): HeaderFields {
    return this.#headers ??= readFields(this.#params);
  }

  get env(): Readonly<Record<string, string>> {
    return this.#env ??= readEnv(this.#params);
  }

  variable(name: string): string {
    return this.#params.get(name);
  }
}

function readFields(params: Params): HeaderFields {
  const names: string[] = [];
  const values: string[] = [];
  for (let i = 0; i < params.size; i++) {
    if (!params.startsWith(i, "HTTP_")) continue;
    const name = fieldName(params.name(i));
    if (name === "") continue;
    names.push(name);
    values.push(params.value(i));
  }
  const fields = new HeaderFields(names, values);
  for (const [variable, name] of SINGLE) {
    const value = params.get(variable);
    if (value !== "") fields.append(name, value);
  }
  fields.seal("received");
  return fields;
}

/** Field names by variable name, `""` for what is no field. Bounded, for clients can make names up. */
const fieldNames = new Map<string, string>();
const FIELD_NAMES_LIMIT = 512;

function fieldName(variable: string): string {
  const known = fieldNames.get(variable);
  if (known !== undefined) return known;
  const name = variable.slice("HTTP_".length).replaceAll("_", "-").toLowerCase();
  const field = TOKEN.test(name) && !NO_FIELD.has(name) ? name : "";
  if (fieldNames.size < FIELD_NAMES_LIMIT) fieldNames.set(variable, field);
  return field;
}

function readEnv(params: Params): Readonly<Record<string, string>> {
  // Without a prototype, so that a variable may have any name.
  const env: Record<string, string> = Object.create(null);
  for (let i = 0; i < params.size; i++) {
    const name = params.name(i);
    if (name !== "HTTP_PROXY") env[name] = params.value(i);
  }
  return env;
}
