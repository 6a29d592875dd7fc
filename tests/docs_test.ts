import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TestClient } from "../twig/testing.ts";
import { Folder } from "./support/folder.ts";

const root = new URL("../", import.meta.url);

/** The names of all tests under `tests/twig/` that stand for a rule. */
function ruleTests(): string[] {
  const folder = new URL("tests/twig/", root);
  const files = [...Deno.readDirSync(folder)].filter(({ name }) => name.startsWith("rules_"));
  return files.flatMap(({ name }) => {
    const source = Deno.readTextFileSync(new URL(name, folder));
    return [...source.matchAll(/Deno\.test\(\s*"(TWIG [^"]+)"/g)].map(([, title]) => title as string);
  });
}

/** The rules of `docs/twig.md`: number, and the test that it names. */
function rules(): { number: string; test: string }[] {
  const source = Deno.readTextFileSync(new URL("docs/twig.md", root));
  return [...source.matchAll(/^- \*\*(\d+\.\d+)\*\*([^]*?)(?=\n- \*\*|\n\n|\n$)/gm)].map((
    [, number, text],
  ) => ({
    number: number as string,
    test: /— `(TWIG [^`]+)`$/.exec((text as string).trimEnd())?.[1] ?? "",
  }));
}

Deno.test("docs/twig.md names an existing test for each rule", () => {
  const tests = ruleTests();
  const all = rules();
  assert(all.length > 50, `only ${all.length} rules were found`);
  for (const { number, test } of all) {
    assert(test.startsWith(`TWIG ${number}: `), `rule ${number} names no test of its own: ${test}`);
    assert(tests.includes(test), `rule ${number} names a test that does not exist: ${test}`);
  }
});

Deno.test("docs/twig.md numbers its rules without gaps", () => {
  const numbers = rules().map(({ number }) => number);
  let [section, rule] = [0, 0];
  const expected = numbers.map((number) => {
    if (number.startsWith(`${section + 1}.`)) [section, rule] = [section + 1, 0];
    return `${section}.${++rule}`;
  });
  assertEquals(numbers, expected);
});

Deno.test("each test of a TWIG rule is of a rule that docs/twig.md has", () => {
  const numbers = new Set(rules().map(({ number }) => number));
  for (const test of ruleTests()) {
    assert(numbers.has(test.slice(5, test.indexOf(":"))), `there is no such rule: ${test}`);
  }
});

Deno.test("the app that docs/files.md shows serves clean URLs, lifetimes and a page for 404", async () => {
  const page = Deno.readTextFileSync(new URL("docs/files.md", root));
  const shown = /^```ts\n([^]*?)^```$/m.exec(page)![1] as string;
  assertStringIncludes(shown, '"@archangel/archangel/twig"');
  using folder = new Folder({
    "app.ts": shown.replace("@archangel/archangel/twig", new URL("twig/mod.ts", root).href),
    "public/about.html": "About",
    "public/404.html": "Not here",
  });
  const client = new TestClient((await import(folder.url("app.ts").href)).default);
  const about = await client.get("/about");
  assertEquals([about.status, about.headers.get("cache-control")], [200, "max-age=3600"]);
  assertEquals(await about.text(), "About");
  const missing = await client.get("/nothing");
  assertEquals([missing.status, missing.headers.get("cache-control")], [404, undefined]);
  assertEquals(await missing.text(), "Not here");
});

Deno.test("docs/operations.md lists the keys of a line of the access log, in their order", () => {
  const source = Deno.readTextFileSync(new URL("server/access_log.ts", root));
  const record = /interface AccessRecord {([^]*?)^}/m.exec(source)![1] as string;
  const keys = [...record.matchAll(/readonly (\w+):/g)].map(([, key]) => key);
  const page = Deno.readTextFileSync(new URL("docs/operations.md", root));
  const section = /^## The access log\n([^]*?)^#/m.exec(page)![1] as string;
  assertEquals([...section.matchAll(/^\| `(\w+)`/gm)].map(([, key]) => key), keys);
});
