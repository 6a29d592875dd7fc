/** Questions about the connection itself: the records of id 0 (FastCGI 1.0 §4). */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  begin,
  type FcgiClient,
  getValues,
  pairs,
  params,
  post,
  request,
  stdin,
  stdinEnd,
  TYPE,
} from "../support/fcgi_client.ts";
import { overBoth } from "../support/fcgi_server.ts";
import { bytesOf, concat, slowPair, slowPairs, slowRecord } from "../support/slow_fcgi_records.ts";
import type { App } from "../../twig/mod.ts";

const echo: App = async (request) => `${request.method} ${await request.body.text()}`;
const NOTHING = new Uint8Array(0);

/** The pairs of the next record, which has to be a GET_VALUES_RESULT. */
async function values(client: FcgiClient): Promise<Record<string, string>> {
  const { type, content } = await client.management();
  assertEquals(type, TYPE.getValuesResult);
  const list = slowPairs(content)!;
  assertEquals(new Set(list.map(([name]) => name)).size, list.length);
  return Object.fromEntries(list);
}

async function stillServes(client: FcgiClient): Promise<void> {
  assertEquals((await client.ask()).body, "GET ");
}

overBoth("GET_VALUES answers the names that are known", echo, async (client) => {
  await client.send(getValues("FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"));
  const all = await values(client);
  assertEquals(Object.keys(all).sort(), ["FCGI_MAX_CONNS", "FCGI_MAX_REQS", "FCGI_MPXS_CONNS"]);
  assertMatch(all.FCGI_MAX_CONNS!, /^[1-9]\d*$/);
  assertMatch(all.FCGI_MAX_REQS!, /^[1-9]\d*$/);
  assertEquals(all.FCGI_MPXS_CONNS, "1");
  await stillServes(client);
});

overBoth(
  "FCGI_MAX_REQS is what one connection really takes",
  () => new Promise<string>(() => {}),
  async (client) => {
    await client.send(getValues("FCGI_MAX_REQS"));
    const most = Number((await values(client)).FCGI_MAX_REQS);
    for (let id = 1; id <= most; id++) await client.send(request(undefined, { id }));
    assert(await client.silent(50));
    await client.send(begin(most + 1));
    assertEquals((await client.answer(most + 1)).protocolStatus, 2);
  },
  { limits: { openExchanges: 7 } },
);

overBoth("GET_VALUES answers only what was asked", echo, async (client) => {
  await client.send(getValues("FCGI_MPXS_CONNS"));
  assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
  await client.send(getValues("FCGI_NO_SUCH_NAME", "FCGI_MPXS_CONNS", "fcgi_max_reqs"));
  assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
  await client.send(getValues("A", "B"));
  assertEquals(await values(client), {});
  await stillServes(client);
});

overBoth("an empty GET_VALUES gets an empty answer, at once", echo, async (client) => {
  await client.send(getValues());
  assertEquals(await values(client), {});
  await stillServes(client);
});

overBoth("GET_VALUES with values beside its names is answered", echo, async (client) => {
  const question = pairs([["FCGI_MPXS_CONNS", "what"], ["FCGI_MAX_REQS", "x".repeat(300)]]);
  await client.send(slowRecord(TYPE.getValues, 0, question));
  assertEquals(Object.keys(await values(client)).sort(), ["FCGI_MAX_REQS", "FCGI_MPXS_CONNS"]);
});

overBoth("GET_VALUES is answered with any padding, and without", echo, async (client) => {
  for (const padding of [0, 1, 7, 255]) {
    await client.send(slowRecord(TYPE.getValues, 0, pairs([["FCGI_MPXS_CONNS", ""]]), padding));
    assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
  }
});

overBoth("HAProxy's question: 32 bytes, no padding, first on the connection", echo, async (client) => {
  const question = getValues("FCGI_MAX_REQS", "FCGI_MPXS_CONNS");
  assertEquals(question.length, 8 + 32);
  await client.send(question, request());
  assertEquals(Object.keys(await values(client)).sort(), ["FCGI_MAX_REQS", "FCGI_MPXS_CONNS"]);
  assertEquals((await client.answer()).status, 200);
});

overBoth("a question may be cut at any byte", echo, async (client) => {
  await client.drip(getValues("FCGI_MPXS_CONNS"));
  assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
});

overBoth("a name asked ten thousand times is answered once", echo, async (client) => {
  const one = slowPair("FCGI_MAX_CONNS", "");
  const question = slowRecord(
    TYPE.getValues,
    0,
    concat(Array(Math.floor(65535 / one.length)).fill(one)),
  );
  await client.send(question);
  assertEquals(Object.keys(await values(client)), ["FCGI_MAX_CONNS"]);
  for (let i = 0; i < 100; i++) await client.send(question);
  for (let i = 0; i < 100; i++) await values(client);
  await stillServes(client);
});

overBoth("lengths of four bytes in a question are read", echo, async (client) => {
  await client.send(slowRecord(TYPE.getValues, 0, slowPair("FCGI_MPXS_CONNS", "", true)));
  assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
});

for (
  const [what, content] of [
    ["a name longer than the record", Uint8Array.of(200, 0, 65)],
    ["a length that is cut short", Uint8Array.of(0x80, 0)],
    ["a name without a value length", Uint8Array.of(1)],
    ["two lengths whose sum wraps around", Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 255, 65)],
  ] as const
) {
  overBoth(`a question with ${what} closes the connection`, echo, async (client, server) => {
    await client.send(slowRecord(TYPE.getValues, 0, content));
    await client.closes();
    assertMatch(await server.oneLogLine(), /Cannot read GET_VALUES/);
    using other = await server.connect();
    await stillServes(other);
  });
}

overBoth("questions are answered while a request is under way", echo, async (client) => {
  await client.send(begin(), getValues("FCGI_MPXS_CONNS"));
  assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
  await client.send(params(post(6)), getValues("FCGI_MPXS_CONNS"), stdin("abc"));
  assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
  await client.send(getValues("FCGI_MPXS_CONNS"), stdin("def"), stdinEnd());
  assertEquals(await values(client), { FCGI_MPXS_CONNS: "1" });
  assertEquals((await client.answer()).body, "POST abcdef");
});

overBoth("an unknown management record is answered, and skipped", echo, async (client) => {
  for (const type of [12, 13, 100, 255]) {
    await client.send(slowRecord(type, 0, bytesOf("payload"), 9));
    const record = await client.management();
    assertEquals(record.type, TYPE.unknown);
    assertEquals(record.content, Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0));
  }
  await stillServes(client);
});

overBoth("an unknown management record of 65535 bytes is skipped", echo, async (client) => {
  await client.send(slowRecord(77, 0, new Uint8Array(65535), 255));
  assertEquals((await client.management()).content[0], 77);
  await stillServes(client);
});

overBoth("records that only a server sends are ignored, with id 0 and with others", echo, async (client) => {
  for (const type of [3, 6, 7, 10, 11]) {
    await client.send(slowRecord(type, 0, bytesOf("12345678")), slowRecord(type, 1, bytesOf("12345678")));
  }
  await stillServes(client);
  await client.send(begin(2), slowRecord(6, 2, bytesOf("x")), params(post(2), 2), slowRecord(3, 2, NOTHING));
  await client.send(stdin("ok", 2), stdinEnd(2));
  assertEquals((await client.answer(2)).body, "POST ok");
});

overBoth("an unknown type of an open request is ignored", echo, async (client) => {
  await client.send(begin(), slowRecord(99, 1, bytesOf("x")), params(post(2)));
  await client.send(slowRecord(99, 1, bytesOf("x")), stdin("ok"), stdinEnd());
  assertEquals((await client.answer()).body, "POST ok");
});

overBoth("BEGIN_REQUEST with id 0 is refused", echo, async (client, server) => {
  await client.send(begin(0));
  await client.closes();
  assertMatch(await server.oneLogLine(), /Cannot begin FastCGI request 0/);
});

overBoth("PARAMS, STDIN, DATA and ABORT with id 0 start nothing", echo, async (client) => {
  await client.send(params(post(1), 0), stdin("x", 0), stdinEnd(0), slowRecord(TYPE.data, 0, NOTHING));
  await client.send(slowRecord(TYPE.abort, 0, NOTHING));
  await stillServes(client);
});
