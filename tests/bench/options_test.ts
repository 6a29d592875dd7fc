import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions } from "../../bench/load/options.ts";
import { chooseScenarios } from "../../bench/load/scenarios.ts";

Deno.test("parseOptions() has five rounds of everything as default, and stores the result", () => {
  const { rounds, only, rivals, save, serverCores, loadCores } = parseOptions([])!;
  assertEquals([rounds, only, rivals, save, serverCores, loadCores], [5, [], [], true, "0", "1"]);
});

Deno.test("parseOptions() takes values after a blank or an equals sign; later flags win", () => {
  const { rounds, seconds, only, save, to } = parseOptions(
    ["--quick", "--rounds=7", "--only", "hello,echo", "--to", "here"],
  )!;
  assertEquals([rounds, seconds, only, save, to], [7, 1, ["hello", "echo"], false, "here"]);
});

Deno.test("parseOptions() refuses unknown flags and wrong values, and leaves help to the caller", () => {
  assertThrows(() => parseOptions(["--fast"]), Error, "Unknown flag --fast");
  assertThrows(() => parseOptions(["--rounds", "none"]), Error, "--rounds needs a number above 0, not none");
  assertThrows(() => parseOptions(["--only"]), Error, "--only needs a value");
  assertThrows(() => parseOptions(["--cores", "0"]), Error, "--cores needs SERVER:LOAD, not 0");
  assertEquals(parseOptions(["--help"]), undefined);
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
