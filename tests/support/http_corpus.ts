/**
 * Reads the documents of `tests/corpus/http/` and plays them to the HTTP core.
 *
 * A document is a list of cases:
 *
 * ```text
 * === accepts a query                    the rule, as a sentence about the server
 * @limits targetBytes=20                 optional: other limits than the defaults
 * @each a | b                            optional: one case for each, put where \{each} stands
 * @end                                   optional: the client sends FIN after its last byte
 * GET /a?b HTTP/1.1                      the bytes; the end of a line is CRLF
 * Host: x
 *
 * hello\                                 ... unless it ends in a backslash
 * ---
 * head GET /a?b HTTP/1.1 path=/a …       what the core has to report, in order
 * ```
 *
 * Within a line `\r \n \t \\ \xHH` are bytes, `\{a*100}` is a repetition, `\{each}` the variant. Lines that
 * begin with `#` between the cases are prose. Requests are answered 200, empty, as soon as they are complete;
 * `wait` at the end says that the connection goes on, `close` that it does not.
 *
 * @module
 */
import { HttpCore } from "../../server/http/mod.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { ProtocolError } from "../../twig/errors.ts";
import type { HeaderFields } from "../../twig/headers.ts";
import { NEED_DATA, PAUSED, type RequestHead, type WireEvent, type WireLimits } from "../../twig/wire.ts";

/** One case of a document. */
export interface HttpCase {
  /** The document and the rule. */
  readonly name: string;
  /** What the client sends. */
  readonly bytes: Uint8Array;
  /** Whether it sends FIN afterwards. */
  readonly ends: boolean;
  /** The core's limits. */
  readonly limits: WireLimits;
  /** What the core has to report. */
  readonly expected: readonly string[];
}

/** Reads all documents of a folder, in the order of their names. */
export function readCorpus(folder: URL): HttpCase[] {
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) =>
    name.endsWith(".http")
  );
  return names.sort().flatMap((name) => parseDocument(name, Deno.readTextFileSync(new URL(name, folder))));
}

function parseDocument(document: string, text: string): HttpCase[] {
  return text.split(/^=== /m).slice(1).flatMap((section) => parseSection(document, section));
}

function parseSection(document: string, section: string): HttpCase[] {
  const [rule = "", ...lines] = section.split("\n");
  let limits: WireLimits = DEFAULT_LIMITS;
  let variants = [""];
  let ends = false;
  while (lines[0]?.startsWith("@")) {
    const [directive = "", ...words] = (lines.shift() as string).split(" ");
    if (directive === "@limits") limits = { ...limits, ...parseLimits(words) };
    else if (directive === "@each") variants = words.join(" ").split(" | ");
    else if (directive === "@end") ends = true;
    else throw new Error(`${document}: unknown directive ${directive}`);
  }
  const divider = lines.indexOf("---");
  if (divider < 0) throw new Error(`${document}: no divider in "${rule}"`);
  const expected = lines.slice(divider + 1).filter((line) => line !== "" && !line.startsWith("#"));
  return variants.map((variant) => ({
    name: `${document}: ${rule}${variant === "" ? "" : ` [${variant}]`}`,
    bytes: bytesOf(fill(lines.slice(0, divider), variant)),
    ends,
    limits,
    expected: fill(expected, variant).split("\r\n").slice(0, -1),
  }));
}

function parseLimits(words: string[]): Partial<WireLimits> {
  return Object.fromEntries(words.map((word) => {
    const [key, value] = word.split("=");
    return [key, Number(value)];
  }));
}

/** Joins lines, puts the variant in, and repeats what is to be repeated. */
function fill(lines: string[], variant: string): string {
  return lines.map((line) => /(?<!\\)\\$/.test(line) ? line.slice(0, -1) : line + "\r\n").join("")
    .replaceAll("\\{each}", () => variant)
    .replace(/\\\{(.+?)\*(\d+)\}/g, (_, part: string, count: string) => part.repeat(Number(count)));
}

/** Decodes escapes. Code units are bytes, so that a document can hold any of them. */
function bytesOf(text: string): Uint8Array {
  const bytes = text.replace(/\\(?:([rnt\\])|x([0-9a-f]{2}))/g, (_, letter?: string, code?: string) => {
    if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
    return { r: "\r", n: "\n", t: "\t", "\\": "\\" }[letter as string] as string;
  });
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}

/** Feeds pieces to a core that answers every complete request, and writes down what it reports. */
export function play(one: Pick<HttpCase, "limits" | "ends">, pieces: Iterable<Uint8Array>): string[] {
  const core = new HttpCore(one.limits);
  const events: (WireEvent | string)[] = [];
  try {
    let fed = 0;
    for (const piece of pieces) {
      core.input.append(piece);
      // What an earlier request left behind the input must never be looked at.
      core.input.bytes.fill("\r\n? \0".charCodeAt(fed++ % 5), core.input.end);
      pump(core, events);
    }
    if (one.ends) {
      core.endOfInput();
      pump(core, events);
    }
    events.push(core.closing ? "close" : "wait");
  } catch (error) {
    // Anything but a ProtocolError is a bug of the core.
    if (!(error instanceof ProtocolError)) throw error;
    events.push(`error ${error.status} ${error.code}`);
  }
  // Written down only now: no event may depend on memory that the core has used again.
  core.input.bytes.fill(0x21);
  return describe(events);
}

function pump(core: HttpCore, events: (WireEvent | string)[]): void {
  let exchange = 0;
  for (;;) {
    const event = core.next();
    if (event === NEED_DATA) return;
    if (event === PAUSED) {
      if (core.closing) return;
      core.head(exchange, 200, "", 0, false, core.output);
      core.end(exchange, "", core.output);
      core.output.take();
      core.output.recycle();
    } else {
      exchange = event.exchange;
      events.push(event);
    }
  }
}

function describe(events: (WireEvent | string)[]): string[] {
  const lines: string[] = [];
  let data = "";
  for (const event of events) {
    if (typeof event !== "string" && event.kind === "data") {
      data += String.fromCharCode(...event.chunk);
      continue;
    }
    if (data !== "") lines.push(`data ${escape(data)}`);
    data = "";
    if (typeof event === "string") lines.push(event);
    else if (event.kind === "head") {
      lines.push(describeHead(event), ...describeFields("field", event.headers));
    } else {
      lines.push(event.kind);
      if (event.kind === "end" && event.trailers) lines.push(...describeFields("trailer", event.trailers));
    }
  }
  return lines;
}

/** Leaves out what is as usual: a path that is the target, no query, no body. */
function describeHead(head: RequestHead): string {
  let line = `head ${head.method} ${head.target} ${head.protocol}`;
  if (head.path !== head.target) line += ` path=${head.path}`;
  if (head.query !== "") line += ` query=${head.query}`;
  if (head.authority !== "") line += ` host=${head.authority}`;
  if (head.bodyLength !== 0) line += ` body=${head.bodyLength ?? "chunked"}`;
  return escape(line);
}

/** Host, Content-Length and Transfer-Encoding show in the head's line already. */
function describeFields(word: string, fields: HeaderFields): string[] {
  const told = ["host", "content-length", "transfer-encoding"];
  return [...fields].filter(([name]) => !told.includes(name) || word === "trailer")
    .map(([name, value]) => escape(`${word} ${name}:${value === "" ? "" : " " + value}`));
}

function escape(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\\\x7f-\xff]/g, (character) => {
    const code = character.charCodeAt(0);
    return { 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\" }[code] ?? "\\x" + code.toString(16).padStart(2, "0");
  });
}
