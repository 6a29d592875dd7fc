/** Archangel behind HAProxy, with the configuration of `docs/behind-a-front-end.md`. */
import { assert, assertEquals } from "@std/assert";
import { behind, behindFrontEnd, overloaded, overUnixSocket } from "../support/front_end_cases.ts";
import { CountingRelay } from "../support/counting_relay.ts";
import { change, FrontEnd } from "../support/front_ends.ts";
import { waitUntil } from "../support/processes.ts";

behindFrontEnd({
  name: "haproxy",
  title: "HAProxy",
  reuses: true,
  liveAnswers: true,
  uploads: "live with a length",
  cutIsNoticed: true,
  leaving: "noticed by writing",
  joinsFields: false,
  refusesTwoHosts: true,
});

behind("haproxy", "HAProxy, a connection may carry several requests at once", async ({ stage, address }) => {
  assert(address.transport === "tcp");
  await using relay = new CountingRelay(address.port);
  await using front = await FrontEnd.start(
    "haproxy",
    { ...address, port: relay.port },
    (shown) => change(shown, "docroot /\n", "docroot /\n    option mpxs-conns\n    option get-values\n"),
  );
  const first = await front.answer("GET /hello HTTP/1.1\r\nhost: example.test\r\n\r\n");
  assertEquals(first.body, "hello");
  const names = Array.from({ length: 20 }, (_, at) => `many${at}`);
  const answers = names.map((name) =>
    front.answer(`GET /gated?${name} HTTP/1.1\r\nhost: example.test\r\n\r\n`)
  );
  await waitUntil(() => names.every((name) => stage.heard.has(name)), "all of them have begun");
  // One after the other, or one to a connection, would need twenty.
  assert(relay.accepted < names.length, `${relay.accepted} connections`);
  for (const name of names) stage.gate(name).resolve();
  for (const [at, answer] of (await Promise.all(answers)).entries()) assertEquals(answer.body, names[at]);
});

overUnixSocket("haproxy");
overloaded("haproxy");
