/**
 * What one FastCGI request costs in the core: its variables, its head, a whole small exchange, and
 * the records of an answer. Run with `deno task bench bench/micro/fcgi_bench.ts`.
 *
 * Iterations of the groups that say so do `COUNT` requests: divide by it for one.
 *
 * @module
 */
import { encodeParams, FcgiCore, Params, RecordType } from "../../fcgi/mod.ts";
import { readHead } from "../../fcgi/environ.ts";
import { writeBytes, writeText } from "../../fcgi/records.ts";
import { DEFAULT_LIMITS } from "../../server/limits.ts";
import { OutputBuffer } from "../../twig/output_buffer.ts";
import { NEED_DATA } from "../../twig/mod.ts";
import { concat, slowPairs, slowRecord } from "../../tests/support/slow_fcgi_records.ts";

const COUNT = 100;

/** What nginx sends with `fastcgi_params` for a browser's GET. */
const NGINX: [string, string][] = [
  ["QUERY_STRING", "page=2"],
  ["REQUEST_METHOD", "GET"],
  ["CONTENT_TYPE", ""],
  ["CONTENT_LENGTH", ""],
  ["SCRIPT_NAME", "/articles/42"],
  ["REQUEST_URI", "/articles/42?page=2"],
  ["DOCUMENT_URI", "/articles/42"],
  ["DOCUMENT_ROOT", "/usr/share/nginx/html"],
  ["SERVER_PROTOCOL", "HTTP/1.1"],
  ["REQUEST_SCHEME", "https"],
  ["HTTPS", "on"],
  ["GATEWAY_INTERFACE", "CGI/1.1"],
  ["SERVER_SOFTWARE", "nginx/1.22.1"],
  ["REMOTE_ADDR", "192.0.2.17"],
  ["REMOTE_PORT", "40404"],
  ["SERVER_ADDR", "192.0.2.1"],
  ["SERVER_PORT", "443"],
  ["SERVER_NAME", "www.example.org"],
  ["REDIRECT_STATUS", "200"],
  ["HTTP_HOST", "www.example.org"],
  ["HTTP_SEC_CH_UA", '"Chromium";v="128", "Not;A=Brand";v="24", "Google Chrome";v="128"'],
  ["HTTP_SEC_CH_UA_MOBILE", "?0"],
  ["HTTP_SEC_CH_UA_PLATFORM", '"Linux"'],
  ["HTTP_UPGRADE_INSECURE_REQUESTS", "1"],
  [
    "HTTP_USER_AGENT",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36",
  ],
  ["HTTP_ACCEPT", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"],
  ["HTTP_SEC_FETCH_SITE", "none"],
  ["HTTP_SEC_FETCH_MODE", "navigate"],
  ["HTTP_ACCEPT_ENCODING", "gzip, deflate, br, zstd"],
  ["HTTP_ACCEPT_LANGUAGE", "en-GB,en;q=0.9"],
];

const pairs = encodeParams(NGINX);
const params = Params.parse(pairs, 0, pairs.length) as Params;
const nothing = new Uint8Array(0);

Deno.bench(`Params.parse(), ${pairs.length} bytes`, { group: "variables", baseline: true }, () => {
  Params.parse(pairs, 0, pairs.length);
});
Deno.bench("its plain twin", { group: "variables" }, () => {
  slowPairs(pairs);
});

Deno.bench("readHead()", { group: "head", baseline: true }, () => {
  readHead(params, 1, 0);
});
Deno.bench("readHead() and all header fields", { group: "head" }, () => {
  readHead(params, 1, 0).headers.get("accept");
});
Deno.bench("readHead() and env", { group: "head" }, () => {
  void readHead(params, 1, 0).env?.REMOTE_ADDR;
});

function exchange(body: Uint8Array, length: string): Uint8Array {
  const all = encodeParams([...NGINX, ["CONTENT_LENGTH", length]]);
  const stdin = body.length > 0 ? [slowRecord(RecordType.Stdin, 1, body)] : [];
  return concat([
    slowRecord(RecordType.BeginRequest, 1, Uint8Array.of(0, 1, 1, 0, 0, 0, 0, 0)),
    slowRecord(RecordType.Params, 1, all, -all.length & 7),
    slowRecord(RecordType.Params, 1, nothing),
    ...stdin,
    slowRecord(RecordType.Stdin, 1, nothing),
  ]);
}

function benchExchanges(name: string, one: Uint8Array): void {
  const core = new FcgiCore(DEFAULT_LIMITS);
  Deno.bench(name, { group: `${COUNT} whole exchanges` }, () => {
    for (let i = 0; i < COUNT; i++) {
      core.input.append(one);
      for (let event = core.next(); typeof event === "object"; event = core.next()) {
        if (event.kind !== "end") continue;
        core.head(event.exchange, 200, "content-type: text/plain; charset=utf-8\r\n", 13, false, core.output);
        core.data(event.exchange, "Hello, World!", core.output);
        core.end(event.exchange, "", core.output);
      }
      core.output.takeOne();
      core.output.recycle();
    }
    if (core.next() !== NEED_DATA) throw new Error("Cannot measure: events are left over");
  });
}

benchExchanges("GET", exchange(nothing, ""));
benchExchanges("POST of 1 KiB", exchange(new Uint8Array(1024), "1024"));

function benchAnswer(name: string, write: (out: OutputBuffer) => void): void {
  const out = new OutputBuffer();
  Deno.bench(name, { group: "records of an answer" }, () => {
    write(out);
    out.take();
    out.recycle();
  });
}

const short = "Hello, World!";
const page = "<p>Lorem ipsum dolor sit amet.</p>\n".repeat(100);
const chunk = new Uint8Array(64 * 1024);
benchAnswer("text of 13 bytes", (out) => writeText(out, RecordType.Stdout, 1, short));
benchAnswer("text of 3.4 KiB", (out) => writeText(out, RecordType.Stdout, 1, page));
benchAnswer("64 KiB of bytes", (out) => writeBytes(out, RecordType.Stdout, 1, chunk));
