/** What README.md shows has to be true: its links, its commands, its config, its error. */
import { assert, assertEquals } from "@std/assert";
import { main } from "../server/cli.ts";
import { loadConfig } from "../server/config.ts";

const root = new URL("../", import.meta.url);
const readme = Deno.readTextFileSync(new URL("README.md", root));

/** The code blocks of one language. */
function blocks(language: string): string[] {
  return [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text as string);
}

async function inFolder(
  files: Record<string, string>,
  use: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      if (name.endsWith("/")) await Deno.mkdir(`${folder}/${name}`);
      else await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("every link to a file of the project leads somewhere", () => {
  const pages = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md"];
  for (const { name } of Deno.readDirSync(new URL("docs/", root))) {
    if (name.endsWith(".md")) pages.push(`docs/${name}`);
  }
  for (const page of pages) {
    const url = new URL(page, root);
    for (const [, target] of Deno.readTextFileSync(url).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target as string)) continue;
      const linked = new URL(target as string, url);
      assert(Deno.statSync(linked), `${page} links to ${target}`);
    }
  }
});

Deno.test("the first screen has what a newcomer needs", () => {
  const screen = readme.split("\n").slice(0, 40).join("\n");
  for (
    const part of ["task start", "task test", "deno run -A https://", "archangel compile", "await serve("]
  ) {
    assert(screen.includes(part), `README's first 40 lines lack ${part}`);
  }
});

Deno.test("every task that README names exists", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const named = [...readme.matchAll(/deno(?:@[\d.]+)? task (\w+)/g)].map(([, name]) => name as string);
  assert(named.length >= 3);
  for (const name of named) assert(name in tasks, `there is no task ${name}`);
});

Deno.test("every command that README names exists", async () => {
  const named = new Set(
    [...readme.matchAll(/`?archangel (check|explain|fetch|init|compile|serve)\b/g)].map((m) => m[1]),
  );
  assertEquals([...named].sort(), ["check", "compile", "explain", "fetch", "init"]);
  let help = "";
  const terminal = {
    colour: false,
    out: (text: string) => help += text + "\n",
    error: () => {},
    bytes: () => {},
  };
  assertEquals(await main(["--help"], terminal), 0);
  for (const name of named) assert(help.includes(`\n  ${name} `), `--help does not show ${name}`);
});

Deno.test("the config that README shows is right", async () => {
  const [yaml] = blocks("yaml") as [string];
  await inFolder({ "archangel.yaml": yaml, "shop.ts": "", "api.ts": "", "public/": "" }, async (folder) => {
    const settings = loadConfig({ file: `${folder}/archangel.yaml` });
    assertEquals(settings.routes.length, 3);
    assertEquals(settings.apps["api"]?.bodyBytes, 1024 * 1024);
    await Promise.resolve();
  });
});

Deno.test("the config error that README shows is what is printed", async () => {
  const shown = blocks("console").find((text) => text.includes("archangel check")) as string;
  const yaml = "listen: http://127.0.0.1:8000\napps: { a: ./a.ts }\n\nworker: auto\n";
  await inFolder({ "archangel.yaml": yaml, "a.ts": "" }, async (folder) => {
    let printed = "";
    const terminal = {
      colour: false,
      out: () => {},
      error: (text: string) => printed += text + "\n",
      bytes: () => {},
    };
    await main(["check", "--config", `${folder}/archangel.yaml`], terminal);
    assertEquals(`$ archangel check\n${printed.replaceAll(`${folder}/`, "")}`, shown);
  });
});
