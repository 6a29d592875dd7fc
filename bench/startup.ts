/**
 * `deno task bench startup [ROUNDS]`: how long it takes from the command to the first answered request, for each way to
 * run Archangel and several numbers of workers.
 *
 * The unit is the start of an empty `deno run`, measured in every round beside the rest, since the speed of a machine
 * changes. Caches are warm: the first start on a machine also fetches and compiles, once.
 *
 * @module
 */
import { bundle } from "../tests/support/build.ts";
import { delay } from "../tests/support/delay.ts";
import { Folder } from "../tests/support/folder.ts";
import { choosePackages, type Packages, ROOT, standInModules } from "../tests/support/packages.ts";
import { freePort } from "../tests/support/ports.ts";
import { Published } from "../tests/support/published.ts";
import { table } from "./load/report.ts";
import { spread } from "./load/statistics.ts";

/** In units; for two workers, whichever way it is run. */
const GOAL = 3;
const WORKERS = [0, 1, 2, 4];

const HELLO = 'export default () => "hello";\n';

/** A way to run: what stands between `deno` and the arguments of Archangel. */
interface Way {
  readonly name: string;
  readonly command: readonly string[];
  readonly cache?: string;
}

/** Time in milliseconds until a program has ended by itself. */
async function timeEmpty(file: string): Promise<number> {
  const start = performance.now();
  await new Deno.Command(Deno.execPath(), { args: ["run", file], stdin: "null" }).output();
  return performance.now() - start;
}

/** Time in milliseconds until the first answer. */
async function timeStart({ command, cache }: Way, site: string, workers: number): Promise<number> {
  const port = freePort();
  const listen = ["--listen", `http://127.0.0.1:${port}`];
  const start = performance.now();
  const process = new Deno.Command(Deno.execPath(), {
    args: [...command, "serve", ...listen, "--workers", String(workers)],
    cwd: site,
    env: { ...(cache !== undefined && { DENO_DIR: cache }) },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  try {
    await firstAnswer(port);
    return performance.now() - start;
  } finally {
    process.kill("SIGTERM");
    await process.status;
  }
}

async function firstAnswer(port: number): Promise<void> {
  for (const deadline = performance.now() + 60_000; performance.now() < deadline; await delay(1)) {
    try {
      const answer = await ask(port);
      if (answer.startsWith("HTTP/1.1 200")) return;
      throw new TypeError(`Answered: ${answer}`);
    } catch (error) {
      // Nobody is there yet, or it was the supervisor, which only tries whether the port can be had.
      if (error instanceof TypeError) throw error;
    }
  }
  throw new Error("It never answered");
}

async function ask(port: number): Promise<string> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(
    new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"),
  );
  const buffer = new Uint8Array(4096);
  const size = await conn.read(buffer);
  if (size === null) throw new Deno.errors.ConnectionReset("closed");
  return new TextDecoder().decode(buffer.subarray(0, size));
}

/**
 * The stand-ins, each as one module. As they are, they find packages of npm and turn them into modules at every start;
 * JSR's packages are modules. They get URLs, for a module that has one may not import files.
 */
async function bundleStandIns(
  packages: Packages,
  folder: Folder,
  url: string,
): Promise<Record<string, string>> {
  const imports: Record<string, string> = {};
  for (const [at, { specifier, path }] of standInModules().entries()) {
    if (await bundle(packages, `${folder.path}/${at}.js`, path) !== 0) {
      throw new Error(`Cannot bundle ${path}`);
    }
    imports[specifier] = `${url}/${at}.js`;
  }
  return imports;
}

/** The ways to run, and the folder of the site that is served; both are made for this run only. */
async function prepare(packages: Packages, folder: Folder, url: string, cache: Folder): Promise<Way[]> {
  const file = `${folder.path}/archangel.js`;
  if (await bundle(packages, file) !== 0) throw new Error("Cannot make the bundle");
  folder.write("archangel.yaml", "apps: { hello: { twig: ./hello.ts } }\nlog: { access: off }\n");
  const config = packages.standIns ? ["-c", `${folder.path}/deno.json`] : [];
  return [
    { name: "file", command: ["run", "-A", ...config, `${ROOT}/mod.ts`], cache: cache.path },
    { name: "URL, cached", command: ["run", "-A", ...config, `${url}/mod.ts`], cache: cache.path },
    { name: "bundle", command: ["run", "-A", file] },
  ];
}

/** Start times, in units of the round. */
interface Case {
  readonly way: Way;
  readonly workers: number;
  readonly ratios: number[];
}

/** Times every case once; the first round only fills caches. */
async function measure(cases: readonly Case[], site: string, rounds: number): Promise<number[]> {
  const empties: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const empty = await timeEmpty(`${site}/empty.js`);
    if (round >= 0) empties.push(empty);
    for (const { way, workers, ratios } of cases) {
      // What ran before, with other flags of V8, left cached code that this one has to replace.
      await timeStart(way, site, workers);
      const time = await timeStart(way, site, workers);
      if (round >= 0) ratios.push(time / empty);
    }
  }
  return empties;
}

function report(cases: readonly Case[], empties: readonly number[]): string {
  const unit = spread(empties)!.median;
  const rows = cases.map(({ way, workers, ratios }) => {
    const { median, min, max } = spread(ratios)!;
    const goal = workers !== 2 ? "" : median <= GOAL ? "met" : "NOT MET";
    const range = `${min.toFixed(2)}-${max.toFixed(2)}`;
    return [way.name, String(workers), median.toFixed(2), range, (median * unit).toFixed(0), goal];
  });
  const head = ["way", "workers", "ratio", "range", "ms", `at most ${GOAL}`];
  return `${table(head, rows)}\n\nThe unit, an empty \`deno run\`: ${unit.toFixed(1)} ms`;
}

/**
 * Measures and prints.
 *
 * @param args Number of rounds.
 * @returns The exit code.
 */
export async function main([rounds = "9"]: readonly string[]): Promise<number> {
  if (!/^[1-9]\d*$/.test(rounds)) {
    // deno-lint-ignore no-console
    console.log(`Cannot measure ${rounds} rounds: deno task bench startup takes a whole number above 0`);
    return 2;
  }
  const packages = await choosePackages();
  using folder = new Folder({ "empty.js": "", "hello.ts": HELLO });
  using cache = new Folder();
  using standIns = new Folder();
  await using sources = new Published(ROOT);
  await using publishedStandIns = new Published(standIns.path);
  const imports = packages.standIns ? await bundleStandIns(packages, standIns, publishedStandIns.url) : {};
  folder.write("deno.json", JSON.stringify({ imports }));
  const ways = await prepare(packages, folder, sources.url, cache);
  const cases = ways.flatMap((way) => WORKERS.map((workers) => ({ way, workers, ratios: [] })));
  const empties = await measure(cases, folder.path, Number(rounds));
  // deno-lint-ignore no-console -- the table is what was asked for
  console.log(report(cases, empties));
  if (packages.standIns) {
    // deno-lint-ignore no-console
    console.log("JSR's packages are stand-ins here, each as one module");
  }
  return 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
