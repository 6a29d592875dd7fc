import { assertEquals } from "@std/assert";
import { EXIT } from "../../server/exit_codes.ts";
import { HEAP_FLAG } from "../../server/heap_flag.ts";
import { detectSelf, WORKER_ARGUMENT, workerArguments } from "../../server/spawn.ts";
import { choosePackages } from "../support/packages.ts";
import { processWith } from "../support/granted.ts";
import { settingsFor } from "../support/settings.ts";

const executable = Deno.execPath();

const everything = processWith("read", "write", "net", "env", "run", "sys", "ffi", "import");

Deno.test("detectSelf() runs the worker module beside it, from a file and from a URL", () => {
  for (const root of ["file:///srv/archangel/", "https://example.org/archangel@1.0.0/"]) {
    const self = detectSelf(`${root}server/spawn.ts`, false);
    assertEquals(self, { executable, module: `${root}server/worker_main.ts`, args: [] });
  }
});

Deno.test("detectSelf() runs a single-file bundle again and tells it to be a worker", () => {
  const url = "https://example.org/archangel.js";
  assertEquals(detectSelf(url, false), { executable, module: `${url}#worker`, args: [WORKER_ARGUMENT] });
});

Deno.test("detectSelf() runs a compiled binary again and tells it to be a worker", () => {
  const self = detectSelf("file:///tmp/deno-compile-archangel/archangel/server/spawn.ts", true);
  assertEquals(self, { executable, module: undefined, args: [WORKER_ARGUMENT] });
  assertEquals(workerArguments(self, settingsFor(), everything), [WORKER_ARGUMENT]);
});

Deno.test("the program takes the word that tells it to be a worker", async () => {
  const module = new URL("../../mod.ts", import.meta.url).href;
  const { config: denoConfig } = await choosePackages();
  const self = { executable, module, args: [WORKER_ARGUMENT] };
  const args = workerArguments(self, settingsFor({ denoConfig }));
  const { code, stderr } = await new Deno.Command(executable, { args, stdin: "null" }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(code, EXIT.failure, "without a supervisor it ends at once");
});

Deno.test("workerArguments() always passes --unstable-net and never prompts", () => {
  const self = { executable, module: "https://example.org/archangel.js", args: [WORKER_ARGUMENT] };
  assertEquals(workerArguments(self, settingsFor({ denoConfig: "/srv/deno.json" }), everything), [
    "run",
    "--no-prompt",
    "--unstable-net",
    HEAP_FLAG,
    "-c",
    "/srv/deno.json",
    "-A",
    "https://example.org/archangel.js",
    WORKER_ARGUMENT,
  ]);
});
