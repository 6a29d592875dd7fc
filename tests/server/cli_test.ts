/**
 * The command line: what it prints and how it ends, in this process where that is enough, and as a
 * real process where the exit code or a signal is the point.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { main } from "../../server/cli.ts";
import { COMMANDS, flagsOf } from "../../server/command_table.ts";
import type { Terminal } from "../../server/terminal.ts";
import { VERSION } from "../../server/version.ts";
import { choosePackages } from "../support/packages.ts";
import { freePort } from "../support/ports.ts";

const CLI = new URL("../../server/cli.ts", import.meta.url).pathname;

const APP = `export default (request, response) => {
  response.start(Number(request.query) || 200, { "content-type": "text/plain", "x-method": request.method });
  return \`\${request.host} \${request.scriptName}|\${request.pathInfo}\\n\`;
};`;
const FETCH_APP = `export default {
  fetch: async (request) => new Response(request.method + " " + await request.text() + " " +
    request.headers.get("content-type") + " " + request.headers.get("x-a")),
};`;
const CONFIG = `listen: [http://127.0.0.1:8000, "fcgi://127.0.0.1:9000"]
workers: 1
apps:
  hello: { twig: ./app.js }
  api: { fetch: ./api.js, body: 1KiB }
routes:
  - { path: /hello, app: hello }
  - { host: api.localhost, app: api }
  - { path: /api, app: api }
`;

/** A folder with a config and two apps; removed afterwards. */
class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "archangel_cli_" });
  readonly config = `${this.path}/archangel.yaml`;

  constructor(files: Record<string, string> = {}) {
    const all = { "archangel.yaml": CONFIG, "app.js": APP, "api.js": FETCH_APP, ...files };
    for (const [name, text] of Object.entries(all)) Deno.writeTextFileSync(`${this.path}/${name}`, text);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs a command line in this process. */
async function run(...args: string[]): Promise<Outcome> {
  let [out, error] = ["", ""];
  const terminal: Terminal = {
    out: (text) => out += `${text}\n`,
    bytes: (bytes) => out += new TextDecoder().decode(bytes),
    error: (text) => error += `${text}\n`,
    colour: false,
  };
  const code = await main(args, terminal);
  return { code, out, error };
}

/** The arguments of Deno for the command line as a process of its own. */
async function command(...args: string[]): Promise<string[]> {
  const { config } = await choosePackages();
  return ["run", "-A", "--unstable-net", "-c", config, CLI, ...args];
}

/** Runs a command line as a process, in a folder. */
async function spawn(folder: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: await command(...args),
    cwd: folder,
    env,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code: output.code, out: decoder.decode(output.stdout), error: decoder.decode(output.stderr) };
}

Deno.test("--help shows every command, and --help of a command every flag with its default", async () => {
  const overview = await run("--help");
  assertEquals(overview.code, 0);
  for (const spec of COMMANDS) {
    assertStringIncludes(overview.out, `  ${spec.name} `);
    const help = await run(spec.name, "--help");
    assertEquals(help.code, 0);
    for (const { name, otherwise } of flagsOf(spec)) {
      assertStringIncludes(help.out, `--${name}`);
      if (otherwise !== undefined) assertStringIncludes(help.out, `default: ${otherwise}`);
    }
  }
  assertMatch((await run("serve", "--help")).out, /--workers N +.* \[default: auto\]/);
});

Deno.test("help is another way to write --help", async () => {
  assertEquals(await run("help"), await run("--help"));
  assertEquals(await run("help", "fetch"), await run("fetch", "--help"));
});

Deno.test("--version shows the version", async () => {
  assertEquals((await run("--version")).out, `archangel ${VERSION} (deno ${Deno.version.deno})\n`);
});

const USAGE_ERRORS: Record<string, string> = {
  "srve": 'Unknown command "srve"; did you mean "serve"?',
  "zzzzzz": 'Unknown command "zzzzzz": expected serve, check',
  "--wrokers 2": 'Unknown flag --wrokers for serve; did you mean "--workers"?',
  "check --include": "Unknown flag --include for check; it belongs to fetch",
  "init --workers 2": "Unknown flag --workers for init; it belongs to serve, check",
  "check -Z": "Unknown flag -Z for check",
  "--workers": "Flag --workers needs a value: --workers N",
  "--config=": "Flag --config needs a value: --config FILE",
  "--development=0": 'Flag --development is true or false, got "0": write --development alone, or',
  "check --development= ./x.ts": "or --development=false\nSee archangel check --help",
  "fetch / -i=yes": 'Flag --include is true or false, got "yes"',
  "check a b": 'Unexpected argument "b" for check',
  "check ./x.ts --config a.yaml": "Cannot serve ./x.ts with --config: name one of them",
  "check ./a.yaml": "./a.yaml is a config: give it with --config",
  "check ./x.ts --workers many": '--workers must be auto or a whole number, from 0 to 1024, got "many"',
  "--workers -1": '--workers must be from 0 to 1024, got "-1"',
  "check ./x.ts --workers -0.5": '--workers must be auto or a whole number, from 0 to 1024, got "-0.5"',
  "--workers -x": "Unknown flag -x for serve",
  "check ./x.ts --listen ftp://x": "--listen must begin with http://",
  "check ./x.ts --deno-config /nowhere.json": "--deno-config does not exist: /nowhere.json",
  "./nowhere": "There is no folder or module ./nowhere\nSee archangel serve --help",
  "fetch / ./nowhere.ts": "There is no folder or module ./nowhere.ts\nSee archangel fetch --help",
  "--port 3000": "Unknown flag --port for serve; write --listen http://HOST:PORT\nSee archangel serve --help",
  "help srve": 'Unknown command "srve"; did you mean "serve"?\nSee archangel --help',
  "explain": "Nothing to explain: name a URL",
  "fetch": "Nothing to fetch: name a URL",
};

for (const [line, message] of Object.entries(USAGE_ERRORS)) {
  Deno.test(`"archangel ${line}" is a usage error: exit code 2`, async () => {
    const { code, out, error } = await run(...line.split(" "));
    assertStringIncludes(error, message);
    assertEquals([code, out], [2, ""]);
  });
}

Deno.test("--development turns development on, =false off, whatever the config says, and the last one counts", async () => {
  using folder = new Folder({ "archangel.yaml": `${CONFIG}development: true\n` });
  const development = async (...flags: string[]) => {
    const { out } = await run("check", "--json", "--config", folder.config, ...flags);
    return JSON.parse(out).settings.development;
  };
  assertEquals(await development(), true);
  assertEquals(await development("--development=false"), false);
  assertEquals(await development("--development=true"), true);
  assertEquals(await development("--development", "--development=false"), false);
  Deno.writeTextFileSync(folder.config, CONFIG);
  assertEquals(await development("--development=false", "--development"), true);
});

Deno.test("check prints a summary and ends with 0 if all is well", async () => {
  using folder = new Folder();
  const { code, out, error } = await run("check", "--config", folder.config);
  assertEquals([code, error], [0, ""]);
  assertMatch(out, /^listen +http:\/\/127\.0\.0\.1:8000$/m);
  assertMatch(out, /^app +hello \(twig \.\/app\.js\) loaded in \d+ ms$/m);
  assertMatch(out, /^route +api\.localhost\/ -> api$/m);
  assertMatch(
    out,
    /^needs +--allow-read=\S+ --allow-net=127\.0\.0\.1:8000,127\.0\.0\.1:9000 --allow-run=\S+$/m,
  );
  assertMatch(out, /archangel\.yaml is fine\n$/);
});

Deno.test("check shows every problem of the config and ends with 1", async () => {
  using folder = new Folder({ "archangel.yaml": "worker: 3\napps: { a: ./app.js }\nlog: { format: jsn }\n" });
  const { code, out, error } = await run("check", "--config", folder.config);
  const lines = error.replaceAll(folder.config, "archangel.yaml").split("\n");
  assertEquals([code, out], [1, ""]);
  assertEquals(lines.slice(0, 3), [
    'archangel.yaml:1:1: unknown key "worker"; did you mean "workers"?',
    "  1 | worker: 3",
    "    | ^^^^^^",
  ]);
  assertEquals(lines.at(-2), "2 problems");
});

Deno.test("what a config file lacks is told of the file, not of the command line", async () => {
  using folder = new Folder({ "archangel.yaml": "workers: 1\n" });
  const { error } = await run("check", "--workers", "2", "--config", folder.config);
  assertStringIncludes(error, "archangel.yaml:1:1: there are no apps");
});

Deno.test("check loads every app for real, and says which one fails, from which file, and why", async () => {
  using folder = new Folder({ "api.js": 'throw new Error("no database");' });
  const { code, out, error } = await run("check", "--config", folder.config);
  assertEquals(code, 1);
  assertMatch(error, /Cannot load app "api" from file:.*api\.js: no database/);
  assertMatch(out, /hello .*loaded in/);
  assertMatch(out, /1 of 2 apps failed to load\n$/);
});

Deno.test("check gives an app that never finishes loading up after timeouts.boot", async () => {
  const endless = "await new Promise(() => setInterval(() => {}, 1000));";
  using folder = new Folder({ "api.js": endless, "archangel.yaml": `${CONFIG}timeouts: { boot: 1s }\n` });
  const { code, error } = await spawn(folder.path, ["check"]);
  assertEquals(code, 1);
  assertStringIncludes(error, "not done within 1s");
});

Deno.test("an app that ends the process while it is imported fails by name, in check and in fetch", async () => {
  using folder = new Folder({
    "api.js": "import process from 'node:process'; process.exit(0);",
    "app.js": "Deno.exit(0);",
  });
  const check = await spawn(folder.path, ["check"]);
  assertEquals(check.code, 1);
  assertMatch(check.error, /Cannot load app "api" from .*api\.js: it calls Deno\.exit\(0\), which would end/);
  assertMatch(check.error, /Cannot load app "hello" from .*app\.js: it calls Deno\.exit\(0\)/);
  assertMatch(check.out, /2 of 2 apps failed to load\n$/);
  const fetched = await spawn(folder.path, ["fetch", "/hello"]);
  assertEquals(fetched.code, 1);
  assertMatch(fetched.error, /Cannot load app "hello" from .*app\.js: it calls Deno\.exit\(0\)/);
});

Deno.test("a switch that is off stays off in the process that has the deno.json of the apps", async () => {
  const deno = JSON.stringify(await offlineImports());
  using folder = new Folder({ "deno.json": deno, "archangel.yaml": `${CONFIG}development: true\n` });
  const { out } = await spawn(folder.path, ["check", "--json", "--development=false"]);
  assertEquals(JSON.parse(out).settings.development, false);
});

Deno.test("check --json tells tools the same", async () => {
  using folder = new Folder();
  const good = JSON.parse((await run("check", "--json", "--config", folder.config)).out);
  assertEquals([good.ok, good.apps.length, good.settings.workers], [true, 2, 1]);
  Deno.writeTextFileSync(folder.config, `worker: 3\n${CONFIG}`);
  const bad = JSON.parse((await run("check", "--json", "--config", folder.config)).out);
  assertEquals([bad.ok, bad.problems[0].key, bad.problems[0].line], [false, "worker", 1]);
});

for (const command of ["check", "fetch"]) {
  Deno.test(`${command} loads apps under the deno.json that deno_config names, or that is beside the config`, async () => {
    using folder = new Folder({
      "api.js": 'import { answer } from "somewhere"; export default { fetch: () => new Response(answer) };',
      "somewhere.js": 'export const answer = "42\\n";',
    });
    const config = { ...await offlineImports(), imports: { somewhere: `${folder.path}/somewhere.js` } };
    Deno.writeTextFileSync(`${folder.path}/other.json`, JSON.stringify(config));
    const args = command === "check" ? ["check"] : ["fetch", "/api"];
    const without = await spawn(folder.path, args);
    assertEquals(without.code, 1);
    assertStringIncludes(without.error, "somewhere");
    const named = await spawn(folder.path, [...args, "--deno-config", "other.json"]);
    assertEquals([named.code, named.error], [0, ""]);
    assertMatch(named.out, /is fine\n$|^42\n$/);
    Deno.renameSync(`${folder.path}/other.json`, `${folder.path}/deno.json`);
    const beside = await spawn(folder.path, args);
    assertEquals([beside.code, beside.error], [0, ""]);
    assertMatch(beside.out, /is fine\n$|^42\n$/);
  });
}

/** The stand-ins, where this machine needs them. */
async function offlineImports(): Promise<Record<string, unknown>> {
  const { config } = await choosePackages();
  const { links } = JSON.parse(Deno.readTextFileSync(config));
  return links === undefined ? {} : { links };
}

Deno.test("explain names listener, route, app, both parts of the path, and limits", async () => {
  using folder = new Folder();
  const { code, out } = await run("explain", "/api/notes?x=1", "--config", folder.config);
  assertEquals(code, 0);
  const rows = Object.fromEntries(out.trimEnd().split("\n").map((line) => line.split(/ {2,}| (?=")/)));
  assertEquals(rows["listener"], "http://127.0.0.1:8000");
  assertEquals(rows["route"], "every host, /api");
  assertMatch(rows["app"]!, /^api \(fetch \.\/api\.js\)$/);
  assertMatch(out, /^scriptName +"\/api"$/m);
  assertMatch(out, /^pathInfo +"\/notes"$/m);
  assertMatch(rows["limits"]!, /^body 1KiB, head 32KiB/);
});

Deno.test("explain shows an app whose kind is found out, and one far from its config, by their paths", async () => {
  using folder = new Folder();
  using other = new Folder({ "archangel.yaml": `apps: { far: ${folder.path}/app.js }` });
  const app = async (...args: string[]) => /^app +(.*)$/m.exec((await run("explain", "/", ...args)).out)?.[1];
  assertEquals(await app("--config", other.config), `far (${folder.path}/app.js)`);
  assertEquals(await app(`${folder.path}/app.js`), `app (${folder.path}/app.js)`);
  Deno.writeTextFileSync(other.config, "apps: { near: ./api.js }");
  assertEquals(await app("--config", other.config), "near (./api.js)");
  assertMatch((await spawn(other.path, ["explain", "/", "app.js"])).out, /^app +app \(\.\/app\.js\)$/m);
});

Deno.test("explain asks the router for hosts, and says what nobody would serve", async () => {
  using folder = new Folder();
  const explain = (url: string) => run("explain", url, "--config", folder.config);
  assertMatch((await explain("http://api.localhost:8000/x")).out, /^route +api\.localhost, \/$/m);
  const nobody = await explain("http://127.0.0.1:8000/nowhere");
  assertEquals(nobody.code, 1);
  assertMatch(nobody.out, /^answer +404 Not Found$/m);
  assertEquals((await explain("not a url")).code, 2);
  Deno.writeTextFileSync(folder.config, "listen: http://127.0.0.1:8000\napps: { hello: ./app.js }");
  const elsewhere = await explain("http://127.0.0.1:81/hello");
  assertEquals(elsewhere.code, 1);
  assertMatch(elsewhere.out, /^listener +none takes 127\.0\.0\.1 port 81$/m);
});

Deno.test("explain counts listeners that only a front end reaches, unless an HTTP listener has the URL's port", async () => {
  using folder = new Folder();
  const explain = async (listen: string, url: string) => {
    Deno.writeTextFileSync(folder.config, `listen: [${listen}]\nworkers: 0\napps: { hello: ./app.js }`);
    const { code, out } = await run("explain", url, "--config", folder.config);
    return [code, /^listener +(.*)$/m.exec(out)?.[1]];
  };
  const [http, fcgi, outside] = [
    "http://127.0.0.1:8000",
    "fcgi://127.0.0.1:9000",
    "https://api.example.org/x",
  ];
  const behind = `${fcgi}, through a front end`;
  assertEquals(await explain(fcgi, outside), [0, behind]);
  assertEquals(await explain(fcgi, "/x"), [0, behind]);
  assertEquals(await explain(`${http}, ${fcgi}`, outside), [0, behind]);
  assertEquals(await explain(`${http}, ${fcgi}`, "http://127.0.0.1:8000/x"), [0, http]);
  assertEquals(await explain(`${http}, ${fcgi}`, "http://127.0.0.1:9000/x"), [0, behind]);
  assertEquals(await explain("http+unix:/run/a.sock, fcgi+unix:/run/b.sock", outside), [
    0,
    "http+unix:/run/a.sock or fcgi+unix:/run/b.sock, through a front end",
  ]);
  assertEquals(await explain("fcgi+fd:0", outside), [0, "fcgi+fd:0, through a front end"]);
  assertEquals(await explain(`${fcgi}, http+fd:0`, outside), [0, `http+fd:0 or ${behind}`]);
});

Deno.test("explain loads no app", async () => {
  using folder = new Folder({ "app.js": 'throw new Error("loaded");' });
  assertEquals((await run("explain", "/hello", "--config", folder.config)).code, 0);
});

Deno.test("fetch runs a request through the whole server and prints the answer", async () => {
  using folder = new Folder();
  const fetch = (...args: string[]) => run("fetch", ...args, "--config", folder.config);
  assertEquals(await fetch("/hello/you"), { code: 0, out: "localhost:8000 /hello|/you\n", error: "" });
  assertEquals((await fetch("http://a.example:81/hello")).out, "a.example:81 /hello|\n");
  const missing = await fetch("/nowhere");
  assertEquals([missing.code, missing.out.includes("Not Found")], [1, true]);
});

Deno.test("explain and fetch take the path as it is given, dot segments and doubled slashes included", async () => {
  using folder = new Folder({
    "app.js": "export default ({ scriptName, pathInfo, query }) => `${scriptName}|${pathInfo}|${query}`;",
  });
  const paths: Record<string, string> = {
    "/hello/../api//x/./%2e?a=/../b": "/hello|/../api//x/./%2e|a=/../b",
    "/hello/a b#top": "/hello|/a%20b|",
  };
  for (const [path, parts] of Object.entries(paths)) {
    for (const url of [path, `http://localhost:8000${path}`]) {
      const explained = await run("explain", url, "--config", folder.config);
      const values = [...explained.out.matchAll(/^(?:scriptName|pathInfo|query) +"(.*)"$/gm)].map((m) =>
        m[1]
      );
      assertEquals([explained.code, values.join("|")], [0, parts], url);
      const fetched = await run("fetch", url, "--config", folder.config);
      assertEquals(fetched, { code: 0, out: parts, error: "" }, url);
    }
  }
});

Deno.test("fetch ends with 3 if one app, or several, cannot be loaded that have to be there at the start", async () => {
  const broken = "data:text/javascript,throw new Error('broken')";
  const app = (name: string) => `  ${name}: { twig: "${broken}", preload: true }\n`;
  const routes = "workers: 1\nroutes: [{ path: /, app: one }]\n";
  using folder = new Folder({ "archangel.yaml": `${routes}apps:\n${app("one")}` });
  const fetch = () => run("fetch", "/", "--config", folder.config);
  const one = await fetch();
  assertEquals(one.code, 3);
  assertMatch(one.error, /^archangel: Cannot load app "one" from .*: broken/);
  Deno.writeTextFileSync(folder.config, app("two"), { append: true });
  const two = await fetch();
  assertEquals(two.code, 3);
  assertMatch(
    two.error,
    /^archangel: Cannot load 2 apps\nCannot load app "one".*\n(.*\n)*Cannot load app "two"/,
  );
});

Deno.test("fetch -i shows the head, -X, -H and -d make the request", async () => {
  using folder = new Folder();
  const fetch = (...args: string[]) => run("fetch", ...args, "--config", folder.config);
  const head = await fetch("/hello?201", "-i", "-X", "HEAD");
  assertMatch(head.out, /^HTTP\/1\.1 201 Created\n(.+\n)*x-method: HEAD\n(.+\n)*\n$/);
  assertEquals((await fetch("/api", "-d", "text")).out, "POST text application/x-www-form-urlencoded null");
  const own = await fetch("/api", "-X", "PUT", "-d", "{}", "-H", "content-type: a/b", "-H", "X-A: c d");
  assertEquals(own.out, "PUT {} a/b c d");
  Deno.writeTextFileSync(`${folder.path}/data`, "from a file");
  assertMatch((await fetch("/api", "-d", `@${folder.path}/data`)).out, /^POST from a file /);
  assertEquals((await fetch("/hello", "-H", "host: b.example")).out, "b.example /hello|\n");
});

Deno.test("fetch refuses what would be no request", async () => {
  using folder = new Folder();
  const fetch = (...args: string[]) => run("fetch", "/", ...args, "--config", folder.config);
  for (const args of [["-X", "A B"], ["-H", "no colon"], ["-H", "a: b\r\nc: d"], ["-d", "@/nowhere"]]) {
    assertEquals((await fetch(...args)).code, 2, args.join(" "));
  }
});

Deno.test("a module and a folder can be named instead of a config", async () => {
  using folder = new Folder({ "index.html": "<p>hi" });
  assertEquals((await run("fetch", "/a", `${folder.path}/app.js`)).out, "localhost:8000 |/a\n");
  assertMatch((await run("fetch", "/", `${folder.path}/api.js`)).out, /^GET /);
  Deno.removeSync(folder.config);
  assertMatch((await run("explain", "/", folder.path)).out, /^app +\S+ \(static \/.*\)$/m);
});

Deno.test("a folder that has a config is not served as files", async () => {
  using folder = new Folder();
  for (const [command, ...args] of [["serve"], ["check"], ["explain", "/"], ["fetch", "/app.js"]]) {
    const { code, error } = await run(command!, ...args, `${folder.path}/`);
    assertEquals(code, 2, command);
    const suggested = ["archangel", command === "serve" ? "" : command, ...args].filter(Boolean).join(" ");
    assertStringIncludes(
      error,
      `${folder.path}/ has an archangel.yaml: run ${suggested} --config ${folder.config}`,
    );
  }
});

Deno.test("init writes a config and an app that work, and never overwrites", async () => {
  using folder = new Folder();
  const path = `${folder.path}/new/site`;
  assertEquals((await run("init", path)).code, 0);
  const config = `${path}/archangel.yaml`;
  const check = await run("check", "--config", config);
  assertEquals([check.code, check.error], [0, ""]);
  assertMatch((await run("fetch", "/you", "--config", config)).out, /^Hello from Archangel.*\/you\n$/);

  Deno.writeTextFileSync(config, "mine");
  const again = await run("init", path);
  assertEquals(again.code, 1);
  assertStringIncludes(again.error, "archangel.yaml: it is there already");
  assertEquals(Deno.readTextFileSync(config), "mine");
});

Deno.test("the settings that init shows as comments are valid, and the defaults", async () => {
  using folder = new Folder();
  const path = `${folder.path}/new`;
  await run("init", path);
  const config = `${path}/archangel.yaml`;
  const settings = async () => JSON.parse((await run("check", "--json", "--config", config)).out).settings;
  const before = await settings();
  const text = Deno.readTextFileSync(config).replace(
    /^# (?=(workers|limits|timeouts|log|development):)/gm,
    "",
  );
  assert(text.includes("\ntimeouts: {"));
  Deno.writeTextFileSync(config, text);
  assertEquals(await settings(), before);
});

Deno.test("without a config and a target there is nothing to serve, and it says what to do", async () => {
  using folder = new Folder();
  Deno.removeSync(folder.config);
  const { code, error } = await spawn(folder.path, []);
  assertEquals(code, 2);
  assertStringIncludes(error, "There is no archangel.yaml in this folder");
});

Deno.test("serve ends with 4 and shows every problem if the config is wrong; no colour in a pipe", async () => {
  using folder = new Folder({ "archangel.yaml": "worker: 3\nrouts: []\napps: { a: ./app.js }\n" });
  const { code, out, error } = await spawn(folder.path, []);
  assertEquals([code, out], [4, ""]);
  assertMatch(error, /^archangel\.yaml:1:1: .*\n.*\n.*\narchangel\.yaml:2:1: /);
  assertEquals(error.includes("\x1b"), false);
});

/** Reads until a text has come. */
async function readUntil(stream: ReadableStream<Uint8Array>, wanted: string): Promise<string> {
  let text = "";
  for await (const bytes of stream.values({ preventCancel: true })) {
    text += new TextDecoder().decode(bytes);
    if (text.includes(wanted)) return text;
  }
  throw new Error(`It never said "${wanted}":\n${text}`);
}

for (const workers of ["0", "1"]) {
  Deno.test(`a module is served with no config at all, with ${workers} workers, until TERM`, async () => {
    using folder = new Folder();
    const port = freePort();
    // Where stand-ins are needed, the workers need them, too.
    const { config } = await choosePackages();
    const flags = ["--listen", `http://127.0.0.1:${port}`, "--workers", workers, "--deno-config", config];
    const child = new Deno.Command(Deno.execPath(), {
      args: await command("./app.js", ...flags),
      cwd: folder.path,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    try {
      await readUntil(child.stderr, "serving");
      const answer = await fetch(`http://127.0.0.1:${port}/x`);
      assertEquals(await answer.text(), `127.0.0.1:${port} |/x\n`);
      child.kill("SIGTERM");
      assertEquals((await child.status).code, 0);
    } finally {
      await child.stderr.cancel();
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended, as it should.
      }
      await child.status;
    }
  });
}

Deno.test("a module that is named and cannot be loaded stops the start", async () => {
  using folder = new Folder({ "app.js": 'throw new Error("no database");' });
  const { config } = await choosePackages();
  for (const workers of ["0", "1"]) {
    const flags = ["--listen", "http://127.0.0.1:0", "--workers", workers, "--deno-config", config];
    const { code, error } = await spawn(folder.path, ["./app.js", ...flags]);
    assertEquals(code, 3, error);
    assertMatch(error, /Cannot load app "app" from file:.*app\.js: no database/);
  }
});

for (const workers of [0, 1]) {
  Deno.test(`an access log that cannot be opened keeps it from starting, with ${workers} workers: exit code 3`, async () => {
    const settings = `listen: http://127.0.0.1:0\nworkers: ${workers}\nlog: { access: ./access.log }\n`;
    using folder = new Folder({ "archangel.yaml": `${settings}apps: { hello: ./app.js }\n` });
    Deno.symlinkSync("/nowhere/access.log", `${folder.path}/access.log`);
    const { config } = await choosePackages();
    const { code, error } = await spawn(folder.path, ["--deno-config", config]);
    assertEquals(code, 3);
    assertMatch(error, /^archangel: Cannot start: Cannot open the access log .*access\.log: No such file/m);
  });
}

Deno.test("check tries whether the access log takes lines, and makes none", async () => {
  using folder = new Folder({ "archangel.yaml": `${CONFIG}log: { access: ./access.log }\n` });
  assertEquals((await run("check", "--config", folder.config)).code, 0);
  assertEquals([...Deno.readDirSync(folder.path)].some(({ name }) => name === "access.log"), false);
  // Nobody may write to a program that runs, not even root.
  Deno.symlinkSync(Deno.execPath(), `${folder.path}/access.log`);
  const { code, error } = await run("check", "--config", folder.config);
  assertEquals(code, 1);
  assertMatch(error, /"log.access" cannot be written: .*access\.log \(.*busy/);
});

Deno.test("check ends with 1 for what is wrong with a config, and with 2 if there is nothing to check", async () => {
  using folder = new Folder({ "broken.yaml": "worker: 3" });
  const code = async (...args: string[]) => (await spawn(folder.path, ["check", ...args])).code;
  assertEquals(await code(), 0);
  assertEquals(await code("--config", "broken.yaml"), 1);
  assertEquals(await code("--config", "nowhere.yaml"), 1);
  assertEquals(await code("./nowhere.ts"), 2);
  Deno.removeSync(folder.config);
  assertEquals(await code(), 2);
});

Deno.test("check and serve refuse an access log that is a pipe, or the config itself", async () => {
  using folder = new Folder({ "archangel.yaml": `${CONFIG}log: { access: ./pipe }\n` });
  await new Deno.Command("mkfifo", { args: [`${folder.path}/pipe`] }).output();
  for (const [command, refused] of [["check", 1], ["serve", 4]] as const) {
    const { code, error } = await spawn(folder.path, [command]);
    assertEquals(code, refused);
    assertStringIncludes(
      error,
      `"log.access" must be a file, and ${folder.path}/pipe is a pipe: write stdout, and archangel serve | PROGRAM`,
    );
  }
  Deno.writeTextFileSync(folder.config, `${CONFIG}log: { access: ./archangel.yaml }\n`);
  const { code, error } = await run("check", "--config", folder.config);
  assertEquals(code, 1);
  assertStringIncludes(
    error,
    `"log.access" is the config itself, which must not become a log: ${folder.config}`,
  );
});

Deno.test("an access log may be named by what stands for an open stream, though that is a pipe", async () => {
  using folder = new Folder({ "archangel.yaml": `${CONFIG}log: { access: /dev/stderr }\n` });
  assertEquals((await spawn(folder.path, ["check"])).code, 0);
});

Deno.test("check tells what is in the way of a Unix socket", async () => {
  using folder = new Folder({ "file": "" });
  const check = (path: string, ...flags: string[]) => {
    Deno.writeTextFileSync(
      folder.config,
      `listen: fcgi+unix:${path}\nworkers: 2\napps: { hello: ./app.js }\n`,
    );
    return run("check", "--config", folder.config, ...flags);
  };
  assertEquals((await check("./{worker}.sock")).code, 0);
  const listen = `Cannot listen on fcgi+unix:${folder.path}`;
  const missing = await check("./no/{worker}.sock");
  assertEquals([missing.code, missing.error], [
    1,
    `${listen}/no/1.sock: there is no folder ${folder.path}/no\n`,
  ]);
  assertMatch(missing.out, /The apps are fine; the listeners are not\n$/);
  Deno.writeTextFileSync(`${folder.path}/2.sock`, "");
  const { problems, ok } = JSON.parse((await check("./{worker}.sock", "--json")).out);
  const message = `${listen}/2.sock: there is a file that is not a socket`;
  assertEquals([ok, problems.length, problems[0].key, problems[0].message], [false, 1, "listen[0]", message]);
  assertStringIncludes((await check("./file/{worker}.sock")).error, `${folder.path}/file is not a folder\n`);
});

Deno.test("what an environment variable puts into the config is used", async () => {
  using folder = new Folder({ "archangel.yaml": CONFIG.replace("workers: 1", "workers: ${HOW_MANY}") });
  const args = ["check", "--json"];
  const { out } = await spawn(folder.path, args, { HOW_MANY: "7" });
  assertEquals(JSON.parse(out).settings.workers, 7);
  assertEquals((await spawn(folder.path, args)).code, 1);
});
