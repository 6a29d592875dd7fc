/**
 * What one HTTP/1.1 request costs in the core: its head, its chunked body, and a whole small exchange.
 * Run with `deno task bench bench/micro/http_head_bench.ts`.
 *
 * Each iteration fills a buffer with `COUNT` requests back to back, which costs one copy for all of
 * them, and parses them: divide by `COUNT` for one.
 *
 * @module
 */
import { HttpCore } from "../../server/http/mod.ts";
import { HeadParser } from "../../server/http/head.ts";
import { ChunkedBody } from "../../server/http/chunked.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { InputBuffer } from "../../twig/input_buffer.ts";

const COUNT = 100;

const BROWSER = [
  "host: www.example.org",
  'sec-ch-ua: "Chromium";v="128", "Not;A=Brand";v="24", "Google Chrome";v="128"',
  "sec-ch-ua-mobile: ?0",
  'sec-ch-ua-platform: "Linux"',
  "upgrade-insecure-requests: 1",
  "user-agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
  "accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "sec-fetch-site: none",
  "sec-fetch-mode: navigate",
  "accept-encoding: gzip, deflate, br, zstd",
  "accept-language: en-GB,en;q=0.9",
  "connection: keep-alive",
];

const HEADS: Record<string, string> = {
  "40 bytes": "GET / HTTP/1.1\r\nhost: localhost:8000\r\n\r\n",
  "650 bytes": ["GET /articles/42?page=2 HTTP/1.1", ...BROWSER, "", ""].join("\r\n"),
  "4000 bytes": [
    "GET /articles/42?page=2 HTTP/1.1",
    ...BROWSER,
    ...Array.from({ length: 8 }, (_, i) => `cookie: session-${i}=${"0123456789abcdef".repeat(25)}`),
    "",
    "",
  ].join("\r\n"),
};

function repeated(text: string): Uint8Array {
  return new TextEncoder().encode(text.repeat(COUNT));
}

for (const [name, text] of Object.entries(HEADS)) {
  const source = repeated(text);
  const input = new InputBuffer(source.length);
  const parser = new HeadParser(DEFAULT_LIMITS);
  const group = `${COUNT} heads of ${name}`;

  const refill = () => {
    input.bytes.set(source);
    input.start = 0;
    input.end = source.length;
  };

  Deno.bench(`refill the buffer (${name})`, { group, baseline: true }, refill);

  Deno.bench(`parse and take (${name})`, { group }, () => {
    refill();
    while (parser.parse(input)) {
      parser.take(input, 1);
      parser.reset();
    }
  });

  Deno.bench(`parse, take and decode all fields (${name})`, { group }, () => {
    refill();
    let size = 0;
    while (parser.parse(input)) {
      size += parser.take(input, 1).headers.size;
      parser.reset();
    }
    if (size === 0) throw new Error("no fields");
  });
}

for (const size of [1, 64, 4096]) {
  const chunk = `${size.toString(16)}\r\n${"x".repeat(size)}\r\n`;
  const source = new TextEncoder().encode(chunk.repeat(COUNT) + "0\r\n\r\n");
  const input = new InputBuffer(source.length);
  const group = `${COUNT} chunks of ${size} bytes`;
  Deno.bench(`find them (${size})`, { group }, () => {
    input.bytes.set(source);
    input.start = 0;
    input.end = source.length;
    const body = new ChunkedBody(DEFAULT_LIMITS);
    for (let ready = body.ready(input); ready > 0; ready = body.ready(input)) {
      body.consumed(ready);
      input.start += ready;
    }
    if (!body.done) throw new Error("not done");
  });
}

{
  const source = repeated(HEADS["40 bytes"] as string);
  const core = new HttpCore(DEFAULT_LIMITS);
  core.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  Deno.bench(`${COUNT} exchanges: GET, 200 with 13 bytes`, { group: "exchange" }, () => {
    core.input.append(source);
    for (let event = core.next(); typeof event !== "number"; event = core.next()) {
      const { exchange } = event;
      core.head(exchange, 200, "content-type: text/plain\r\n", 13, false, core.output);
      core.data(exchange, "Hello, world!", core.output);
      core.end(exchange, "", core.output);
    }
    core.output.take();
    core.output.recycle();
  });
}

// A page that polls sends the same head again and again; others ask for another path each time.
const again = HEADS["650 bytes"] as string;
const paths = { "the same as before": ["42", "42"], "another path than before": ["42", "43"] };
for (const [name, ids] of Object.entries(paths)) {
  const requests = ids.map((id) => new TextEncoder().encode(again.replace("/42?", `/${id}?`)));
  const core = new HttpCore(DEFAULT_LIMITS);
  core.date = "Sun, 06 Nov 1994 08:49:37 GMT";
  let turn = 0;
  Deno.bench(name, { group: "an exchange with a head of 650 bytes", baseline: ids[0] !== ids[1] }, () => {
    core.input.append(requests[turn ^= 1]!);
    const event = core.next();
    if (typeof event === "number") throw new Error("no head");
    core.head(event.exchange, 200, "content-type: text/plain\r\n", 13, false, core.output);
    core.data(event.exchange, "Hello, world!", core.output);
    core.end(event.exchange, "", core.output);
    core.output.take();
    core.output.recycle();
  });
}
