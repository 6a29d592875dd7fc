import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { delay } from "../support/delay.ts";
import { choosePackages, ROOT } from "../support/packages.ts";
import { PERMISSIONS, say } from "../support/run_deno.ts";
import { processTree } from "../../bench/load/processes.ts";
import type { RunResult } from "../../bench/load/results.ts";

const hasWrk = await new Deno.Command("wrk", { args: ["-v"] }).output().then(() => true, () => false);
if (!hasWrk) say("wrk is not installed: what needs it is not tested");

/** The driver, with its output up to now. */
class Driver {
  text = "";
  readonly #child: Deno.ChildProcess;
  readonly #chunks: ReadableStreamDefaultReader<string>;

  constructor(config: string, args: readonly string[]) {
    const driver = `${ROOT}/bench/load/driver.ts`;
    const all = ["run", "-c", config, ...PERMISSIONS, driver, ...args];
    this.#child = new Deno.Command(Deno.execPath(), { args: all, stdout: "piped", stderr: "inherit" })
      .spawn();
    this.#chunks = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Reads until a text has come, or the end. */
  async until(text: string): Promise<void> {
    while (!this.text.includes(text)) {
      const { value, done } = await this.#chunks.read();
      if (done) return;
      this.text += value;
    }
  }

  async end(signal: Deno.Signal): Promise<number> {
    this.#child.kill(signal);
    await this.until("\0");
    return (await this.#child.status).code;
  }
}

Deno.test({
  name: "a load bench that is interrupted stores what it has, says what is left, and leaves nothing behind",
  ignore: !hasWrk,
  fn: async () => {
    const { config } = await choosePackages();
    const folder = Deno.makeTempDirSync();
    const flags = ["--only", "hello-512,echo", "--rivals", "none", "--rounds", "99", "--seconds", "0.3"];
    const driver = new Driver(config, [...flags, "--to", folder]);
    await driver.until("round 2:");
    // Archangel is two, Deno.serve is one; with load generators there are more.
    let processes: number[] = [];
    for (const until = Date.now() + 10_000; processes.length < 5 && Date.now() < until;) {
      processes = processTree(driver.pid).slice(1);
    }
    assertEquals(await driver.end("SIGINT"), 130, driver.text);
    const files = [...Deno.readDirSync(folder)].map(({ name }) => name.slice(name.lastIndexOf("."))).sort();
    assertEquals(files, [".json", ".md", ".svg"]);
    const path = driver.text.match(/Stored so far as (\S+\.json)/)![1]!;
    const result: RunResult = JSON.parse(Deno.readTextFileSync(path));
    assertEquals(result.left, ["hello-512", "echo"]);
    assertEquals(result.scenarios.map(({ name }) => name), ["hello-512"]);
    for (const { samples, failure } of result.scenarios[0]!.contenders) {
      assert(samples.length >= 2 && failure === undefined);
    }
    assertStringIncludes(
      Deno.readTextFileSync(path.replace(".json", ".md")),
      "Not finished, or not begun: hello-512, echo.",
    );
    // A large process takes its time to die.
    for (const until = Date.now() + 10_000; processes.some(isRunning) && Date.now() < until;) await delay(20);
    assertEquals(processes.filter(isRunning), []);
    Deno.removeSync(folder, { recursive: true });
  },
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
