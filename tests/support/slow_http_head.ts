/**
 * The slow twin of `server/http/head.ts`: the same rules, written for reading. It takes all bytes at once,
 * walks them as a string of octets, line by line, with regular expressions, and remembers nothing.
 *
 * It finds errors in the order of the bytes, as the fast one does, so that both must agree on the status.
 *
 * @module
 */
import type { WireLimits } from "../../twig/wire.ts";

/** What a head comes to. */
export type SlowHead =
  | { readonly kind: "incomplete" }
  | { readonly kind: "error"; readonly status: number }
  | {
    readonly kind: "head";
    readonly method: string;
    readonly target: string;
    readonly path: string;
    readonly query: string;
    readonly authority: string;
    readonly protocol: string;
    readonly bodyLength: number | undefined;
    readonly persistent: boolean;
    readonly expectsContinue: boolean;
    readonly fields: readonly (readonly [string, string])[];
    /** Bytes up to the end of the head, empty lines before it included. */
    readonly size: number;
  };

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";

class Refused extends Error {
  constructor(readonly status: number) {
    super(`${status}`);
  }
}

class Incomplete extends Error {}

/** Reads octets in order; refuses what is over a limit before it looks at it. */
class Reader {
  at = 0;
  constructor(readonly text: string) {}

  /** As many octets as fit the class, at most `most` and one more, which is over the limit. */
  run(octet: RegExp, most = Infinity, overLimit = 400): string {
    const from = this.at;
    while (this.at < this.text.length && octet.test(this.text[this.at] as string)) {
      this.at++;
      if (this.at - from > most) throw new Refused(overLimit);
    }
    if (this.at === this.text.length) throw new Incomplete();
    return this.text.slice(from, this.at);
  }

  expect(octets: string): void {
    for (const octet of octets) {
      if (this.at === this.text.length) throw new Incomplete();
      if (this.text[this.at] !== octet) throw new Refused(400);
      this.at++;
    }
  }

  peek(): string {
    if (this.at === this.text.length) throw new Incomplete();
    return this.text[this.at] as string;
  }
}

/** Parses one head, or says why not. */
export function parseHeadSlowly(bytes: Uint8Array, limits: WireLimits): SlowHead {
  const all = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  let start = 0;
  for (let lines = 1; all[start] === "\r"; lines++, start += 2) {
    if (start + 1 === all.length) return { kind: "incomplete" };
    if (all[start + 1] !== "\n" || lines > 4) return { kind: "error", status: 400 };
  }
  const text = all.slice(start, start + limits.headerBytes);
  const reader = new Reader(text);
  const stage = { name: "method" };
  try {
    return { ...parse(reader, limits, stage), size: start + reader.at };
  } catch (error) {
    if (error instanceof Refused) return { kind: "error", status: error.status };
    if (!(error instanceof Incomplete)) throw error;
    if (text.length < limits.headerBytes) return { kind: "incomplete" };
    return { kind: "error", status: { method: 400, target: 414 }[stage.name] ?? 431 };
  }
}

function parse(reader: Reader, limits: WireLimits, stage: { name: string }) {
  const method = reader.run(new RegExp(TOKEN), limits.targetBytes);
  if (method === "") throw new Refused(400);
  reader.expect(" ");
  if (method.length > 64) throw new Refused(501);
  stage.name = "target";
  const target = reader.run(/[!-"$-~]/, limits.targetBytes, 414);
  if (target === "") throw new Refused(400);
  reader.expect(" ");
  stage.name = "version";
  reader.expect("HTTP/");
  const major = digit(reader);
  reader.expect(".");
  const minor = digit(reader);
  reader.expect("\r\n");
  if (major !== "1") throw new Refused(505);
  const modern = minor !== "0";
  const { path, query, authority } = parseTarget(method, target);

  const fields: [string, string][] = [];
  while (reader.peek() !== "\r") {
    const name = reader.run(new RegExp(TOKEN));
    if (name === "") throw new Refused(400);
    reader.expect(":");
    if (fields.length === limits.headerFields) throw new Refused(431);
    const value = reader.run(/[\t -~\x80-\xff]/);
    reader.expect("\r\n");
    fields.push([name.toLowerCase(), value.replace(/^[\t ]+|[\t ]+$/g, "")]);
    checkField(fields, modern);
  }
  reader.expect("\r\n");
  return {
    kind: "head" as const,
    method,
    target,
    path,
    query,
    authority: authority || valuesOf(fields, "host")[0] || "",
    protocol: modern ? "HTTP/1.1" : "HTTP/1.0",
    ...decide(fields, modern, limits),
    fields,
  };
}

function digit(reader: Reader): string {
  const found = reader.peek();
  if (!/[0-9]/.test(found)) throw new Refused(400);
  reader.at++;
  return found;
}

function parseTarget(method: string, target: string): { path: string; query: string; authority: string } {
  if (method === "TRACE") throw new Refused(405);
  if (method === "CONNECT") throw new Refused(isAuthority(target) ? 501 : 400);
  if (target === "*" && method === "OPTIONS") return { path: "*", query: "", authority: "" };
  const [, authority, rest] = target.startsWith("/")
    ? ["", "", target]
    : target.match(/^https?:\/\/([^/?]*)(.*)$/i) ?? ["", undefined, ""];
  if (
    authority === undefined || (authority === "" && rest !== target) ||
    (authority !== "" && !isAuthority(authority))
  ) {
    throw new Refused(400);
  }
  const [, path = "", query = ""] = (rest as string).match(/^([^?]*)\??(.*)$/) as RegExpMatchArray;
  return { path: path || "/", query, authority };
}

function isAuthority(text: string): boolean {
  const [, host = "", port = ""] = text.match(/^(\[[^\]]*\]|[^:]*)(?::([0-9]*))?$/) ?? [];
  if (host === "" || Number(port) > 65535) return false;
  if (host.startsWith("[")) return isIpv6(host.slice(1, -1));
  return /^(?:[-A-Za-z0-9._~!$&'()*+;=]|%[0-9A-Fa-f]{2})+$/.test(host);
}

/** The platform knows; but not what it adds to the grammar. */
function isIpv6(text: string): boolean {
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || /(?:^|[:.])0[0-9]+\.|\.0[0-9]/.test(text)) return false;
  return URL.canParse(`http://[${text}]/`);
}

function valuesOf(fields: readonly (readonly [string, string])[], wanted: string): string[] {
  return fields.filter(([name]) => name === wanted).map(([, value]) => value);
}

/** What is wrong with the last field, as soon as its line is there. */
function checkField(fields: readonly (readonly [string, string])[], modern: boolean): void {
  const [name, value] = fields.at(-1) as [string, string];
  if (name !== "host" && name !== "content-length") return;
  if (valuesOf(fields, name).length > 1) throw new Refused(400);
  if (name === "content-length") {
    if (!/^[0-9]+$/.test(value) || BigInt(value) > 2n ** 53n - 1n) throw new Refused(400);
  } else if (!isAuthority(value) && (modern || value !== "")) throw new Refused(400);
}

function elements(values: readonly string[]): string[] {
  return values.join(",").toLowerCase().split(",").map((element) => element.replace(/^[\t ]+|[\t ]+$/g, ""));
}

function decide(fields: readonly (readonly [string, string])[], modern: boolean, limits: WireLimits) {
  if (modern && valuesOf(fields, "host").length === 0) throw new Refused(400);
  const [length] = valuesOf(fields, "content-length");
  const codings = valuesOf(fields, "transfer-encoding");
  let bodyLength: number | undefined = Number(length ?? 0);
  if (codings.length > 0) {
    if (!modern || length !== undefined) throw new Refused(400);
    const names = elements(codings);
    if (names.indexOf("chunked") !== names.length - 1 || names.includes("")) throw new Refused(400);
    if (names.length > 1) throw new Refused(501);
    bodyLength = undefined;
  }
  if (bodyLength !== undefined && bodyLength > limits.bodyBytes) throw new Refused(413);
  const options = elements(valuesOf(fields, "connection"));
  const expectations = elements(valuesOf(fields, "expect")).filter((element) => element !== "");
  if (modern && expectations.some((element) => element !== "100-continue")) throw new Refused(417);
  return {
    bodyLength,
    persistent: !options.includes("close") && (modern || options.includes("keep-alive")),
    expectsContinue: modern && bodyLength !== 0 && expectations.length > 0,
  };
}
