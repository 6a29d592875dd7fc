import { assertEquals, assertThrows } from "@std/assert";
import {
  type Boot,
  ControlError,
  controlStream,
  encodeMessage,
  parseToSupervisor,
  parseToWorker,
  type ToSupervisor,
} from "../../server/control.ts";
import { RecordReader } from "../../server/records.ts";
import { settingsFor } from "../support/settings.ts";

const key = "a-secret-key";
const boot: Boot = {
  type: "boot",
  worker: 3,
  generation: 2,
  role: "rising",
  key,
  held: ["/run/app-3.sock"],
  settings: settingsFor(),
};

Deno.test("controlStream() keeps access lines off the stream of messages", () => {
  assertEquals(controlStream("stdout"), "stderr");
  assertEquals(controlStream("off"), "stderr");
  assertEquals(controlStream("/var/log/access.log"), "stderr");
  assertEquals(controlStream("stderr"), "stdout");
});

Deno.test("messages to a worker survive the way", () => {
  const reader = new RecordReader("");
  const { records } = reader.push(encodeMessage(boot, ""));
  // JSON has no undefined: such keys are gone, which reads the same.
  assertEquals(parseToWorker(records[0]!), JSON.parse(JSON.stringify(boot)));
  assertEquals(
    parseToWorker(reader.push(encodeMessage({ type: "drain", stopping: false }, "")).records[0]!),
    {
      type: "drain",
      stopping: false,
    },
  );
});

Deno.test("messages to the supervisor survive the way", () => {
  const messages: ToSupervisor[] = [
    { type: "ready", addresses: boot.settings.listen, waiting: [] },
    {
      type: "ready",
      addresses: [{ protocol: "fcgi", transport: "unix", path: "/s", mode: 1, group: "www" }],
      waiting: [{ from: "/.s1", to: "/s" }],
    },
    { type: "bootFailed", reason: "two\nlines, and an ümlaut" },
  ];
  for (const message of messages) {
    const { records } = new RecordReader(key).push(encodeMessage(message, key));
    assertEquals(records.map(parseToSupervisor), [message]);
  }
});

Deno.test("encodeMessage() refuses a number that JSON cannot carry", () => {
  const settings = settingsFor({ workers: Infinity });
  assertThrows(() => encodeMessage({ ...boot, settings }, ""), ControlError, "workers is Infinity");
});

Deno.test("parseToWorker() refuses what is no message", () => {
  const refused: [string, string][] = [
    ["{", "not JSON"],
    ["null", "not an object"],
    ["[]", "not an object"],
    ['"drain"', "not an object"],
    ["{}", "unknown type undefined"],
    ['{"type":"ready"}', 'unknown type "ready"'],
    [JSON.stringify({ ...boot, worker: "1" }), "worker is not a whole number"],
    [JSON.stringify({ ...boot, worker: 1.5 }), "worker is not a whole number"],
    [JSON.stringify({ ...boot, generation: -1 }), "generation is not a whole number"],
    [JSON.stringify({ ...boot, role: "last" }), "role is unknown"],
    [JSON.stringify({ ...boot, key: 1 }), "key is not text"],
    [JSON.stringify({ ...boot, held: undefined }), "held is not a list of texts"],
    [JSON.stringify({ ...boot, held: [1] }), "held is not a list of texts"],
    [JSON.stringify({ ...boot, settings: [] }), "settings are not whole"],
    [JSON.stringify({ ...boot, settings: { ...boot.settings, listen: {} } }), "settings are not whole"],
    [JSON.stringify({ ...boot, settings: { ...boot.settings, timeouts: null } }), "settings are not whole"],
  ];
  for (const [json, message] of refused) assertThrows(() => parseToWorker(json), ControlError, message);
});

Deno.test("parseToSupervisor() refuses what is no message", () => {
  const address = boot.settings.listen[0]!;
  const refused: [unknown, string][] = [
    [{ type: "drain" }, 'unknown type "drain"'],
    [{ type: "bootFailed" }, "reason is not text"],
    [{ type: "ready" }, "addresses"],
    [{ type: "ready", addresses: [null] }, "addresses"],
    [{ type: "ready", addresses: [{ ...address, port: "80" }] }, "addresses"],
    [{ type: "ready", addresses: [{ ...address, protocol: "smtp" }] }, "addresses"],
    [{ type: "ready", addresses: [{ protocol: "http", transport: "unix" }] }, "addresses"],
    [{ type: "ready", addresses: [address] }, "waiting is not a list"],
    [{ type: "ready", addresses: [address], waiting: [{ from: "/a" }] }, "to is not text"],
  ];
  for (const [message, reason] of refused) {
    assertThrows(() => parseToSupervisor(JSON.stringify(message)), ControlError, reason);
  }
});
