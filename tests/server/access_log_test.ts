import { assertEquals } from "@std/assert";
import { type AccessRecord, combinedLine } from "../../server/access_log.ts";

const RECORD: AccessRecord = {
  time: Date.UTC(2026, 10, 22, 19, 31, 0),
  duration: 5,
  remote: "192.0.2.7",
  user: "",
  method: "GET",
  host: "example.org",
  target: "/",
  protocol: "HTTP/1.1",
  status: 200,
  bytes: 12,
  complete: true,
  referer: "",
  agent: "",
};

Deno.test("combinedLine() is as Apache and nginx write it", () => {
  assertEquals(
    combinedLine(RECORD),
    '192.0.2.7 - - [22/Nov/2026:19:31:00 +0000] "GET / HTTP/1.1" 200 12 "-" "-"',
  );
});

Deno.test("combinedLine() escapes what a client or a front end says, the address included", () => {
  const hostile = 'a"\\\x1b\xe9\n';
  const line = combinedLine({
    ...RECORD,
    remote: hostile,
    user: hostile,
    target: hostile,
    referer: hostile,
    agent: hostile,
  });
  const escaped = String.raw`a\"\\\x1b\xe9\x0a`;
  assertEquals(
    line,
    `${escaped} - ${escaped} [22/Nov/2026:19:31:00 +0000] "GET ${escaped} HTTP/1.1" 200 12 "${escaped}" "${escaped}"`,
  );
});
