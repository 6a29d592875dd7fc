/** What real processes log: to pipes that nobody reads, under a flood, and right before they end. */
import { assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { say } from "../../server/say.ts";
import { delay } from "../support/delay.ts";
import { messagesIn } from "../support/log_lines.ts";
import { freePort } from "../support/ports.ts";
import { Archangel, serveArguments, type Start, waitUntil } from "../support/processes.ts";

/** Says and throws much more than a pipe takes. */
const LOUD_APP = `
  const print = (text) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  export default {
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/fail") throw new Error("x".repeat(15_000));
      if (pathname === "/print") console.error("y".repeat(50_000));
      if (pathname === "/half") {
        print("half a ");
        await new Promise((resolve) => setTimeout(resolve, 500));
        print("line\\n");
      }
      return new Response(String(Deno.pid));
    },
  };
`;

const PATIENCE_MS = 15_000;

/** Waits for what a process that is blocked would never do. */
async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited in vain: ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function ask(archangel: Archangel, path: string): Promise<string> {
  const answer = fetch(archangel.url + path, { headers: { connection: "close" } });
  return await (await inTime(answer, `an answer for ${path.slice(0, 20)}`)).text();
}

/** Sends bytes on a connection of their own, until the server has closed it. */
async function sendAlone(archangel: Archangel, bytes: string): Promise<void> {
  using conn = await Deno.connect({ hostname: "127.0.0.1", port: archangel.port });
  await conn.write(new TextEncoder().encode(bytes));
  const buffer = new Uint8Array(1024);
  while (await inTime(conn.read(buffer), "the end of a connection") !== null);
}

/** Waits until so many workers have answered, as there is nothing to read that says so. */
async function serves(archangel: Archangel, workers: number): Promise<void> {
  const pids = new Set<string>();
  await waitUntil(async () => {
    await ask(archangel, "/").then((pid) => pids.add(pid), () => {});
    return pids.size === workers;
  }, `${workers} workers serve`);
}

interface Case {
  name: string;
  start: Start;
  /** Requests that make it log more than a pipe takes. */
  paths: readonly string[];
}

const CASES: Case[] = [
  {
    name: "what apps throw, of workers whose stderr is read by the supervisor",
    start: { unread: ["stderr"] },
    paths: Array(100).fill("/fail"),
  },
  {
    name: "what apps print, which the supervisor passes on",
    start: { unread: ["stderr"] },
    paths: Array(20).fill("/print"),
  },
  {
    name: "what apps throw, and the access log, of workers that have the stderr of the supervisor",
    start: { unread: ["stderr"], config: { log: { access: "stderr" } } },
    paths: [...Array(60).fill("/fail"), ...Array(300).fill(`/${"z".repeat(4000)}`)],
  },
  {
    name: "the access log on stdout",
    start: { unread: ["stdout", "stderr"], config: { log: { access: "stdout" } } },
    paths: Array(300).fill(`/${"z".repeat(4000)}`),
  },
  {
    name: "what apps throw, without workers",
    start: { unread: ["stderr"], workers: 0 },
    paths: Array(60).fill("/fail"),
  },
];

for (const { name, start, paths } of CASES) {
  Deno.test(`a log that nobody reads blocks neither answers nor a stop: ${name}`, async () => {
    await using archangel = new Archangel({ app: LOUD_APP, ...start });
    const workers = Math.max(1, start.workers ?? 2);
    await serves(archangel, workers);
    for (const path of paths) await ask(archangel, path);
    await serves(archangel, workers);
    archangel.signal("SIGTERM");
    assertEquals(await inTime(archangel.ended, "the end"), { code: 0, signal: null });
  });
}

Deno.test("a reload works although nobody reads the log", async () => {
  await using archangel = new Archangel({ app: LOUD_APP, unread: ["stderr"], workers: 1 });
  await serves(archangel, 1);
  const before = await ask(archangel, "/");
  for (let times = 0; times < 20; times++) await ask(archangel, "/print");
  archangel.signal("SIGHUP");
  await waitUntil(async () => await ask(archangel, "/") !== before, "a new worker answers");
});

Deno.test("a flood of bad requests is summed up, also if nothing follows it and at a stop", async () => {
  await using archangel = await Archangel.serving({ workers: 1 });
  const logged = () => archangel.stderr.split("\n").filter((line) => line.startsWith("worker 1: "));
  const flood = async () => {
    for (let times = 0; times < 200; times++) await sendAlone(archangel, "BAD\r\n\r\n");
  };
  await flood();
  await waitUntil(() => messagesIn(logged()) === 200, "the sum");
  assertLess(logged().length, 200);
  await flood();
  archangel.signal("SIGTERM");
  assertEquals((await archangel.ended).code, 0);
  assertEquals(messagesIn(logged()), 400);
});

Deno.test("a worker that cannot boot sums up, too, before it ends", async () => {
  const app = `
    for (let times = 0; times < 30; times++) Promise.reject(new Error("stray"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    throw new Error("no database");
  `;
  await using archangel = new Archangel({ app, workers: 1 });
  assertEquals((await archangel.ended).code, 3);
  assertMatch(
    archangel.stderr,
    /and 20 more unhandled errors within a second\narchangel: Cannot start: .*no database/,
  );
});

Deno.test("what a worker prints does not mix with other lines", async () => {
  await using archangel = await Archangel.serving({ app: LOUD_APP, workers: 1 });
  const half = ask(archangel, "/half");
  await delay(100);
  archangel.signal("SIGTTIN");
  await archangel.says("archangel: 2 workers");
  await half;
  await archangel.says("line\n");
  assertMatch(archangel.stderr, /^archangel: 2 workers\nhalf a line\n/m);
});

/** Far more than a pipe takes at once. */
const LONG_REASON = Array.from({ length: 20_000 }, (_, at) => `reason ${at}`);

/** Where stderr goes: the command line that the shell runs, for what starts Archangel and for a file. */
const PLACES: Record<string, (start: string, file: string) => string> = {
  "a pipe": (start, file) => `{ ${start}; echo "code $?"; } 2>&1 | cat > '${file}'`,
  "a pipe that is read late": (start, file) =>
    `{ ${start}; echo "code $?"; } 2>&1 | { sleep 0.5; cat > '${file}'; }`,
  "a file": (start, file) => `${start} 2> '${file}'; echo "code $?" >> '${file}'`,
  // script(1) gives it a terminal and writes what that shows, which has CR LF for LF.
  "a terminal": (start, file) => `script -qec "${start}; echo code \\$?" /dev/null | tr -d '\\r' > '${file}'`,
};

const HAS_SCRIPT = await hasScript();

for (const [place, line] of Object.entries(PLACES)) {
  Deno.test(`why a start fails is said to the end, and in order, if stderr is ${place}`, async () => {
    if (place === "a terminal" && !HAS_SCRIPT) {
      return say("skipped", "this machine has no script(1) of Linux");
    }
    const folder = await Deno.makeTempDir({ prefix: "archangel_test_" });
    try {
      const app = `throw new Error(Array.from({ length: 20_000 }, (_, at) => "reason " + at).join("\\n"));`;
      await Deno.writeTextFile(`${folder}/app.js`, app);
      await Deno.writeTextFile(
        `${folder}/archangel.yaml`,
        `{listen: ["http://127.0.0.1:${freePort()}"], workers: 1, apps: {a: {fetch: ./app.js, preload: true}}}`,
      );
      const start = [Deno.execPath(), ...serveArguments(`${folder}/archangel.yaml`, ["-A"])];
      await run(line(start.map((word) => `'${word}'`).join(" "), `${folder}/said`));
      const said = (await Deno.readTextFile(`${folder}/said`)).split("\n");
      assertStringIncludes(said[0]!, "Cannot start: ");
      assertEquals(
        said.filter((line) => /^(.*: )?reason \d+$/.test(line)).map((line) => line.replace(/^.*: /, "")),
        LONG_REASON,
      );
      assertEquals(said.slice(-2), ["code 3", ""]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

async function hasScript(): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command("script", { args: ["--version"], stdin: "null" }).output();
    return new TextDecoder().decode(stdout).includes("util-linux");
  } catch {
    return false;
  }
}

async function run(line: string): Promise<void> {
  const pipes = { stdin: "null", stdout: "null", stderr: "inherit" } as const;
  const child = new Deno.Command("sh", { args: ["-c", line], ...pipes }).spawn();
  await inTime(child.status, "the end of the shell");
}
