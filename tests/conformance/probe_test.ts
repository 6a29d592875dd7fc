/** Runs the cases of `probe_cases.ts`, and checks of every answer what holds for all of them. */
import { assert, assertEquals } from "@std/assert";
import { type RawResponse, valueOf, valuesOf } from "../support/raw_client.ts";
import { Served } from "../support/served.ts";
import { PROBE_CASES, type ProbeCase } from "./probe_cases.ts";

/** Sent after every case: nobody may read it as a request on a connection that is over. */
const NEXT = "GET /next HTTP/1.1\r\nhost: x\r\n\r\n";

function checkAlways(response: RawResponse, last: boolean, lives: boolean): void {
  if (response.status < 200) return assertEquals(response.framing, "none");
  assertEquals(valuesOf(response, "date").length, 1);
  assert(/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(valueOf(response, "date")!));
  assertEquals(valueOf(response, "connection") === "close", last && !lives, response.head);
  if (response.status === 405) assert(valueOf(response, "allow") !== undefined);
  if (response.status === 204) assertEquals(valueOf(response, "content-length"), undefined);
}

async function probe(server: Served, { send, statuses, lives }: ProbeCase): Promise<void> {
  using client = await server.connect();
  await client.send(send + NEXT);
  const method = send.startsWith("HEAD ") ? "HEAD" : "GET";
  for (const [i, status] of statuses.entries()) {
    const response = await client.response(method);
    assertEquals(response.status, status, response.body);
    checkAlways(response, i === statuses.length - 1, lives);
  }
  if (!lives) return assert(await client.closes(), "It did not close");
  const next = await client.response();
  assertEquals([next.status, JSON.parse(next.body).pathInfo], [200, "/next"]);
}

Deno.test("probe cases: all have names of their own", () => {
  assertEquals(new Set(PROBE_CASES.map(({ name }) => name)).size, PROBE_CASES.length);
  assert(PROBE_CASES.length > 200);
});

Deno.test("probe cases: each gets its answers, and the connection lives on or not as it has to", async (context) => {
  await using server = await Served.start();
  for (const each of PROBE_CASES) {
    await context.step(`${each.section}: ${each.name}`, () => probe(server, each));
  }
});
