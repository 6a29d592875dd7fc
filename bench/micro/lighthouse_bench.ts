/**
 * The claims of docs/lighthouse.md that need no socket: one group a claim, the way not to go as its
 * baseline.
 *
 * @module
 */
import { byteLength, latin1 } from "../../twig/bytes.ts";
import { watch } from "../../twig/cork.ts";
import { ConnectionLost } from "../../twig/mod.ts";

const head = new TextEncoder().encode(
  "GET /articles/7?full=1 HTTP/1.1\r\nHost: www.example.org\r\nAccept: text/html\r\n".padEnd(650, "x: y\r\n"),
);
const decoder = new TextDecoder("latin1");
const encoder = new TextEncoder();
const memory = new Uint8Array(4096);
const text = "content-type: text/plain\r\ncontent-length: 5\r\ndate: Sun, 22 Nov 2026 19:31:00 GMT\r\n\r\n";
const short = "Hello, world";
/** Keeps results alive, so that nothing is optimised away. */
const result: unknown[] = [undefined];

if (decoder.decode(Uint8Array.of(0x80)) !== "\u20AC" || latin1(Uint8Array.of(0x80), 0, 1) !== "\u0080") {
  throw new Error("The two ways to decode bytes have changed places: docs/lighthouse.md is wrong");
}

Deno.bench("TextDecoder latin1", { group: "650 bytes to text", baseline: true }, () => {
  result[0] = decoder.decode(head);
});
Deno.bench("latin1Slice", { group: "650 bytes to text" }, () => {
  result[0] = latin1(head, 0, head.length);
});

/** Where the twelve fields of a head begin and end. */
const places = Array.from({ length: 12 }, (_, i) => [i * 50 + 10, i * 50 + 40] as const);
Deno.bench("each on its own", { group: "twelve pieces of 650 bytes to text", baseline: true }, () => {
  for (const [from, to] of places) result[0] = latin1(head, from, to);
});
Deno.bench("all at once, then cut", { group: "twelve pieces of 650 bytes to text" }, () => {
  const all = latin1(head, 0, head.length);
  for (const [from, to] of places) result[0] = all.slice(from, to);
});

Deno.bench("encode", { group: "a head of 85 characters to bytes", baseline: true }, () => {
  memory.set(encoder.encode(text));
});
Deno.bench("encodeInto", { group: "a head of 85 characters to bytes" }, () => {
  result[0] = encoder.encodeInto(text, memory);
});
const encoded = encoder.encode(text);
Deno.bench("set what was encoded before", { group: "a head of 85 characters to bytes" }, () => {
  memory.set(encoded);
});

for (const size of [12, 24, 48]) {
  const text = short.padEnd(size, "!");
  const group = `${size} characters to bytes`;
  Deno.bench("encodeInto", { group, baseline: true }, () => {
    result[0] = encoder.encodeInto(text, memory);
  });
  Deno.bench("a loop", { group }, () => {
    for (let i = 0; i < text.length; i++) memory[i] = text.charCodeAt(i);
  });
}

const pieces = Array.from({ length: 100 }, (_, i) => `line ${i} of the answer, some words long\n`);
Deno.bench("one by one", { group: "100 strings to bytes", baseline: true }, () => {
  let size = 0;
  for (const piece of pieces) size += encoder.encodeInto(piece, memory.subarray(size)).written;
  result[0] = size;
});
Deno.bench("joined first", { group: "100 strings to bytes" }, () => {
  let text = "";
  for (const piece of pieces) text += piece;
  result[0] = encoder.encodeInto(text, memory);
});

Deno.bench("encode and look", { group: "the size of 12 characters in UTF-8", baseline: true }, () => {
  result[0] = encoder.encode(short).length;
});
Deno.bench("a loop", { group: "the size of 12 characters in UTF-8" }, () => {
  result[0] = byteLength(short);
});

Deno.bench("subarray", { group: "a view of what is to be written", baseline: true }, () => {
  result[0] = memory.subarray(0, 100);
});
const kept = memory.subarray(0, 100);
Deno.bench("the same view as before", { group: "a view of what is to be written" }, () => {
  result[0] = kept.length === 100 ? kept : memory.subarray(0, 100);
});

Deno.bench("new Uint8Array(0)", { group: "an empty array", baseline: true }, () => {
  result[0] = new Uint8Array(0);
});
const none = new Uint8Array(0);
Deno.bench("a shared one", { group: "an empty array" }, () => {
  result[0] = none;
});

Deno.bench("setTimeout and clearTimeout", { group: "a deadline", baseline: true }, () => {
  clearTimeout(setTimeout(() => {}, 10_000));
});
const connection = { deadline: 0 };
Deno.bench("a field that one timer looks at", { group: "a deadline" }, () => {
  connection.deadline = Date.now() + 10_000;
});

let now = Date.now();
Deno.bench("the same with a clock that is read once for many", { group: "a deadline" }, () => {
  connection.deadline = now + 10_000;
});
Deno.bench("the clock alone", { group: "a deadline" }, () => {
  now = Date.now();
});
Deno.bench("a clock that nobody can set", { group: "a deadline" }, () => {
  now = performance.now();
});

Deno.bench("an error, thrown or not", { group: "to say that a body ended early", baseline: true }, () => {
  result[0] = new ConnectionLost("gone");
});
const ended: { ended: boolean } = { ended: true };
Deno.bench("a look whether anybody needs it", { group: "to say that a body ended early" }, () => {
  result[0] = ended.ended ? undefined : new ConnectionLost("gone");
});

const pairs: [string, string][] = Array.from({ length: 12 }, (_, i) => [`x-field-${i}`, "some value"]);
const lines = pairs.map(([name, value]) => `${name}: ${value}\r\n`).join("") + "\r\n";
Deno.bench("new Headers", { group: "one of 12 fields", baseline: true }, () => {
  result[0] = new Headers(pairs).get("x-field-7");
});
Deno.bench("a search in the head", { group: "one of 12 fields" }, () => {
  const at = lines.indexOf("\nx-field-7: ");
  result[0] = lines.slice(at + 12, lines.indexOf("\r", at));
});

const chunk = () => "chunk";
Deno.bench("await a value", { group: "an answer that is there", baseline: true }, async () => {
  result[0] = await chunk();
});
Deno.bench("look first", { group: "an answer that is there" }, () => {
  const answer: unknown = chunk();
  result[0] = answer instanceof Promise ? undefined : answer;
});

class Exchange {
  status = 0;
  sent = 0;
  received = 0;
  head = "";
  body: unknown = undefined;
  next: Exchange | undefined = undefined;
  started = false;
  ended = false;
}
const pool = [new Exchange(), new Exchange()];
Deno.bench("from a pool, cleared when it goes back", { group: "a small object", baseline: true }, () => {
  const exchange = pool.pop()!;
  exchange.status = 200;
  result[0] = exchange;
  exchange.status = exchange.sent = exchange.received = 0;
  exchange.head = "";
  exchange.body = exchange.next = undefined;
  exchange.started = exchange.ended = false;
  pool.push(exchange);
});
Deno.bench("a new one", { group: "a small object" }, () => {
  const exchange = new Exchange();
  exchange.status = 200;
  result[0] = exchange;
});

const read = () => Promise.resolve(1);
async function readThroughHelper(): Promise<number> {
  return await read();
}
Deno.bench("in an async helper", { group: "100 promises awaited", baseline: true }, async () => {
  for (let i = 0; i < 100; i++) await readThroughHelper();
});
Deno.bench("in the loop itself", { group: "100 promises awaited" }, async () => {
  for (let i = 0; i < 100; i++) await read();
});

async function* hundred(): AsyncGenerator<number> {
  for (let i = 0; i < 100; i++) yield i;
}
const isWaiting = Symbol();
Deno.bench("a race for every chunk", { group: "100 chunks of a generator", baseline: true }, async () => {
  const generator = hundred();
  for (;;) {
    const next = generator.next();
    const first = await Promise.race([next, Promise.resolve(isWaiting)]);
    if ((first === isWaiting ? await next : first as IteratorResult<number>).done) return;
  }
});
Deno.bench("one watcher for all", { group: "100 chunks of a generator" }, async () => {
  const corked = { onCorkList: false, release() {} };
  const generator = hundred();
  while (!(await generator.next()).done) if (!corked.onCorkList) watch(corked);
  corked.onCorkList = false;
});
