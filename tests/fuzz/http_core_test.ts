import { assert, assertEquals } from "@std/assert";
import { HeadParser } from "../../server/http/head.ts";
import { HttpCore } from "../../server/http/mod.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { InputBuffer } from "../../twig/input_buffer.ts";
import { ProtocolError } from "../../twig/errors.ts";
import { NEED_DATA, PAUSED, type WireLimits } from "../../twig/wire.ts";
import { readCorpus } from "../support/http_corpus.ts";
import { Random } from "../support/random.ts";
import { parseHeadSlowly, type SlowHead } from "../support/slow_http_head.ts";

const SEEDS = [1, 2, 3, 4];
const ROUNDS = 3000;

const corpus = readCorpus(new URL("../corpus/http/", import.meta.url)).map(({ bytes }) => bytes)
  .filter((bytes) => bytes.length > 0 && bytes.length < 2000);

const LIMITS: readonly WireLimits[] = [
  DEFAULT_LIMITS,
  { ...DEFAULT_LIMITS, targetBytes: 16, headerBytes: 64, headerFields: 3, bodyBytes: 20, drainBytes: 10 },
];

/** What smugglers use, and what stands near it in the grammar. */
const MORSELS = [
  "\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  "\0",
  "\x7f",
  "\x80",
  ":",
  ",",
  ";",
  "?",
  "#",
  "*",
  "/",
  "%",
  "[::1]",
  "GET / HTTP/1.1\r\n",
  "POST / HTTP/1.0\r\n",
  "OPTIONS * HTTP/1.1\r\n",
  "GET http://b/c?d HTTP/1.1\r\n",
  "HEAD //x HTTP/1.1\r\n",
  "Host: a\r\n",
  "Host:\r\n",
  "host: a:80\r\n",
  "Content-Length: 5\r\n",
  "Content-Length: 05\r\n",
  "Content-Length: +5\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Transfer-Encoding: gzip, chunked\r\n",
  "transfer-encoding:\tchunked ,\r\n",
  "Connection: close\r\n",
  "Connection: x, Keep-Alive\r\n",
  "Expect: 100-continue\r\n",
  "Expect: x\r\n",
  "X: y\r\n",
  " folded\r\n",
  "\r\n\r\n",
  "5\r\nhello\r\n",
  '5;a="b"\r\nhello\r\n',
  "0\r\n\r\n",
  "0\r\nX: y\r\n\r\n",
  "hello",
  "HTTP/1.1",
  "HTTP/2.0",
].map((text) => Uint8Array.from(text, (character) => character.charCodeAt(0))); // deno-fmt-ignore

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A case of the corpus with a few things changed, or a pile of morsels. */
function invent(random: Random): Uint8Array {
  if (random.below(3) === 0) {
    return concat(Array.from({ length: 1 + random.below(12) }, () => random.pick(MORSELS)));
  }
  let bytes: Uint8Array = random.pick(corpus).slice();
  for (let changes = random.below(4); changes > 0; changes--) {
    const at = random.below(bytes.length);
    const kind = random.below(4);
    if (kind === 0) bytes[at] = random.below(256);
    else if (kind === 1) bytes = concat([bytes.subarray(0, at), random.pick(MORSELS), bytes.subarray(at)]);
    else if (kind === 2) bytes = concat([bytes.subarray(0, at), bytes.subarray(at + random.below(4))]);
    else bytes = concat([bytes, random.pick(corpus)]);
    if (bytes.length === 0) bytes = Uint8Array.of(0);
  }
  return bytes;
}

/** Plays bytes to a core that answers at once, reading bodies or not, and says what came of it. */
function play(bytes: Uint8Array, limits: WireLimits, cut: (left: number) => number, reads: boolean): string {
  const core = new HttpCore(limits);
  let log = "";
  let exchange = 0;
  try {
    for (let at = 0; at < bytes.length && !core.closing;) {
      const size = cut(bytes.length - at);
      core.input.append(bytes.subarray(at, at += size));
      for (;;) {
        const event = core.next();
        if (event === NEED_DATA || (event === PAUSED && core.closing)) break;
        if (event !== PAUSED) {
          exchange = event.exchange;
          if (event.kind === "data") log += String.fromCharCode(...event.chunk);
          else log += `<${event.kind}>`;
          if (event.kind === "head") log += `${event.method} ${event.target} ${[...event.headers].join()}`;
          if (event.kind === "head" && reads) continue;
          if (reads || event.kind !== "head") continue;
        }
        core.head(exchange, 200, "", 0, false, core.output);
        core.end(exchange, "", core.output);
        core.output.take();
        core.output.recycle();
      }
      // What is kept is at most one head, or the bytes that have just come.
      assert(core.input.length <= limits.headerBytes + size, `${core.input.length} bytes are kept`);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert(
      error.status >= 400 && error.status < 600 && /^[a-z0-9-]+$/.test(error.code),
      `${error.status} ${error.code}`,
    );
    core.refuse(error, core.output);
    log += `<${error.status} ${error.code}>`;
  }
  return log + (core.closing ? "<closing>" : "");
}

for (const seed of SEEDS) {
  Deno.test(`HttpCore parses or throws ProtocolError, the same however its input is cut, seed ${seed}`, () => {
    const random = new Random(seed);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = invent(random);
      const limits = random.pick(LIMITS);
      const whole = play(bytes, limits, (left) => left, true);
      const label = `seed ${seed}, round ${round}: ${JSON.stringify(String.fromCharCode(...bytes))}`;
      assertEquals(play(bytes, limits, () => 1, true), whole, label);
      assertEquals(play(bytes, limits, (left) => Math.min(left, 1 + random.below(40)), true), whole, label);
      // An answer before the body is timing, not grammar, so only that it fails no other way.
      play(bytes, limits, (left) => Math.min(left, 1 + random.below(40)), false);
    }
  });

  Deno.test(`HeadParser agrees with its slow twin, seed ${seed}`, () => {
    const random = new Random(seed * 1000);
    const kinds = new Set<string>();
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = invent(random);
      const limits = random.pick(LIMITS);
      const slow = parseHeadSlowly(bytes, limits);
      kinds.add(slow.kind === "error" ? `${slow.status}` : slow.kind);
      assertEquals(
        parseHeadQuickly(bytes, limits),
        slow,
        `seed ${seed}, round ${round}: ${JSON.stringify(String.fromCharCode(...bytes))}`,
      );
    }
    // Agreement on nothing but refusals would say little.
    for (const kind of ["head", "incomplete", "400", "413", "414", "417", "431", "501", "505"]) {
      assert(kinds.has(kind), `no input led to ${kind}`);
    }
  });
}

function parseHeadQuickly(bytes: Uint8Array, limits: WireLimits): SlowHead {
  const input = new InputBuffer();
  input.append(bytes);
  const parser = new HeadParser(limits);
  try {
    if (!parser.parse(input)) return { kind: "incomplete" };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { kind: "error", status: error.status };
  }
  const { method, target, path, query, authority, protocol, bodyLength, headers } = parser.take(
    input,
    1,
  );
  const { persistent, expectsContinue } = parser;
  return {
    kind: "head",
    method,
    target,
    path,
    query,
    authority,
    protocol,
    bodyLength,
    persistent,
    expectsContinue,
    fields: [...headers],
    size: input.start,
  };
}

Deno.test("HeadParser looks at no byte again when its input comes byte by byte", () => {
  const head = new TextEncoder().encode(
    `GET /?${"q".repeat(8000)} HTTP/1.1\r\nHost: a\r\nX: ${"y".repeat(20_000)}`,
  );
  let looks = 0;
  const watched = new Proxy(head, {
    get: (bytes, key) => {
      looks++;
      return Reflect.get(bytes, key, bytes);
    },
  });
  const input = new InputBuffer();
  input.bytes = watched;
  const parser = new HeadParser(DEFAULT_LIMITS);
  for (input.end = 1; input.end <= head.length; input.end++) parser.parse(input);
  // A byte that ends a part is compared with two or three things.
  assert(looks < head.length * 2, `${looks} looks at ${head.length} bytes`);
});
