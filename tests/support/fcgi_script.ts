/**
 * Runs the documents of `tests/corpus/fcgi`: what a peer sends, what the core reports, what an app
 * answers and what leaves. The grammar is in that folder's README.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { FcgiCore, type FcgiLimits } from "../../fcgi/connection.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { ProtocolError } from "../../twig/errors.ts";
import { NEED_DATA, type RequestHead, type WireEvent } from "../../twig/wire.ts";
import {
  bytesOf,
  concat,
  slowPair,
  slowPairs,
  slowRecord,
  slowRecords,
  textOf,
} from "./slow_fcgi_records.ts";

/** How to cut input into pieces: the sizes, for an input of this size. */
export type Cut = (size: number) => number[];

/** One case of a document. */
export interface Case {
  readonly title: string;
  readonly lines: readonly string[];
}

const ROLES: Record<string, number> = { responder: 1, authorizer: 2, filter: 3 };
const TYPES: Record<string, number> = { PARAMS: 4, STDIN: 5, DATA: 8 };
const ENDS = ["COMPLETE", "CANNOT_MULTIPLEX", "OVERLOADED", "UNKNOWN_ROLE"];

/** Takes a document apart into its cases. */
export function readCases(document: string): Case[] {
  const cases: { title: string; lines: string[] }[] = [];
  for (const line of document.split("\n")) {
    if (line.startsWith("== ")) cases.push({ title: line.slice(3).trim(), lines: [] });
    else if (line.trim() !== "" && !line.startsWith("#")) cases.at(-1)?.lines.push(line.trim());
  }
  return cases;
}

/** Words of a line; quoted parts are JSON strings. */
function words(line: string): string[] {
  return (line.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g) ?? []).map((word) =>
    word.replace(/"(?:[^"\\]|\\.)*"/g, (quoted) => JSON.parse(quoted))
  );
}

function option(rest: string[], name: string): number | undefined {
  const at = rest.findIndex((word) => word.startsWith(name + "="));
  return at < 0 ? undefined : Number((rest.splice(at, 1)[0] as string).slice(name.length + 1));
}

function pairsOf(rest: string[]): Uint8Array {
  return concat(rest.map((word) => {
    const [name = "", ...value] = word.split("=");
    return slowPair(name, value.join("="));
  }));
}

/** The bytes of a `peer` line. */
export function peerBytes([kind = "", ...rest]: string[]): Uint8Array {
  if (kind === "hex") return Uint8Array.from(rest, (pair) => parseInt(pair, 16));
  if (kind === "text") return bytesOf(rest.join(" "));
  const padding = option(rest, "pad") ?? 0;
  const filler = new Uint8Array(option(rest, "bytes") ?? 0).fill(0x78);
  if (kind === "GET_VALUES") return slowRecord(9, 0, pairsOf(rest), padding);
  const id = Number(rest.shift());
  if (kind === "BEGIN") {
    const role = rest.shift() ?? "responder";
    const content = new Uint8Array(option(rest, "length") ?? 8);
    content.set([0, ROLES[role] ?? Number(role), option(rest, "flags") ?? (rest.includes("keep") ? 1 : 0)]);
    return slowRecord(1, id, content, padding);
  }
  if (kind === "ABORT") return slowRecord(2, id, new Uint8Array(0), padding);
  if (kind === "PARAMS") return slowRecord(4, id, concat([pairsOf(rest), filler]), padding);
  const type = kind === "TYPE" ? id : TYPES[kind];
  assert(type !== undefined, `no such record: ${kind}`);
  const target = kind === "TYPE" ? Number(rest.shift()) : id;
  return slowRecord(type, target, concat([bytesOf(rest.join(" ")), filler]), padding);
}

/** The lines that describe what has been sent. */
export function describeSent(bytes: Uint8Array): string[] {
  return slowRecords(bytes).map(({ type, id, content }) => {
    if (type === 3) return `END ${id} ${ENDS[content[4] as number]}`;
    if (type === 6) {
      return content.length === 0 ? `STDOUT ${id}` : `STDOUT ${id} ${JSON.stringify(textOf(content))}`;
    }
    if (type === 7) return `STDERR ${id}`;
    if (type === 10) {
      const pairs = slowPairs(content) ?? [];
      return ["GET_VALUES_RESULT", ...pairs.map(([name, value]) => `${name}=${value}`)].join(" ");
    }
    return `UNKNOWN_TYPE ${content[0]}`;
  });
}

/** Runs one case against a fresh core. */
class Script {
  readonly #core: FcgiCore;
  readonly #cut: Cut;
  readonly #heads = new Map<number, RequestHead>();
  #peer: Uint8Array[] = [];
  #events: WireEvent[] = [];
  #sent: string[] = [];

  constructor(limits: FcgiLimits, cut: Cut) {
    this.#core = new FcgiCore(limits);
    this.#cut = cut;
  }

  run(lines: readonly string[]): void {
    for (const line of lines) this.#line(line, words(line));
    this.#feed();
    assertEquals(this.#events, [], "events that the document does not have");
    assertEquals(this.#drainSent(), [], "records that the document does not have");
  }

  #line(line: string, [kind, ...rest]: string[]): void {
    if (kind === "peer" && rest[0] !== "EOF") {
      this.#peer.push(peerBytes(rest));
      return;
    }
    if (kind === "error") return this.#expectError(rest);
    this.#feed();
    if (kind === "peer") this.#endInput();
    else if (kind === "event") this.#expectEvent(line, rest);
    else if (kind === "field") this.#expectField(rest);
    else if (kind === "env") this.#expectEnv(rest);
    else if (kind === "app") this.#command(rest);
    else if (kind === "sent") this.#expectSent(line, rest);
    else if (kind === "state") this.#expectState(rest[0]);
    else throw new Error(`no such line: ${line}`);
  }

  #feed(): void {
    const input = concat(this.#peer);
    this.#peer = [];
    let at = 0;
    for (const size of this.#cut(input.length)) {
      this.#core.input.append(input.subarray(at, at + size));
      at += size;
      this.#pull();
    }
    assertEquals(at, input.length);
  }

  #pull(): void {
    for (let event = this.#core.next(); event !== NEED_DATA; event = this.#core.next()) {
      assert(typeof event === "object");
      const last = this.#events.at(-1);
      if (event.kind === "data" && last?.kind === "data" && last.exchange === event.exchange) {
        this.#events[this.#events.length - 1] = { ...last, chunk: concat([last.chunk, event.chunk]) };
      } else this.#events.push(event);
    }
  }

  #endInput(): void {
    this.#core.endOfInput();
    this.#pull();
  }

  #expectError([code, ...message]: string[]): void {
    const error = assertThrows(() => this.#feed(), ProtocolError);
    assertEquals([error.status, error.code], [0, code]);
    if (message.length > 0) assertEquals(error.message, message.join(" "));
    this.#core.refuse(error, this.#core.output);
    assert(this.#core.closing);
  }

  #expectEvent(line: string, [kind, id, ...rest]: string[]): void {
    const event = this.#events.shift();
    assertEquals([event?.kind, (event?.exchange ?? 0) % 65536], [kind, Number(id)], line);
    if (event?.kind === "head") this.#expectHead(event, rest);
    if (event?.kind === "data") {
      const size = option(rest, "bytes");
      if (size === undefined) assertEquals(textOf(event.chunk), rest.join(" "));
      else assertEquals(event.chunk.length, size);
    }
    if (event?.kind === "abort") assertEquals(event.reason, rest.join(" "));
    if (event?.kind === "refused") assertEquals([String(event.error.status), event.error.code], rest);
  }

  #expectHead(head: RequestHead, [method, target, ...rest]: string[]): void {
    this.#heads.set(head.exchange % 65536, head);
    assertEquals([head.method, head.target], [method, target]);
    for (const word of rest) {
      const [name = "", ...value] = word.split("=");
      const actual = head[name as keyof RequestHead];
      assertEquals(String(actual), value.join("="), name);
    }
  }

  #head(id: string | undefined): RequestHead {
    const head = this.#heads.get(Number(id));
    assert(head !== undefined, `no head of ${id} yet`);
    return head;
  }

  #expectField([id, name, ...values]: string[]): void {
    assertEquals(this.#head(id).headers.getAll(name as string), values, name);
  }

  #expectEnv([id, name, ...value]: string[]): void {
    assertEquals(this.#head(id).env?.[name as string], value[0], name);
  }

  #command([command, id, ...rest]: string[]): void {
    const core = this.#core;
    if (command === "stop") return core.stop();
    const { exchange } = this.#head(id);
    if (command === "head") {
      const length = option(rest, "length");
      const [status, ...fields] = rest;
      const lines = fields.map((field) => field + "\r\n").join("");
      core.head(exchange, Number(status), lines, length, false, core.output);
    } else if (command === "data") core.data(exchange, rest.join(" "), core.output);
    else if (command === "end") core.end(exchange, "", core.output);
    else if (command === "cut") core.cut(exchange);
    else throw new Error(`no such command: ${command}`);
  }

  #drainSent(): string[] {
    this.#sent.push(...describeSent(concat(this.#core.output.take())));
    return this.#sent;
  }

  #expectSent(line: string, [kind, id, status, end = "COMPLETE"]: string[]): void {
    const sent = this.#drainSent();
    if (kind !== "answer") return assertEquals(words(sent.shift() ?? "nothing"), words(line).slice(1));
    assert(sent.shift()?.startsWith(`STDOUT ${id} "Status: ${status} `), line);
    assertEquals([sent.shift(), sent.shift()], [`STDOUT ${id}`, `END ${id} ${end}`], line);
  }

  #expectState(state: string | undefined): void {
    const { closing, idle } = this.#core;
    assertEquals(closing ? "closing" : idle ? "idle" : "open", state);
  }
}

/** Runs one case, with its input cut as `cut` says. */
export function runCase({ lines }: Case, cut: Cut): void {
  new Script({ ...DEFAULT_LIMITS, ...limitsOf(lines) }, cut)
    .run(lines.filter((line) => !line.startsWith("limit ")));
}

function limitsOf(lines: readonly string[]): Partial<FcgiLimits> {
  const limits = lines.filter((line) => line.startsWith("limit ")).map((line) => words(line).slice(1));
  return Object.fromEntries(limits.map(([name, value]) => [name, Number(value)]));
}
