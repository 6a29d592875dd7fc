import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { delay } from "../support/delay.ts";
import { messagesIn } from "../support/log_lines.ts";
import { waitUntil } from "../support/processes.ts";
import { Served } from "../support/served.ts";

const GET = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

Deno.test("ErrorLog logs some of many protocol errors, and how many there were", async () => {
  await using server = await Served.start(() => "hello");
  for (let i = 0; i < 200; i++) await server.answer("BAD\r\n\r\n", "GET");
  await waitUntil(() => messagesIn(server.log) === 200, "the sum");
  assertLess(server.log.length, 200);
  assertMatch(server.log.at(-1)!, /^archangel: \d{4}-\S+Z and \d+ more protocol errors within a second$/);
  // Not at the end of a flood only: whoever comes in the next second is logged again.
  const before = server.log.length;
  await server.answer("BAD\r\n\r\n", "GET");
  assertEquals(server.log.length, before + 1);
});

Deno.test("ErrorLog hides no first protocol error of a sort behind a flood of another", async () => {
  await using server = await Served.start(() => "hello");
  for (let i = 0; i < 30; i++) await server.answer("BAD\r\n\r\n", "GET");
  await server.answer("GET / HTTP/1.1\r\n\r\n");
  assertEquals(server.log.filter((line) => /host/i.test(line)).length, 1, server.log.join("\n"));
});

Deno.test("ErrorLog logs which requests fail, and the same stack once", async () => {
  await using server = await Served.start((request) => {
    throw new Error(`on purpose\nfor ${request.pathInfo}`);
  });
  for (let i = 0; i < 30; i++) await server.answer(GET.replace("/", `/${i}`));
  assertMatch(server.log[0]!, /Z GET x\/0: Error: on purpose$/);
  assertEquals(server.log[1], "  for /0");
  assertMatch(server.log[2]!, /^ +at .*error_log_test\.ts:\d+/);
  assertGreater(server.log.filter((line) => line === "  for /1 (stack as above)").length, 0);
  const frames = server.log.filter((line) => /error_log_test\.ts:\d+/.test(line)).length;
  assert(frames >= 1 && frames < 10, `${frames} stacks`);
});

Deno.test("ErrorLog lets no message of an app begin a line as the log does", async () => {
  await using server = await Served.start((request) => {
    throw new Error(`no such user ${decodeURIComponent(request.query)}`);
  });
  const forged = "worker 9: 2026-01-01T00:00:00.000Z GET x/: Error: forged";
  await server.answer(GET.replace("/", `/?${encodeURIComponent(`x\n${forged}`)}`));
  assertEquals(server.messages.length, 1, server.log.join("\n"));
  assertEquals(server.log[1], `  ${forged}`);
  for (const line of server.log.slice(1)) assertMatch(line, /^ {2}/);
});

Deno.test("ErrorLog shortens a message without end", async () => {
  await using server = await Served.start(() => {
    throw new Error("x".repeat(1_000_000));
  });
  await server.answer(GET);
  assertLess(server.log.join("\n").length, 20_000);
  assertMatch(server.log.join("\n").slice(-50), /x\.\.\. and 98\d,\d{3} more characters$/);
});

Deno.test("ErrorLog takes whatever an app throws", async () => {
  const thrown = [Object.create(null), Symbol("s"), undefined, 1n, {
    toString() {
      throw new Error("no text");
    },
  }];
  await using server = await Served.start((request) => {
    throw thrown[Number(request.query)];
  });
  for (let at = 0; at < thrown.length; at++) {
    assertEquals((await server.answer(GET.replace("/", `/?${at}`))).status, 500, String(at));
  }
  await delay(5);
  assertEquals(server.messages.length, thrown.length, server.log.join("\n"));
});
