import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { defaultText } from "../../server/command_table.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import { appName, Refusal, type Surroundings } from "../../server/setting_kinds.ts";
import * as paths from "../../server/path_kinds.ts";
import * as kinds from "../../server/setting_kinds.ts";
import { keysBelow, rowOf, type SettingRow, SETTINGS } from "../../server/settings_table.ts";

const NOWHERE: Surroundings = {
  folder: "/srv",
  look: () => "nothing",
  whyReadOnly: () => undefined,
  env: () => undefined,
};
const scalars = SETTINGS.filter((row): row is SettingRow => "kind" in row);

Deno.test("every key of the table stands once, below a section of the table", () => {
  const keys = SETTINGS.map(({ key }) => key as string);
  assertEquals(new Set(keys).size, keys.length);
  for (const key of keys) {
    assertMatch(key, /^[a-z_]+(\.(\*|[a-z_]+))*$/);
    const parent = key.split(".").slice(0, -1).filter((part) => part !== "*").join(".");
    assert(parent === "" || "section" in rowOf(parent)!, key);
  }
});

Deno.test("every default is a value that its own kind reads", () => {
  for (const row of scalars) {
    if (row.default === undefined) {
      assert("otherwise" in row && row.otherwise !== "", `${row.key} says nothing of what holds without it`);
      continue;
    }
    const text = defaultText(row).replace(/^""$/, "");
    assertEquals(row.kind.parse(text, NOWHERE) as unknown, row.default, row.key);
  }
});

Deno.test("every limit and timeout has a row with its default", () => {
  const defaultsOf = (section: string) =>
    keysBelow(section).map((name) => (rowOf(`${section}.${name}`) as SettingRow).default as unknown);
  assertEquals(new Set(defaultsOf("limits")), new Set(Object.values(DEFAULT_LIMITS)));
  assertEquals(defaultsOf("limits").length, Object.keys(DEFAULT_LIMITS).length);
  assertEquals(keysBelow("timeouts").sort(), Object.keys(DEFAULT_TIMEOUTS).sort());
  for (const [name, value] of Object.entries(DEFAULT_TIMEOUTS)) {
    assertEquals((rowOf(`timeouts.${name}`) as SettingRow).default as unknown, value);
  }
});

Deno.test("every row says what it is and why, in sentences", () => {
  for (const { key, summary, reason } of SETTINGS) {
    assertMatch(summary, /^[A-Z`0-9].*\.$/, key);
    assertMatch(reason, /^[A-Z`0-9].*\.$/, key);
  }
});

Deno.test("keysBelow() gives the keys directly below, also below names and items", () => {
  assertEquals(keysBelow("log"), ["access", "format"]);
  assertEquals(keysBelow("routes.*"), ["host", "path", "app"]);
  assertEquals(keysBelow("").slice(0, 4), ["listen", "workers", "apps", "routes"]);
});

/** Texts that a kind takes, with their values, and texts that it refuses. */
const CASES: [string, kinds.Kind<unknown>, [string, unknown][], string[]][] = [
  ["size", kinds.size([1, 2048]), [["1", 1], ["2KiB", 2048], ["1kB", 1000]], [
    "0",
    "2049",
    "1K",
    "",
    "x",
    "-1",
  ]],
  ["duration", kinds.duration([0, 60_000]), [["0", 0], ["1s500ms", 1500], ["1m", 60_000]], [
    "1",
    "61s",
    "1S",
    "",
  ]],
  ["count", kinds.count([1, 9]), [["1", 1], ["09", 9]], ["0", "10", "1.5", "1e1", "0x1", "", " 1"]],
  ["truth", kinds.truth, [["true", true], ["false", false]], ["yes", "1", "True", ""]],
  ["processes", kinds.processes([0, 4]), [["auto", "auto"], ["0", 0]], ["5", "Auto", "-1", ""]],
  ["fileMode", kinds.fileMode, [["0660", 0o660], ["600", 0o600], ["0o777", 0o777]], [
    "888",
    "66",
    "01777",
    "rw",
  ]],
  ["groupName", kinds.groupName, [["www-data", "www-data"], ["33", "33"]], ["a b", "", "-x"]],
  ["appName", appName, [["a-b_c", "a-b_c"]], ["", "1a", "a.b", "a".repeat(65)]],
  ["hostPattern", kinds.hostPattern, [["EXAMPLE.org.", "example.org"], ["*.x", "*.x"]], [
    "",
    "*",
    "a:1",
    "http://a",
  ]],
  ["pathPrefix", kinds.pathPrefix, [["/", "/"], ["/a/", "/a"]], ["", "a", "//", "/a//", "/a/..", "/?"]],
  ["fieldText", kinds.fieldText, [["", ""], ["a b", "a b"]], [" a", "a ", "é", "a\r\nb", "a".repeat(101)]],
  ["logTarget", paths.logTarget, [["off", "off"], ["stderr", "stderr"]], ["", "stdot", "./x", "/"]],
];

for (const [name, kind, good, bad] of CASES) {
  Deno.test(`${name} reads what it should and refuses the rest`, () => {
    for (const [text, value] of good) assertEquals(kind.parse(text, NOWHERE), value, text);
    for (const text of bad) assertThrows(() => kind.parse(text, NOWHERE), Refusal, undefined, text);
  });
}

Deno.test("moduleFile makes URLs of paths, whatever their characters, and leaves URLs alone", () => {
  const there: Surroundings = { ...NOWHERE, look: () => "file" };
  assertEquals(paths.moduleFile.parse("./a b#c.ts", there), "file:///srv/a%20b%23c.ts");
  assertEquals(paths.moduleFile.parse("file:///x/a%20b.ts", there), "file:///x/a%20b.ts");
  assertEquals(paths.moduleFile.parse("npm:hono@4", there), "npm:hono@4");
});
