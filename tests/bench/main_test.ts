import { assertEquals, assertStringIncludes } from "@std/assert";
import { choosePackages, ROOT } from "../support/packages.ts";
import { PERMISSIONS } from "../support/run_deno.ts";

async function bench(...args: string[]): Promise<{ code: number; text: string }> {
  const { config } = await choosePackages();
  const all = ["run", "-c", config, ...PERMISSIONS, `${ROOT}/bench/main.ts`, ...args];
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: all, stderr: "inherit" }).output();
  return { code, text: new TextDecoder().decode(stdout) };
}

Deno.test("the bench says at once what it cannot do, and ends with exit code 2", async () => {
  const refused = {
    "nothing": 'Unknown bench "nothing": neither a part nor a file\n\nUsage: deno task bench [PART]',
    "bench/micro/nothing.ts": 'Unknown bench "bench/micro/nothing.ts"',
    "startup many": "Cannot measure many rounds: deno task bench startup takes a whole number above 0",
    "--quik": "Unknown flag --quik",
    "load --only helo": 'Unknown scenario "helo"',
    "load --rivals hno": 'Unknown rival "hno"',
  };
  for (const [line, expected] of Object.entries(refused)) {
    const { code, text } = await bench(...line.split(" "));
    assertStringIncludes(text, expected);
    assertEquals(code, 2, line);
  }
});

Deno.test("the bench says what stands in the way of every measurement, and ends with exit code 1", async () => {
  const impossible = {
    "--cores 0:4095": "Cannot run on cores 4095: name others with --cores SERVER:LOAD\n",
    "--compare no-such-commit": "Cannot compare with no-such-commit: git knows no such commit\n",
  };
  for (const [line, expected] of Object.entries(impossible)) {
    const { code, text } = await bench(...line.split(" "), "--only", "echo", "--no-save");
    assertEquals(text, expected);
    assertEquals(code, 1, line);
  }
});

Deno.test("the bench helps, with all of it and with the load bench", async () => {
  for (const line of ["--help", "-h", "calls --help", "startup --help"]) {
    const { code, text } = await bench(...line.split(" "));
    assertStringIncludes(text, "Usage: deno task bench [PART]");
    assertEquals(code, 0, line);
  }
  assertStringIncludes((await bench("load", "--help")).text, "Usage: deno task bench load [FLAGS]");
});
