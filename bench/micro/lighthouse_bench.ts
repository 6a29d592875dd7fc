/**
 * The claims of docs/lighthouse.md that need no socket: one group a claim, the way not to go as its
 * baseline.
 *
 * @module
 */
import { byteLength, latin1 } from "../../twig/bytes.ts";
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

Deno.bench("TextDecoder latin1", { group: "650 bytes to text", baseline: true }, () => {
  result[0] = decoder.decode(head);
});
Deno.bench("latin1Slice", { group: "650 bytes to text" }, () => {
  result[0] = latin1(head, 0, head.length);
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

Deno.bench("encodeInto", { group: "12 characters to bytes", baseline: true }, () => {
  result[0] = encoder.encodeInto(short, memory);
});
Deno.bench("a loop", { group: "12 characters to bytes" }, () => {
  for (let i = 0; i < short.length; i++) memory[i] = short.charCodeAt(i);
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
