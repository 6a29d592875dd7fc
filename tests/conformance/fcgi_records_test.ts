/** Records on the wire (FastCGI 1.0 §3.3): how they are cut, padded, refused and written. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { delay } from "../support/delay.ts";
import {
  begin,
  getValues,
  params,
  post,
  request,
  STATUS,
  stdin,
  stdinEnd,
  TYPE,
  valuesOf,
} from "../support/fcgi_client.ts";
import { FcgiServer, overBoth, serverOverBoth } from "../support/fcgi_server.ts";
import { messagesIn } from "../support/log_lines.ts";
import { bytesOf, concat, slowPair, slowRecord, slowRecords } from "../support/slow_fcgi_records.ts";
import { flushLines } from "../../server/standard_lines.ts";
import type { App } from "../../twig/mod.ts";

const hello: App = () => "hello";
const echo: App = async (request) => await request.body.bytes();
const NOTHING = new Uint8Array(0);

/** Whether the server still serves others, after what it was sent. */
async function servesOn(server: FcgiServer): Promise<void> {
  using client = await server.connect();
  assertEquals((await client.ask()).status, 200);
}

overBoth("a request in one write is answered", hello, async (client) => {
  const answer = await client.ask();
  assertEquals([answer.status, answer.body, answer.appStatus], [200, "hello", 0]);
  assertEquals(answer.protocolStatus, STATUS.complete);
  assertEquals(valuesOf(answer, "content-length"), ["5"]);
});

overBoth("a request may be cut at any byte", echo, async (client) => {
  await client.drip(request(post(5), { body: "12345" }));
  assertEquals((await client.answer()).body, "12345");
  const bytes = request(post(5), { body: "abcde" });
  for (const size of [2, 3, 7, 8, 9, 31]) {
    await client.drip(bytes, size);
    assertEquals((await client.answer()).body, "abcde");
  }
});

overBoth("a claimed length is never trusted before the bytes are there", hello, async (client, server) => {
  await client.send(begin(), Uint8Array.of(1, TYPE.params, 0, 1, 0xff, 0xff, 0xff, 0));
  assert(await client.silent(50));
  await servesOn(server);
});

overBoth("padding and the reserved byte are skipped, after empty records, too", echo, async (client) => {
  const variables = concat(Object.entries(post(3)).map(([name, value]) => slowPair(name, value)));
  for (const padding of [1, 7, 8, 255]) {
    await client.send(
      slowRecord(TYPE.begin, 1, Uint8Array.of(0, 1, 1, 0, 0, 0, 0, 0), padding),
      slowRecord(TYPE.params, 1, variables, padding),
      slowRecord(TYPE.params, 1, NOTHING, padding),
      slowRecord(TYPE.stdin, 1, bytesOf("abc"), padding),
      slowRecord(TYPE.stdin, 1, NOTHING, padding),
    );
    assertEquals((await client.answer()).body, "abc");
  }
});

overBoth("a stream in records of one byte is put together", echo, async (client) => {
  const variables = concat(Object.entries(post(undefined)).map(([name, value]) => slowPair(name, value)));
  const records = (type: number, bytes: Uint8Array) =>
    Array.from(bytes, (byte) => slowRecord(type, 1, Uint8Array.of(byte)));
  await client.send(
    begin(),
    ...records(TYPE.params, variables),
    slowRecord(TYPE.params, 1, NOTHING),
    ...records(TYPE.stdin, bytesOf("one at a time")),
    stdinEnd(),
  );
  assertEquals((await client.answer()).body, "one at a time");
});

overBoth("records of one byte are read in time that grows with their number only", echo, async (client) => {
  const count = 200_000;
  const one = slowRecord(TYPE.stdin, 1, bytesOf("x"));
  const many = new Uint8Array(count * one.length);
  for (let at = 0; at < many.length; at += one.length) many.set(one, at);
  await client.send(begin(), params(post(count)));
  const sending = client.send(many, stdinEnd());
  assertEquals((await client.answer()).body.length, count);
  await sending;
});

overBoth("records of 65535 bytes are taken", echo, async (client) => {
  const body = "x".repeat(65535) + "y".repeat(65535);
  assertEquals((await client.ask(post(body.length), { body })).body, body);
});

for (const [what, first] of [["0", 0], ["2", 2], ["255", 255]] as const) {
  overBoth(`a record of version ${what} closes the connection at once`, hello, async (client, server) => {
    await client.send(Uint8Array.of(first, 1, 0, 1, 0, 8, 0, 0));
    await client.closes();
    assertMatch(await server.oneLogLine(), new RegExp(`version is ${what}, not 1 \\(bad-version, closed\\)`));
    await servesOn(server);
  });
}

overBoth(
  "a wrong version in mid-stream closes the connection, without an answer",
  hello,
  async (client, server) => {
    assertEquals((await client.ask()).status, 200);
    await client.send(begin(), params(post(10)), stdin("12345"));
    await client.send(Uint8Array.of(3, TYPE.stdin, 0, 1, 0, 5, 0, 0));
    await client.rest();
    assertMatch(await server.oneLogLine(), /version is 3/);
    await servesOn(server);
  },
);

overBoth("HTTP on the FastCGI port is recognised", hello, async (client, server) => {
  await client.send(bytesOf("GET / HTTP/1.1\r\nhost: a\r\n\r\n"));
  await client.closes();
  assertMatch(await server.oneLogLine(), /this looks like HTTP \(http-on-fcgi, closed\)/);
  await servesOn(server);
});

overBoth("TLS on the FastCGI port is recognised", hello, async (client, server) => {
  await client.send(Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3));
  await client.closes();
  assertMatch(await server.oneLogLine(), /this looks like TLS \(tls-on-fcgi, closed\)/);
  await servesOn(server);
});

overBoth("one byte of HTTP is enough to close", hello, async (client) => {
  await client.send(bytesOf("G"));
  await client.closes();
});

serverOverBoth("random bytes close the connection and nothing else", hello, async (server) => {
  for (let seed = 1; seed <= 20; seed++) {
    using client = await server.connect();
    const noise = Uint8Array.from({ length: 4096 }, (_, at) => (at * seed * 7919 + at * at) >> 3 & 255);
    noise[0] = seed + 1;
    await client.send(noise).catch(() => {});
    await client.closes();
  }
  await flushLines();
  assertEquals(messagesIn(server.log), 20);
  await servesOn(server);
});

overBoth("a small answer is one write: STDOUT, its end and END_REQUEST", hello, async (client) => {
  for (let i = 0; i < 5; i++) {
    const before = client.reads;
    await client.ask();
    assertEquals(client.reads - before, 1);
  }
});

overBoth(
  "END_REQUEST comes with the last of STDOUT when an answer was streamed, too",
  async function* () {
    yield "first\n";
    await delay(30);
    yield "last\n";
  },
  async (client) => {
    await client.send(request());
    await client.receives("first");
    const before = client.reads;
    assertEquals((await client.answer()).body, "first\nlast\n");
    assertEquals(client.reads - before, 1);
  },
);

overBoth("records that are written are padded to 8 bytes, with zeros", hello, async (client) => {
  await client.send(request(undefined, { keep: false }), getValues("FCGI_MPXS_CONNS"));
  const bytes: Uint8Array[] = [];
  const buffer = new Uint8Array(4096);
  for (let size = await client.conn.read(buffer); size !== null; size = await client.conn.read(buffer)) {
    bytes.push(buffer.slice(0, size));
  }
  const records = slowRecords(concat(bytes));
  assert(records.length >= 3);
  for (const { version, content, padding } of records) {
    assertEquals(version, 1);
    assertEquals((content.length + padding.length) % 8, 0);
    assert(padding.every((byte) => byte === 0));
  }
});

overBoth(
  "a large answer is cut into records that the length field can hold",
  () => new Uint8Array(1_000_003).fill(97),
  async (client) => {
    await client.send(request());
    let size = 0;
    for (;;) {
      const record = await client.next();
      if (record?.type === TYPE.end) break;
      assert(record !== undefined && record.content.length <= 65528);
      size += record.content.length;
    }
    assert(size > 1_000_003);
  },
);

overBoth("kept requests do not wait for acknowledgements", hello, async (client) => {
  await client.ask();
  const begun = performance.now();
  for (let i = 0; i < 100; i++) await client.ask();
  // With a delay of 40 ms each it would be four seconds.
  assert(performance.now() - begun < 2000);
});

Deno.test("a connection that is closed without an answer is given up after timeouts.linger", async () => {
  const timeouts = { linger: 100, header: 60_000 };
  await using server = await FcgiServer.start(hello, "TCP", { timeouts });
  using client = await server.connect();
  await client.send(bytesOf("GET / HTTP/1.1\r\n"));
  await client.closes();
  // It lingers: what comes now is dropped, until the connection is gone and a write fails.
  await assertRejects(async () => {
    for (const until = Date.now() + 10_000; Date.now() < until; await delay(50)) {
      await client.send(bytesOf("x"));
    }
  }, Deno.errors.BrokenPipe);
});
