/**
 * Golden files: `tests/corpus/config/valid/NAME.yaml` beside the settings that it means, and
 * `broken/NAME.yaml` beside the exact text that is shown for it. After a wanted change they are
 * written anew with GOLDEN=write in the environment, and their diff is read.
 */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { loadConfig, parseConfig } from "../../server/config.ts";
import { ConfigError } from "../../server/errors.ts";
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import type { Surroundings } from "../../server/setting_kinds.ts";
import { CONFIG_DOCS, renderConfigDocs } from "../support/config_docs.ts";
import { Random } from "../support/random.ts";

const ROOT = new URL("../../", import.meta.url);
const CORPUS = new URL("tests/corpus/config/", ROOT);

const DISK: Record<string, "file" | "folder" | "denied" | "locked"> = {
  "/srv": "folder",
  "/srv/app.ts": "file",
  "/srv/public": "folder",
  "/srv/deno.json": "file",
  "/srv/secret.ts": "denied",
  "/srv/private": "locked",
};
const ENVIRONMENT: Record<string, string> = { PORT: "8080", WORKERS: "4", EMPTY: "" };

/** A machine that never changes. */
const SRV: Surroundings = {
  folder: "/srv",
  look: (path) => Object.hasOwn(DISK, path) ? DISK[path]! : "nothing",
  whyReadOnly: (path) => path === "/srv/app.ts" ? "Permission denied" : undefined,
  env: (name) => Object.hasOwn(ENVIRONMENT, name) ? ENVIRONMENT[name] : undefined,
};

function corpus(folder: string): string[] {
  const entries = [...Deno.readDirSync(new URL(folder, CORPUS))].map(({ name }) => name);
  return entries.filter((name) => name.endsWith(".yaml")).sort();
}

function readText(path: string): string {
  return Deno.readTextFileSync(new URL(path, CORPUS));
}

function assertGolden(path: string, text: string): void {
  if (Deno.env.get("GOLDEN") === "write") Deno.writeTextFileSync(new URL(path, CORPUS), text);
  assertEquals(text, readText(path));
}

function problemsOf(run: () => unknown): ConfigError {
  return assertThrows(run, ConfigError);
}

/** The words of the YAML parser are its own, and the stand-in's differ; the place is ours. */
function withoutParserWords(text: string): string {
  return text.replace(/(this is not YAML: )(?!a control|a tab)[^;\n]*/, "$1…");
}

for (const name of corpus("valid/")) {
  Deno.test(`parseConfig() reads ${name}`, () => {
    const settings = parseConfig(name, readText(`valid/${name}`), SRV);
    assertGolden(`valid/${name.replace(/yaml$/, "json")}`, JSON.stringify(settings, null, 2) + "\n");
  });
}

for (const name of corpus("broken/")) {
  Deno.test(`parseConfig() shows everything that is wrong in ${name}`, () => {
    const error = problemsOf(() => parseConfig(name, readText(`broken/${name}`), SRV));
    assertGolden(`broken/${name.replace(/yaml$/, "txt")}`, withoutParserWords(error.message) + "\n");
  });
}

Deno.test("the corpus was found", () => {
  assert(corpus("valid/").length >= 5 && corpus("broken/").length >= 15);
});

Deno.test("parseConfig() puts the defaults of limits.ts where nothing is said", () => {
  const settings = parseConfig("a.yaml", "apps: { hello: ./app.ts }", SRV);
  assertEquals(settings.limits, DEFAULT_LIMITS);
  assertEquals(settings.timeouts, DEFAULT_TIMEOUTS);
  assertEquals(settings.workers, navigator.hardwareConcurrency);
});

Deno.test("parseConfig() says of each problem which key it is about, and where", () => {
  const [problem] =
    problemsOf(() => parseConfig("a.yaml", "apps: { x: ./app.ts }\nlimits: { bodi: 1 }", SRV)).problems;
  assertEquals([problem?.key, problem?.line, problem?.column], ["limits.bodi", 2, 11]);
});

Deno.test("parseConfig() bounds the wire by the largest body that any app takes", () => {
  const apps = "apps: { small: { twig: ./app.ts, body: 1KiB }, large: { twig: ./app.ts, body: 1GiB } }";
  const routes = "routes: [{ app: small }, { path: /up, app: large }]";
  const settings = parseConfig("a.yaml", `${apps}\n${routes}`, SRV);
  assertEquals(settings.limits.bodyBytes, 2 ** 30);
  assertEquals(settings.apps["small"]?.bodyBytes, 1024);
});

Deno.test("loadConfig() lets values override the file, and lists as a whole", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/app.ts`, "");
    const file = `${folder}/a.yaml`;
    Deno.writeTextFileSync(file, "listen: [http://a:1, http://b:2]\nworkers: 3\napps: { x: ./app.ts }\n");
    const settings = loadConfig({ file, values: { listen: ["http://c:3"], workers: 2 } });
    assertEquals(settings.listen.map((address) => address.transport === "tcp" && address.hostname), ["c"]);
    assertEquals(settings.workers, 2);
    assertEquals(settings.source, file);
    assertEquals(settings.apps["x"]?.location, new URL(`file://${folder}/app.ts`).href);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("loadConfig() takes plain values without a file, numbers and booleans as such", () => {
  const values = {
    apps: { x: "npm:x" },
    server_name: "${X}",
    workers: 0,
    development: true,
    limits: { body: 1024 },
  };
  const settings = loadConfig({ values });
  assertEquals([settings.workers, settings.development, settings.limits.bodyBytes], [0, true, 1024]);
  assertEquals([settings.apps["x"]?.kind, settings.serverName], ["auto", "${X}"]);
  const error = problemsOf(() => loadConfig({ values: { ...values, worker: 1 }, valuesName: "serve()" }));
  assertEquals(error.message, 'serve(): unknown key "worker"; did you mean "workers"?');
});

Deno.test("loadConfig() says so if the file is not there, is a folder, or is no text", () => {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeFileSync(`${folder}/latin1.yaml`, new Uint8Array([0x61, 0x3a, 0x20, 0xe9]));
    const messageOf = (file: string) => problemsOf(() => loadConfig({ file })).problems[0]?.message;
    assertEquals(messageOf(`${folder}/none.yaml`), "there is no such file");
    assertEquals(messageOf(folder), "this is a folder, not a config file");
    assertEquals(messageOf(`${folder}/latin1.yaml`), "this is not UTF-8 text");
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("archangel.yaml is valid, and its limits, timeouts and log are the defaults", () => {
  const text = Deno.readTextFileSync(new URL("archangel.yaml", ROOT));
  const settings = parseConfig("archangel.yaml", text, {
    ...SRV,
    folder: ROOT.pathname,
    env: () => undefined,
    look,
  });
  assertEquals(settings.limits, DEFAULT_LIMITS);
  assertEquals(settings.timeouts, DEFAULT_TIMEOUTS);
  assertEquals(settings.log, { access: "stdout", format: "auto" });
  assertEquals(settings.listen, [{ protocol: "http", transport: "tcp", hostname: "127.0.0.1", port: 8000 }]);
  assertEquals(settings.development, false);
  assertEquals(settings.workers, navigator.hardwareConcurrency);
});

function look(path: string): "file" | "folder" {
  return Deno.statSync(path).isFile ? "file" : "folder";
}

Deno.test("docs/config.md is what the settings table says", () => {
  const remedy = "run deno run -A --no-config tests/support/config_docs.ts";
  assertEquals(Deno.readTextFileSync(CONFIG_DOCS), renderConfigDocs(), remedy);
});

Deno.test("the config in docs/config.md is valid", () => {
  const yaml = /```yaml\n([^]*?)```/.exec(renderConfigDocs())![1]!;
  const everywhere = (path: string) => /\.\w+$/.test(path) ? "file" : "folder";
  parseConfig("docs.yaml", yaml, { ...SRV, env: () => undefined, look: everywhere });
});

Deno.test("parseConfig() throws nothing but ConfigError, whatever the text", () => {
  const seeds = [
    ...corpus("valid/").map((name) => `valid/${name}`),
    ...corpus("broken/").map((name) => `broken/${name}`),
  ];
  const texts = seeds.map(readText);
  const pieces = [
    " ",
    "\n",
    "\t",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "!!x ",
    "|",
    ">",
    "#",
    "'",
    '"',
    "? ",
  ]
    .concat([
      "\0",
      "\ufeff",
      "\ud800",
      "%",
      "---\n",
      "...\n",
      "${",
      "apps:",
      "1e999",
      "<<: *a",
      "\\x",
      ",",
      "__proto__: ",
    ]);
  const random = new Random(7);
  for (let run = 0; run < 4000; run++) {
    let text = random.pick(texts);
    for (let edits = 1 + random.below(4); edits > 0; edits--) {
      const at = random.below(text.length + 1);
      text = text.slice(0, at) + random.pick(pieces) + text.slice(at + random.below(6));
    }
    try {
      parseConfig("fuzz.yaml", text, SRV);
    } catch (error) {
      assertInstanceOf(error, ConfigError, `seed 7, run ${run}: ${error}\n${text}`);
      for (const { line, column, report } of error.problems) {
        assert(
          line >= 1 && column >= 1 && line <= text.split("\n").length,
          `seed 7, run ${run}: ${report}\n${text}`,
        );
      }
    }
  }
});

Deno.test("parseConfig() survives what is nested too deep or goes in circles", () => {
  const texts = ["[".repeat(100_000), "a: ".repeat(1000), "- ".repeat(100_000), "{a: ".repeat(50_000)];
  texts.push("apps: &a { x: *a }", "apps: &a\n  x: *a\n", "a: &a [*a, *a]\napps: *a");
  for (const text of texts) problemsOf(() => parseConfig("deep.yaml", text, SRV));
});
