/**
 * The index has to agree with the YAML parser about the shape of every valid text. So each text here
 * goes through both, and every key and item that the parser found has to have a place.
 */
import { assert, assertEquals } from "@std/assert";
import { ConfigSource } from "../../server/config_source.ts";
import { ConfigError } from "../../server/errors.ts";
import { indexYaml } from "../../server/yaml_positions.ts";
import type { YamlNode } from "../../server/yaml_reader.ts";
import { Random } from "../support/random.ts";

const TEXTS = [
  "a: 1\nb:\n  c: 2\n  d: [1, {x: y}, z]\n",
  "listen:\n- a\n- b: 1\n  c: 2\n-\n  d: 3\nother: |\n  text: no\n\n  more\n# c\nlast: >-\n  x\n  y\n",
  "%YAML 1.2\n---\n# hi\n\"a b\": 'it''s'\n'c': \"x\\\"y # no\" # yes\nplain: a # c\n",
  "a: &x\n  b: 1\nc: *x\nd: &y [1, 2]\ne: *y\n&k f: 1\ng: !!str 3\nh: &z\n- 1\n- 2\n",
  'a: multi\n  line text\n  more\nb: "quoted\n  over: lines"\nc: 1',
  "a: {b: 1,\nc: [x,\n y], d: {e: f}}\ng: 2\n",
  "{a: 1, \"b\":2, 'c': {d}, e: }",
  "- a\n- - b\n  - c\n- k: v\n  l:\n  - 1\n  - 2\n  m: 3\n",
  "? a\n: 1\n? b\n: - x\n  - y\nc: 2\n",
  "a:\nb:\n\nc:\n  # only a comment\nd: 1",
  "a: 1\r\nb:\r\n  - x\r\n  - y: 1\r\n    z: 2\r\n",
  "url: http://x:80/a#b\nb: a:b c\nc: -1\n",
  "a: [1, 2, ]\nb: [a: 1, {c: d}]\nc: {x: a b\n  c, y: 1}\n",
  "a:\n    - b:\n        c: 1\n      d: 2\n    - e\nf:   g\n",
  "key with spaces: 1\nk#x: 2\n'#q': 3\n-x: 4\n?y: 5\n:z: 6\n",
  "a: |+\n\n  x: y\n\n\nb: 1\n",
  "  a: 1\n  b:\n    c: 2\n",
  'a: ${X}\nb: "${Y:-z}"\nc: {d: "${Z}"}\n',
  "a: !<tag:yaml.org,2002:str> 3\nb: 1",
  "a: &e\nb: 1\n",
  "one: &app\n  twig: &module ./a.ts\ntwo: *app\nthree: { fetch: *module }\n",
];

/** What the parser found and the index did not, or the other way round. */
function differences(value: unknown, node: YamlNode, path: string): string[] {
  if (Array.isArray(value)) {
    if (value.length !== node.items.length) return [`${path}: ${node.items.length} items`];
    return value.flatMap((item, i) => differences(item, node.items[i]!, `${path}[${i}]`));
  }
  if (typeof value !== "object" || value === null) {
    return node.items.length + node.entries.length === 0 ? [] : [`${path}: a scalar`];
  }
  const found = new Map(node.entries.map((entry) => [entry.key, entry.value]));
  const surplus = [...found.keys()].filter((key) => !Object.hasOwn(value, key)).map((key) =>
    `${path}.${key}`
  );
  return Object.entries(value).flatMap(([key, inner]) => {
    const place = found.get(key);
    return place === undefined ? [`${path}.${key} missing`] : differences(inner, place, `${path}.${key}`);
  }).concat(surplus);
}

function assertSameShape(text: string): void {
  const { value } = ConfigSource.fromYaml("a.yaml", text);
  assertEquals(differences(value, indexYaml(text).root, "root"), [], text);
}

for (const [i, text] of TEXTS.entries()) {
  Deno.test(`indexYaml() finds every key that the parser finds, text ${i + 1}`, () => assertSameShape(text));
}

/** A random document, written in a random style; the same value may be written in many ways. */
class Writer {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  document(): string {
    return `${this.#mapping(3, 0)}\n`;
  }

  #word(): string {
    const words = ["a", "key", "b c", "x:y", "n#m", "http://h:1/p", "-1", "true", "ü", "long word here"];
    return this.#random.pick(words);
  }

  #scalar(): string {
    const word = this.#word();
    return this.#random.pick([
      word,
      `'${word}'`,
      `"${word}"`,
      `${word} # comment`,
      `!!str ${word}`,
      `&a1 ${word}`,
    ]);
  }

  #flow(depth: number): string {
    if (depth === 0) return JSON.stringify(this.#word());
    const inner = () => this.#flow(depth - 1);
    const gap = this.#random.pick(["", " ", "\n      "]);
    const list = () => `[${gap}${inner()},${gap} ${inner()}${this.#random.pick(["", ","])}]`;
    return this.#random.oneIn(2) ? list() : `{${gap}k1: ${inner()}, "k2":${inner()}${gap}}`;
  }

  #value(depth: number, indent: number): string {
    const pad = " ".repeat(indent);
    const styles = [
      () => ` ${this.#scalar()}`,
      () => ` ${this.#flow(2)}`,
      () => ` |\n${pad}  text: no\n\n${pad}  # text`,
      () => "",
      () => `\n${this.#mapping(depth - 1, indent + 1 + this.#random.below(3))}`,
      () => `\n${this.#list(depth - 1, indent + this.#random.below(3))}`,
    ];
    return styles[this.#random.below(depth > 0 ? 6 : 4)]!();
  }

  #mapping(depth: number, indent: number): string {
    const pad = " ".repeat(indent);
    const lines = Array.from({ length: 1 + this.#random.below(3) }, (_, i) => {
      const key = this.#random.pick([`k${i}`, `"k ${i}"`, `'k''${i}'`, `key ${i}`]);
      const comment = this.#random.oneIn(4) ? `${pad}# comment: here\n` : "";
      return `${comment}${pad}${key}:${this.#value(depth, indent)}`;
    });
    return lines.join(this.#random.pick(["\n", "\n\n"]));
  }

  #list(depth: number, indent: number): string {
    const pad = " ".repeat(indent);
    // An item without a value would be lawful, but the parser reads a list after it into it.
    const item = () =>
      this.#random.oneIn(2)
        ? ` ${this.#mapping(depth, indent + 2).trimStart()}`
        : this.#value(0, indent) || ` ${this.#scalar()}`;
    return Array.from({ length: 1 + this.#random.below(3) }, () => `${pad}-${item()}`).join("\n");
  }
}

Deno.test("indexYaml() finds every key that the parser finds in random documents", () => {
  let valid = 0;
  for (let seed = 1; seed <= 2000; seed++) {
    const text = new Writer(seed).document();
    try {
      assertSameShape(text);
      valid++;
    } catch (error) {
      // Not all that the writer puts together is YAML.
      if (!(error instanceof ConfigError)) throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  assert(valid > 1000, `only ${valid} were valid`);
});

Deno.test("indexYaml() tells where keys and values stand", () => {
  const text = "apps:\n  hello: { twig: ./a.ts }\n";
  const [apps] = indexYaml(text).root.entries;
  const [hello] = apps!.value.entries;
  const [twig] = hello!.value.entries;
  const shown = [apps!.span, hello!.span, twig!.span, twig!.value].map(({ start, end }) =>
    text.slice(start, end)
  );
  assertEquals(shown, ["apps", "hello", "twig", "./a.ts"]);
});

Deno.test("indexYaml() reports a tab that indents, and none in flow style", () => {
  assertEquals(indexYaml("a:\n\tb: 1").tab, { start: 3, end: 4 });
  assertEquals(indexYaml('{\n\t"a": 1\n}').tab, undefined);
});

Deno.test("indexYaml() comes to an end on every text, soon", () => {
  const pieces = [
    "[",
    "{a: ",
    "- ",
    "a:\n",
    "? ",
    "&a ",
    '"',
    "'",
    "x ",
    "#",
    "  ",
    "\n",
    "*",
    "!",
    ",",
    "|\n",
    ": ",
  ];
  for (const piece of pieces) indexYaml(piece.repeat(50_000));
  const random = new Random(11);
  for (let run = 0; run < 2000; run++) {
    indexYaml(Array.from({ length: random.below(40) }, () => random.pick(pieces)).join(""));
  }
});
