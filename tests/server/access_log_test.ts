import { assertEquals, assertLess } from "@std/assert";
import type { Exchange } from "../../twig/exchange.ts";
import { type AccessLog, type AccessRecord, combinedLine, openAccessLog } from "../../server/access_log.ts";
import { ErrorLog } from "../../server/error_log.ts";
import { delay } from "../support/delay.ts";
import { Folder } from "../support/folder.ts";

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

/** As much of an exchange as is logged. */
const EXCHANGE = {
  wireHead: { method: "GET", authority: "", target: "/", protocol: "HTTP/1.1", headers: new Headers() },
  remote: { address: "192.0.2.7", user: "" },
  startedAt: 0,
  output: { sentStatus: 200, sentBytes: 12, completed: true },
} as unknown as Exchange;

/** An error log whose troubles can be read. */
class Troubles extends ErrorLog {
  readonly told: string[] = [];

  constructor() {
    super("test");
  }

  override trouble(text: string): void {
    this.told.push(text);
  }
}

async function opened(
  access: string,
  errors: ErrorLog,
  format: "combined" | "json" = "combined",
): Promise<AccessLog> {
  return (await openAccessLog({ access, format }, errors))!;
}

Deno.test("an access log tells the time of day when an exchange began, and whole milliseconds that it took", async () => {
  using folder = new Folder();
  const path = `${folder.path}/access.log`;
  const log = await opened(path, new Troubles(), "json");
  const now = performance.now();
  log.add({ ...EXCHANGE, startedAt: now - 60_000.25 } as never, now);
  await log.close();
  const { time, duration } = JSON.parse(Deno.readTextFileSync(path));
  assertEquals(duration, 60_000);
  assertLess(Math.abs(Date.now() - 60_000 - Date.parse(time)), 1000);
});

Deno.test({
  name: "an access log that a full disk does not take is told once, and again by the next that is opened",
  ignore: Deno.build.os !== "linux", // Others have no /dev/full.
  async fn() {
    const errors = new Troubles();
    const line = "Cannot write the access log /dev/full: No space left on device (os error 28)";
    for (const told of [[line], [line, line]]) {
      const log = await opened("/dev/full", errors);
      for (let times = 0; times < 5; times++) {
        log.add(EXCHANGE, 5);
        await delay(5); // For a write of its own.
      }
      await log.close();
      assertEquals(errors.told, told);
    }
  },
});

Deno.test("an access log (json) says in an object how many lines are missing", async () => {
  using folder = new Folder();
  const path = `${folder.path}/access.log`;
  const log = await opened(path, new Troubles(), "json");
  const { write } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.write = () => Promise.reject(new Error("No space left on device"));
  try {
    for (let times = 0; times < 2; times++) log.add(EXCHANGE, 5);
    await delay(20);
  } finally {
    Deno.FsFile.prototype.write = write;
  }
  log.add(EXCHANGE, 5);
  await log.close();
  const [entry, note] = Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(entry.status, 200);
  assertEquals({ ...note, time: "" }, { time: "", missing: 2 });
  assertLess(Math.abs(Date.now() - Date.parse(note.time)), 10_000);
});

/** Every byte, as a client may send it in a field. */
const BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));

for (const format of ["combined", "json"] as const) {
  Deno.test(`an access log (${format}) leaves no control character as it is, which a terminal may obey`, async () => {
    using folder = new Folder();
    const path = `${folder.path}/access.log`;
    const log = await opened(path, new Troubles(), format);
    const hostile = { get: () => BYTES };
    log.add({ ...EXCHANGE, wireHead: { ...EXCHANGE.wireHead, target: BYTES, headers: hostile } } as never, 5);
    await log.close();
    const line = Deno.readTextFileSync(path).slice(0, -1);
    // deno-lint-ignore no-control-regex
    assertEquals(line.match(/[\x00-\x1f\x7f-\x9f]/g), null);
    if (format === "json") assertEquals(JSON.parse(line).agent, BYTES);
  });
}

Deno.test("an access log has nothing to tell of lines that come when it is closed", async () => {
  using folder = new Folder();
  const errors = new Troubles();
  const log = await opened(`${folder.path}/access.log`, errors);
  log.add(EXCHANGE, 5);
  await log.close();
  log.add(EXCHANGE, 5);
  await log.close().catch(() => {}); // The file cannot be closed twice.
  assertEquals(errors.told, []);
  assertEquals(Deno.readTextFileSync(`${folder.path}/access.log`).split("\n").length, 2);
});
