import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "../../bench/load/options.ts";
import { LIGHTHOUSE_RIVALS } from "../../bench/load/lighthouse.ts";
import { RIVALS } from "../../bench/load/rivals.ts";
import { checkRivals, chooseScenarios } from "../../bench/load/scenarios.ts";

Deno.test("parseOptions() has five rounds of everything as default, and stores the result", () => {
  const { rounds, only, rivals, save, serverCores, loadCores } = parseOptions([])!;
  assertEquals([rounds, only, rivals, save, serverCores, loadCores], [5, [], [], true, "0", "1"]);
});

Deno.test("parseOptions() takes values after a blank or an equals sign; later flags win", () => {
  const { rounds, seconds, only, save } = parseOptions(["--quick", "--rounds=7", "--only", "hello,echo"])!;
  assertEquals([rounds, seconds, only, save], [7, 1, ["hello", "echo"], false]);
});

Deno.test("parseOptions() refuses unknown flags and wrong values, and leaves help to the caller", () => {
  assertThrows(() => parseOptions(["--fast"]), Error, "Unknown flag --fast");
  assertThrows(() => parseOptions(["--rounds", "none"]), Error, "--rounds needs a number above 0, not none");
  assertThrows(() => parseOptions(["--only"]), Error, "--only needs a value");
  assertThrows(() => parseOptions(["--cores", "0"]), Error, "--cores needs SERVER:LOAD, not 0");
  assertThrows(() => parseOptions(["--rounds", "2.5"]), Error, "--rounds needs a whole number, not 2.5");
  assertEquals(parseOptions(["--help"]), undefined);
});

Deno.test("parseOptions() compares with the newest stored result if no other commit is named", () => {
  assertEquals(parseOptions(["--compare"])!.compare, "last");
  const { compare, only } = parseOptions(["--compare", "--only", "echo"])!;
  assertEquals([compare, only], ["last", ["echo"]]);
  assertEquals(parseOptions(["--compare", "HEAD~3"])!.compare, "HEAD~3");
});

Deno.test("parseOptions() stores the result where a folder is given", () => {
  const { save, to } = parseOptions(["--quick", "--to", "here"])!;
  assertEquals([save, to], [true, "here"]);
});

Deno.test("chooseScenarios() takes those of the lighthouse only when they are asked for", () => {
  const isOfLighthouse = ({ name }: { name: string }) => name.startsWith("lighthouse-");
  assertEquals(chooseScenarios([]).filter(isOfLighthouse), []);
  assertEquals(chooseScenarios(["lighthouse"]).every(isOfLighthouse), true);
});

Deno.test("every contender of every scenario is a rival that exists", () => {
  const rivals = { ...RIVALS, ...LIGHTHOUSE_RIVALS };
  for (const { name, contenders } of chooseScenarios([]).concat(chooseScenarios(["lighthouse"]))) {
    assertEquals(contenders.filter(({ rival }) => rivals[rival] === undefined), [], name);
  }
});

Deno.test("chooseScenarios() takes a family by its first word, and names the others when there is none", () => {
  assertEquals(chooseScenarios(["hello"]).map(({ name }) => name), ["hello-64", "hello-512"]);
  assertEquals(chooseScenarios(["hello-512"]).length, 1);
  assertThrows(
    () => chooseScenarios(["hallo"]),
    Error,
    'Unknown scenario "hallo": expected some of hello-64,',
  );
});

Deno.test("checkRivals() takes those of any scenario, and names them all when there is no such one", () => {
  checkRivals(["none", "hono", "php_fpm", "fair", "archangel_fcgi_all"]);
  assertThrows(
    () => checkRivals(["hono", "hno"]),
    Error,
    'Unknown rival "hno": expected some of none, archangel,',
  );
});
