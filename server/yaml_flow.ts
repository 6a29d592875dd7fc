/**
 * The flow style of YAML, for `yaml_positions.ts`: `{ key: value }`, `[ item, item ]`. Line ends mean
 * nothing in it, so it knows no columns.
 *
 * YAML 1.2.2: chapter 7.
 *
 * @module
 */
import { ALIAS, BLANK, FLOW_PLAIN, QUOTED, unquote } from "./yaml_cursor.ts";
import { DEEPEST, type YamlEntry, type YamlNode, YamlReader } from "./yaml_reader.ts";

/** Reads flow style. */
export class FlowReader extends YamlReader {
  /** A value in flow style: `{ … }`, `[ … ]`, or a scalar inside of one. */
  protected flow(): YamlNode {
    this.cursor.take(BLANK);
    const { anchors } = this.properties();
    this.depth++;
    const node = this.#flowContent();
    this.depth--;
    for (const anchor of anchors) this.anchors.set(anchor, node);
    return node;
  }

  #flowContent(): YamlNode {
    const sign = this.cursor.sign;
    if (this.depth > DEEPEST) return this.leaf(/[^]*/y);
    if (sign === "{") return this.#flowMapping();
    if (sign === "[") return this.#flowSequence();
    if (sign === '"' || sign === "'") return this.leaf(QUOTED);
    return this.cursor.peeks(ALIAS) ? this.alias() : this.leaf(FLOW_PLAIN);
  }

  #flowMapping(): YamlNode {
    const start = this.cursor.at++;
    const entries: YamlEntry[] = [];
    this.#eachFlowItem("}", () => entries.push(this.#flowEntry(this.flow())));
    return { start, end: this.cursor.at, entries, items: [] };
  }

  #flowSequence(): YamlNode {
    const start = this.cursor.at++;
    const items: YamlNode[] = [];
    this.#eachFlowItem("]", () => {
      const item = this.flow();
      this.cursor.take(BLANK);
      if (this.cursor.sign !== ":") return items.push(item);
      // `[key: value]` is a list of one mapping.
      const entry = this.#flowEntry(item);
      return items.push({ start: item.start, end: this.cursor.at, entries: [entry], items: [] });
    });
    return { start, end: this.cursor.at, entries: [], items };
  }

  #eachFlowItem(close: string, take: () => void): void {
    for (;;) {
      this.cursor.take(BLANK);
      const sign = this.cursor.sign;
      if (sign === undefined) return;
      const before = this.cursor.at;
      if (sign === close) {
        this.cursor.at++;
        return;
      }
      if (this.cursor.indicator("?")) this.cursor.at++;
      if (sign !== ",") take();
      // A comma, or a character that means nothing here.
      if (sign === "," || this.cursor.at === before) this.cursor.at++;
    }
  }

  #flowEntry(key: YamlNode): YamlEntry {
    this.cursor.take(BLANK);
    const span = { start: key.start, end: key.end };
    const name = unquote(this.cursor.text.slice(key.start, key.end));
    if (this.cursor.sign !== ":") return { key: name, span, value: this.nothing(this.cursor.at) };
    this.cursor.at++;
    return { key: name, span, value: this.flow() };
  }
}
