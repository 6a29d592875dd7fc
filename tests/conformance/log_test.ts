/** What is logged: one line for a client that breaks the protocol, none for one that goes away, nothing that it forged. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { delay } from "../support/delay.ts";
import { waitUntil } from "../support/processes.ts";
import { Served } from "../support/served.ts";
import type { App } from "../../twig/mod.ts";

/** A log to look into. */
class TemporaryFile implements Disposable {
  readonly path = Deno.makeTempFileSync();

  lines(): string[] {
    return Deno.readTextFileSync(this.path).split("\n").slice(0, -1);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path);
  }
}

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

Deno.test("error log: has exactly one line for a connection that breaks the protocol", async () => {
  await using server = await Served.start();
  const broken = [
    ["BAD\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\n\r\n", "400"],
    ["GET / HTTP/2.0\r\n\r\n", "505"],
    ["GET /" + "a".repeat(9000), "414"],
    ["GET / HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n", "413"],
    ["POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "400"],
    ["CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n", "501"],
    ["TRACE / HTTP/1.1\r\nhost: x\r\n\r\n", "405"],
  ] as const;
  for (const [request, status] of broken) {
    const before = server.log.length;
    using client = await server.connect();
    await client.send(request + GET.repeat(20));
    await client.finish();
    await client.rest();
    await delay(5);
    assertEquals(server.log.length - before, 1, server.log.slice(before).join("\n"));
    const { port } = client.conn.localAddr as Deno.NetAddr;
    assertMatch(
      server.log.at(-1)!,
      new RegExp(`http 127\\.0\\.0\\.1:${port}: Cannot .* answered ${status}\\)$`),
    );
  }
});

Deno.test("error log: says nothing of clients that go away", async () => {
  await using server = await Served.start(async function* (request) {
    yield "tick";
    await delay(50);
    yield await request.body.text();
  });
  for (
    const request of ["", GET, GET + GET, "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhello"]
  ) {
    using client = await server.connect();
    await client.send(request);
    await delay(20);
  }
  await delay(200);
  assertEquals(server.log.filter((line) => !line.includes("the input ends within it")), []);
});

Deno.test("error log: holds no control byte that a client sent", async () => {
  await using server = await Served.start(() => {
    throw new Error("with \x1b[31m colour and\x07 bell\r");
  });
  await server.answer("G\x1bT / HTTP/1.1\r\nhost: x\r\n\r\n", "GET");
  await server.answer(GET);
  // deno-lint-ignore no-control-regex
  assert(!/[\x00-\x08\x0b-\x1f\x7f]/.test(server.log.join("\n")), server.log.join("\n"));
});

Deno.test("access log: has one line for every exchange, also for those that were cut", async () => {
  const file = await Deno.makeTempFile();
  try {
    await using server = await Served.start(async function* (request) {
      if (request.pathInfo === "/throws") throw new Error("on purpose");
      yield "hello";
      if (request.pathInfo === "/gone") await delay(100_000);
    }, { log: { access: file, format: "json" } });
    using client = await server.connect();
    await client.send(
      "GET /a?b HTTP/1.1\r\nhost: x\r\nuser-agent: t\r\nreferer: r\r\n\r\nGET /throws HTTP/1.1\r\nhost: x\r\n\r\n",
    );
    await client.response();
    await client.response();
    using gone = await server.connect();
    await gone.send("GET /gone HTTP/1.1\r\nhost: x\r\n\r\n");
    await gone.receives("hello");
    await server.service.stop();
    const until = Date.now() + 5000;
    let lines: string[] = [];
    while (lines.length < 3 && Date.now() < until) {
      await delay(20);
      lines = (await Deno.readTextFile(file)).split("\n").slice(0, -1);
    }
    const records = lines.map((line) => JSON.parse(line));
    assertEquals(
      records.map(({ method, target, status, bytes, complete }) => [method, target, status, bytes, complete]),
      [["GET", "/a?b", 200, 5, true], ["GET", "/throws", 500, 22, true], ["GET", "/gone", 200, 5, false]],
    );
    assertEquals([records[0].agent, records[0].referer, records[0].remote], ["t", "r", "127.0.0.1"]);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("both logs: a malformed body is what the request was refused for, whether its app reads it or not", async () => {
  const caught: unknown[] = [];
  const apps: Record<string, App> = {
    "/reads": (request) => request.body.text(),
    "/catches": async (request, response) => {
      const text = await request.body.text().catch((error) => void caught.push(error));
      response.start(422);
      return text;
    },
    "/whole": () => "unread",
    "/waiting": () => delay(20).then(() => "unread"),
    "/streamed": async function* (request) {
      for (;;) {
        yield "unread";
        await new Promise((resolve, reject) => {
          request.signal.addEventListener("abort", () => reject(request.signal.reason));
          setTimeout(resolve, 20);
        });
      }
    },
  };
  using file = new TemporaryFile();
  await using server = await Served.start((request, response) => apps[request.pathInfo]!(request, response), {
    log: { access: file.path, format: "json" },
  });
  for (const path of Object.keys(apps)) {
    const [errors, lines] = [server.log.length, file.lines().length];
    using client = await server.connect();
    await client.send(`POST ${path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nZZ\r\n`);
    assertMatch(await client.rest(), /^HTTP\/1.1 400 [^]*bad-chunk/, path);
    await waitUntil(() => file.lines().length > lines, "a line");
    await delay(40);
    assertMatch(server.log.slice(errors).join("\n"), /^\S+.*\(bad-chunk[a-z-]*, answered 400\)$/, path);
    const [line, ...more] = file.lines().slice(lines).map((line) => JSON.parse(line));
    assertEquals([line.status, line.complete, more], [400, false, []], path);
  }
  assertEquals(caught.length, 1);
});

Deno.test("access log: a request that ends within its body has the status that its client was sent", async () => {
  using file = new TemporaryFile();
  await using server = await Served.start((request) => request.body.text(), {
    log: { access: file.path, format: "json" },
  });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhello");
  await client.finish();
  assertMatch(await client.rest(), /^HTTP\/1.1 400 [^]*\r\ndate: /);
  await waitUntil(() => file.lines().length > 0, "a line");
  const { status, complete } = JSON.parse(file.lines()[0]!);
  assertEquals([status, complete], [400, false]);
  assertMatch(server.log.join("\n"), /^\S+ [^\n]*the input ends within it \(cut-short, answered 400\)$/);
});

Deno.test("error log: what is wrong in a body that was answered unread is told, though nobody is answered", async () => {
  await using server = await Served.start(() => "unread");
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
  assertEquals((await client.response("POST")).status, 200);
  await client.send("5\r\nhelloX\r\n" + GET);
  assertEquals(await client.rest(), "");
  assertMatch(server.log.join("\n"), /^\S+ [^\n]*Cannot parse [^\n]* \(bad-chunk, closed\)$/);
});

Deno.test("both logs: a body that stalls under an app that reads it is 408", async () => {
  using file = new TemporaryFile();
  await using server = await Served.start((request) => request.body.text(), {
    timeouts: { body: 100 },
    log: { access: file.path, format: "json" },
  });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhello");
  assertMatch(await client.rest(), /^HTTP\/1.1 408 /);
  await waitUntil(() => file.lines().length > 0, "a line");
  const { status, complete } = JSON.parse(file.lines()[0]!);
  assertEquals([status, complete, file.lines().length], [408, false, 1]);
  assertMatch(server.log.join("\n"), /^\S+.*The request body stalled \(body-timeout, answered 408\)$/);
});

Deno.test("error log: a body that stalls when it is answered already is not answered again", async () => {
  await using server = await Served.start(() => "unread", { timeouts: { header: 100, body: 100 } });
  using client = await server.connect();
  await client.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nhello");
  assertMatch(await client.rest(), /^HTTP\/1.1 200 /);
  await waitUntil(() => server.log.length > 0, "a line");
  assertMatch(server.log[0]!, /The request did not arrive in time \(header-timeout, closed\)$/);
});

Deno.test("access log: what a client sends cannot forge a line or a field", async () => {
  const file = await Deno.makeTempFile();
  try {
    await using server = await Served.start(() => "", { log: { access: file, format: "combined" } });
    await server.answer('GET /"%0a\\ HTTP/1.1\r\nhost: x\r\nuser-agent: a" 200 \xe9\t\\\r\n\r\n');
    let text = "";
    for (const until = Date.now() + 5000; text === "" && Date.now() < until; await delay(10)) {
      text = await Deno.readTextFile(file);
    }
    assertMatch(
      text,
      /^127\.0\.0\.1 - - \[[^\]]+\] "GET \/\\"%0a\\\\ HTTP\/1\.1" 200 - "-" "a\\" 200 \\xe9\\x09\\\\"\n$/,
    );
  } finally {
    await Deno.remove(file);
  }
});
