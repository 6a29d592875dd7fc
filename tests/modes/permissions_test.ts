/**
 * Least permission: for each feature, Archangel is started with exactly the flags that `archangel check` prints, and has
 * to work; then without each of them in turn, and has to name what is missing.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Folder } from "../support/folder.ts";
import { choosePackages, linksFor, ROOT } from "../support/packages.ts";
import { freePort } from "../support/ports.ts";
import { Program } from "../support/program.ts";
import { Published } from "../support/published.ts";

const packages = await choosePackages();
const APP = "export default () => 'fine';\n";

/** A site whose config has one feature. */
class Site extends Folder {
  readonly origin: string = `http://127.0.0.1:${freePort()}`;
  readonly file: string = `${this.path}/archangel.yaml`;
  /** What is needed without the feature. */
  readonly base: string[] = [
    `--allow-read=${this.file},${this.path}/deno.json`,
    `--allow-net=${this.origin.slice("http://".length)}`,
  ];

  constructor() {
    super({
      "apps/app.js": APP,
      "public/index.html": "fine",
      "run/empty": "",
      "deno.json": JSON.stringify(linksFor(packages)),
    });
  }

  configure(settings: Record<string, unknown>): void {
    const defaults = { listen: this.origin, workers: 0, log: { access: "off" } };
    this.write("archangel.yaml", JSON.stringify({ ...defaults, ...settings }));
  }

  start(command: string, flags: readonly string[], ...args: string[]): Program {
    return new Program(Deno.execPath(), {
      args: ["run", "--no-prompt", "-c", packages.config, ...flags, `${ROOT}/mod.ts`, command, ...args],
      cwd: this.path,
      env: { NO_COLOR: "1", ARCHANGEL_TEST: "here" },
    });
  }
}

/** A feature, named as in `docs/permissions.md`. */
interface Feature {
  /** Further keys of the config. */
  settings(site: Site, url: string): Record<string, unknown>;
  /** The flags that it adds. */
  flags(site: Site, url: string): string[];
  /** Whether the server starts without them, and the app fails. */
  readonly isLate?: boolean;
}

const app = "./apps/app.js";
const readsApp = (site: Site) => `--allow-read=${site.path}/apps`;
const runs = `--allow-run=${Deno.execPath()}`;
const group = new TextDecoder().decode(new Deno.Command("id", { args: ["-gn"] }).outputSync().stdout).trim();
const TRUSTED =
  "deno.land:443,jsr.io:443,esm.sh:443,raw.esm.sh:443,cdn.jsdelivr.net:443,raw.githubusercontent.com:443,gist.githubusercontent.com:443";

const FEATURES: Record<string, Feature> = {
  "app module": { settings: () => ({ apps: { app } }), flags: (site) => [readsApp(site)] },
  "static files": {
    settings: () => ({ apps: { app: "./public" } }),
    flags: (site) => [`--allow-read=${site.path}/public`],
  },
  "environment variable": {
    settings: () => ({ apps: { app: "./public" }, server_name: "${ARCHANGEL_TEST}" }),
    flags: (site) => [`--allow-read=${site.path}/public`, "--allow-env=ARCHANGEL_TEST"],
  },
  "workers": {
    settings: () => ({ apps: { app }, workers: 1 }),
    flags: (site) => [readsApp(site), runs],
  },
  "needs of the apps": {
    settings: () => ({ apps: { app }, workers: 1, permissions: ["env=TOKEN", "net=127.0.0.1:5432"] }),
    flags: (site) => [readsApp(site), runs, "--allow-net=127.0.0.1:5432", "--allow-env=TOKEN"],
  },
  "app module from a URL": {
    settings: (_site, url) => ({ apps: { app: `${url}/apps/app.js` } }),
    flags: (_site, url) => [`--allow-import=${new URL(url).host},${TRUSTED}`],
    isLate: true,
  },
  "Unix socket": {
    settings: (site) => ({ apps: { app: "./public" }, listen: [site.origin, "http+unix:./run/a.sock"] }),
    flags: (site) => [
      `--allow-read=${site.path}/run,${site.path}/public`,
      `--allow-write=${site.path}/run`,
      "--allow-net",
    ],
  },
  "group of a Unix socket": {
    settings: (site) => ({
      apps: { app: "./public" },
      listen: [site.origin, { url: "http+unix:./run/a.sock", group }],
    }),
    flags: (site) => [
      `--allow-read=${site.path}/run,/etc/group,${site.path}/public`,
      `--allow-write=${site.path}/run`,
      "--allow-net",
    ],
  },
  "access log in a file": {
    settings: () => ({ apps: { app: "./public" }, log: { access: "./run/access.log" } }),
    flags: (site) => [`--allow-read=${site.path}/public`, `--allow-write=${site.path}/run/access.log`],
  },
};

/** Flags by name, each with its values; none stands for everything. */
function byName(flags: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const flag of flags) {
    const [name, values] = flag.split("=");
    found.set(name!, values === undefined ? [] : [...found.get(name!) ?? [], ...values.split(",")]);
  }
  return found;
}

function written(flags: Map<string, string[]>): string[] {
  return [...flags].map(([name, values]) => values.length === 0 ? name : `${name}=${values}`);
}

/** Every way to leave one thing out. */
function* without(flags: Map<string, string[]>): Generator<{ name: string; value: string; rest: string[] }> {
  for (const [name, values] of flags) {
    const others = new Map([...flags].filter(([other]) => other !== name));
    if (values.length === 0) yield { name, value: "", rest: written(others) };
    for (const value of values.filter((value) => !TRUSTED.includes(value) && !value.endsWith("/deno.json"))) {
      const left = values.filter((other) => other !== value);
      yield { name, value, rest: written(left.length === 0 ? others : new Map([...others, [name, left]])) };
    }
  }
}

/** The flags that `archangel check` prints. */
async function flagsFor(site: Site): Promise<string[]> {
  await using check = site.start("check", ["-A"], "--json");
  assertEquals((await check.ended).code, 0, check.said);
  return JSON.parse(check.said.slice(check.said.indexOf("{"))).flags;
}

/** Asks once when it serves; the rest of what it says comes until it is ended. */
async function ask(program: Program): Promise<string> {
  const serving = program.says("serving").then(() => true, () => false);
  if (!await serving) return "nothing started";
  await program.says("reload ");
  const [, url] = /listen +(\S+)/.exec(program.said)!;
  const response = await fetch(url!, { headers: { connection: "close" } });
  const text = await response.text();
  program.signal("SIGTERM");
  await program.ended;
  return text;
}

for (const [name, feature] of Object.entries(FEATURES)) {
  Deno.test(`permissions: ${name}`, async () => {
    using site = new Site();
    await using published = new Published(site.path);
    site.configure(feature.settings(site, published.url));

    const flags = await flagsFor(site);
    const expected = byName([...site.base, ...feature.flags(site, published.url)]);
    assertEquals(sorted(byName(flags)), sorted(expected));

    await using program = site.start("serve", flags);
    assertEquals(await ask(program), "fine", program.said);
    for (const { name, value, rest } of without(expected)) {
      await using lacking = site.start("serve", rest);
      const answer = await ask(lacking);
      const what = `without ${name}=${value}, answered ${answer}:\n${lacking.said}`;
      assert(answer.startsWith(feature.isLate && name === "--allow-import" ? "Internal" : "nothing"), what);
      assertStringIncludes(lacking.said, name, what);
    }
  });
}

const OTHERS: Record<string, Record<string, unknown>> = {
  "static files in a folder that a link names": { apps: { app: "./current" } },
  "an app module in a folder that a link names": { apps: { app: "./code/app.js" } },
  "an access log in a folder that a link names": {
    apps: { app: "./public" },
    log: { access: "./logs/access.log" },
  },
  "a port that the kernel chooses": { apps: { app: "./public" }, listen: "http://127.0.0.1:0" },
};

for (const [name, settings] of Object.entries(OTHERS)) {
  Deno.test(`permissions: ${name}, with workers and without`, async () => {
    using site = new Site();
    for (const [link, folder] of [["current", "public"], ["code", "apps"], ["logs", "run"]]) {
      Deno.symlinkSync(folder!, `${site.path}/${link}`);
    }
    for (const workers of [0, 1]) {
      site.configure({ ...settings, workers });
      await using program = site.start("serve", await flagsFor(site));
      assertEquals(await ask(program), "fine", program.said);
    }
  });
}

Deno.test("permissions: a folder that a link names is refused without what it links to", async () => {
  using site = new Site();
  Deno.symlinkSync("public", `${site.path}/current`);
  site.configure({ apps: { app: "./current" } });
  await using lacking = site.start("serve", [...site.base, `--allow-read=${site.path}/current`]);
  assertEquals(await ask(lacking), "nothing started", lacking.said);
  assertStringIncludes(lacking.said, `may not be read: ${site.path}/current (Deno needs --allow-read for it`);
});

function sorted(flags: Map<string, string[]>): [string, string[]][] {
  return [...flags].map(([name, values]): [string, string[]] => [name, values.toSorted()]).sort();
}

Deno.test("docs/permissions.md lists every feature that is tested", () => {
  const page = Deno.readTextFileSync(`${ROOT}/docs/permissions.md`);
  for (const name of Object.keys(FEATURES)) assertStringIncludes(page, `\n| ${name} `);
});
