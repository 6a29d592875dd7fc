import { assert, assertEquals } from "@std/assert";
import { chooseScenarios } from "../../bench/load/scenarios.ts";

const root = new URL("../../", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, root));

/** The sentences of the lists, without what stands in bold before them. */
function sentences(): string[] {
  const items = read("docs/lighthouse.md").matchAll(/^- ([^]*?)(?=\n- |\n\n|\n$)/gm);
  return [...items].flatMap(([, item]) => {
    const text = item!.replaceAll(/\s+/g, " ").replace(/^\*\*[^*]+\*\*/, "").trim();
    return text.split(/(?<=\.) (?=[A-Z`])/);
  });
}

/** What a sentence points to, `load idle` for example. */
function pointersOf(sentence: string): string[] {
  const [, list = ""] = /[(;] ?((?:`(?:load|micro|head|calls)[^`]*`(?:, )?)+)\)\.$/.exec(sentence) ?? [];
  return [...list.matchAll(/`([^`]+)`/g)].map(([, pointer]) => pointer!);
}

/** The groups of a file of `bench/micro`, those whose name is made in a loop included. */
function groups(file: string): string[] {
  const source = read(`bench/micro/${file}`);
  const plain = [...source.matchAll(/group: "([^"]+)"/g)].map(([, group]) => group!);
  return [...plain, ...[12, 24, 48].map((size) => `${size} characters to bytes`)];
}

Deno.test("every sentence in the lists of docs/lighthouse.md ends with the bench that shows it", () => {
  const all = sentences();
  assert(all.length > 30, `only ${all.length} sentences were found`);
  assertEquals(all.filter((sentence) => pointersOf(sentence).length === 0), []);
});

Deno.test("every bench that docs/lighthouse.md points to exists", () => {
  const known = {
    load: [...chooseScenarios([]), ...chooseScenarios(["lighthouse"])].map(({ name }) => name),
    micro: groups("lighthouse_bench.ts"),
    head: groups("http_head_bench.ts"),
  };
  for (const pointer of sentences().flatMap(pointersOf)) {
    const [kind, ...words] = pointer.split(" ");
    const name = words.join(" ").replace(/ --control$/, "");
    if (kind === "calls") assertEquals(name, "");
    else assert(known[kind as keyof typeof known].includes(name), `there is no ${pointer}`);
  }
});
