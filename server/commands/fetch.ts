/**
 * `archangel fetch URL`: one request through the whole server in this process, without a port.
 *
 * @module
 */
import { AnswerReader } from "../answer_reader.ts";
import { type CommandLine, configInput, UsageError } from "../command_line.ts";
import { loadConfig } from "../config.ts";
import { EXIT } from "../exit_codes.ts";
import { requestInProcess } from "../in_process.ts";
import { withoutExit } from "../no_exit.ts";
import { readRequestUrl, type RequestUrl } from "../request_url.ts";
import { rerun } from "../rerun.ts";
import type { Settings } from "../settings.ts";
import type { Terminal } from "../terminal.ts";
import { SOFTWARE } from "../version.ts";

/**
 * Fetches.
 *
 * @param line The command line.
 * @param terminal Where to print.
 * @returns 0 for a whole answer with a status below 400, else 1.
 * @throws {UsageError} If there is no URL, or a flag makes no request.
 * @throws {AppLoadError} If an app that is loaded at start cannot be.
 */
export async function run(line: CommandLine, terminal: Terminal): Promise<number> {
  const [text, target] = line.arguments;
  if (text === undefined) throw new UsageError("Nothing to fetch: name a URL", "fetch");
  const settings = loadConfig(configInput(line, target));
  return await rerun(line, settings) ?? await fetchHere(text, settings, line, terminal);
}

async function fetchHere(
  text: string,
  settings: Settings,
  line: CommandLine,
  terminal: Terminal,
): Promise<number> {
  const body = await readData(line.flags["data"]);
  const method = methodOf(line, body);
  const request = encodeRequest(method, readRequestUrl(text, settings.listen), fieldsOf(line, body), body);
  let status = 0;
  const reader = new AnswerReader({
    head(code, head) {
      status = code;
      if (line.flags["include"] === true) {
        terminal.bytes(new TextEncoder().encode(head.replaceAll("\r\n", "\n")));
      }
    },
    body: (bytes) => terminal.bytes(bytes),
  }, method);
  await withoutExit(() => requestInProcess(settings, request, (bytes) => reader.push(bytes)));
  if (reader.complete) return status < 400 ? EXIT.ok : EXIT.failure;
  terminal.error(status === 0 ? "archangel: no answer came" : "archangel: the answer was cut");
  return EXIT.failure;
}

function methodOf(line: CommandLine, body: Uint8Array | undefined): string {
  const method = line.flags["request"] ?? (body === undefined ? "GET" : "POST");
  if (typeof method !== "string" || !/^[!#$%&'*+.^_`|~\w-]+$/.test(method)) {
    throw new UsageError(`Cannot use method ${JSON.stringify(method)}: it must be a token such as PUT`);
  }
  return method;
}

async function readData(data: CommandLine["flags"][string] | undefined): Promise<Uint8Array | undefined> {
  if (typeof data !== "string") return undefined;
  if (data === "@-") return new Uint8Array(await new Response(Deno.stdin.readable).arrayBuffer());
  if (!data.startsWith("@")) return new TextEncoder().encode(data);
  try {
    return await Deno.readFile(data.slice(1));
  } catch (error) {
    throw new UsageError(
      `Cannot read data from ${data.slice(1)}: ${error instanceof Error ? error.message : error}`,
    );
  }
}

/** The user's header fields, and those that a request cannot be without. */
function fieldsOf(line: CommandLine, body: Uint8Array | undefined): [string, string][] {
  const lines = line.flags["header"];
  const own = Array.isArray(lines) ? lines.map(readField) : [];
  const has = (name: string) => own.some(([other]) => other.toLowerCase() === name);
  const further: [string, string][] = [["user-agent", SOFTWARE], ["accept", "*/*"]];
  if (body !== undefined) {
    further.push(["content-length", String(body.length)], [
      "content-type",
      "application/x-www-form-urlencoded",
    ]);
  }
  return [...own, ...further.filter(([name]) => !has(name)), ["connection", "close"]];
}

function readField(line: string): [string, string] {
  const match = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t -~\x80-\uffff]*)$/.exec(line);
  if (match === null) {
    throw new UsageError(`Cannot read header field ${JSON.stringify(line)}: write 'name: value'`);
  }
  return [match[1]!, match[2]!];
}

function encodeRequest(
  method: string,
  url: RequestUrl,
  fields: readonly [string, string][],
  body: Uint8Array | undefined,
): Uint8Array {
  const host: [string, string][] = fields.some(([name]) => name.toLowerCase() === "host")
    ? []
    : [["host", url.authority]];
  const lines = [...host, ...fields].map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = new TextEncoder().encode(`${method} ${url.target} HTTP/1.1\r\n${lines}\r\n`);
  const request = new Uint8Array(head.length + (body?.length ?? 0));
  request.set(head);
  if (body !== undefined) request.set(body, head.length);
  return request;
}
