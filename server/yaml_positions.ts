/**
 * Where the keys and values of a YAML text stand. The YAML parser gives values without positions,
 * and an error message without a position is of little use; so this file reads the structure of the
 * text once more and keeps nothing but places.
 *
 * It is not a YAML parser and never decides what a value is: it has to agree with the parser about
 * the shape of any valid text, and must come to an end, without throwing, on every other. What it
 * does not understand has no place of its own and is reported at the nearest place around it.
 *
 * Here are documents and block style, YAML 1.2.2 chapters 6.1 (indentation), 8 and 9; `yaml_flow.ts` has
 * flow style, `yaml_reader.ts` what both have in common.
 *
 * @module
 */

import {
  ALIAS,
  BLANK,
  DIRECTIVE,
  DOCUMENT_START,
  INLINE_BLANK,
  KEY_PROPERTIES,
  PLAIN_KEY,
  PLAIN_LINE,
  QUOTED,
  unquote,
} from "./yaml_cursor.ts";
import { FlowReader } from "./yaml_flow.ts";
import { DEEPEST, NO_PROPERTIES, type Span, type YamlEntry, type YamlNode } from "./yaml_reader.ts";

/** What was found in a text. */
export interface YamlIndex {
  /** The root value. */
  readonly root: YamlNode;
  /** Where a tab indents a line, which YAML forbids (§6.1) and some parsers misread in silence. */
  readonly tab: Span | undefined;
}

/**
 * Indexes the first document of a YAML text.
 *
 * @param text The text. Need not be valid.
 * @returns What was found.
 */
export function indexYaml(text: string): YamlIndex {
  const indexer = new Indexer(text);
  const root = indexer.document();
  return { root, tab: indexer.tab };
}

/** Reads block style, which may have flow style inside. */
class Indexer extends FlowReader {
  /** The first tab that indents a line in block style. */
  tab: Span | undefined;

  document(): YamlNode {
    this.cursor.take(BLANK);
    while (this.cursor.take(DIRECTIVE) !== "") this.cursor.take(BLANK);
    this.cursor.take(DOCUMENT_START);
    return this.#block(-1);
  }

  /**
   * A value in block style.
   *
   * @param parent Column of the mapping or sequence around it.
   * @param underKey Whether it follows a key: a sequence may then stand in the key's own column.
   */
  #block(parent: number, underKey = false): YamlNode {
    const before = this.cursor.at;
    this.cursor.take(BLANK);
    const ownLine = this.cursor.text.slice(before, this.cursor.at).includes("\n");
    if (ownLine) this.#noteTab();
    let column = this.cursor.column;
    const inside = column > parent || (underKey && column === parent && this.cursor.indicator("-"));
    if (this.cursor.atEnd || (ownLine && !inside)) return this.nothing(before);
    if (this.depth >= DEEPEST) return this.#skipped(parent);
    const { anchors, ownLine: nextLine } = this.#keyAhead() ? NO_PROPERTIES : this.properties();
    if (nextLine) {
      // `key: &name` and then the value on lines of its own.
      column = this.cursor.column;
      const nested = column > parent || (underKey && column === parent && this.cursor.indicator("-"));
      if (this.cursor.atEnd || !nested) return this.nothing(before);
    }
    this.depth++;
    const node = this.#blockContent(parent, column);
    this.depth--;
    for (const anchor of anchors) this.anchors.set(anchor, node);
    return node;
  }

  #noteTab(): void {
    const line = this.cursor.at - this.cursor.column;
    const tab = this.cursor.text.slice(line, this.cursor.at).indexOf("\t");
    if (tab >= 0) this.tab ??= { start: line + tab, end: line + tab + 1 };
  }

  #blockContent(parent: number, column: number): YamlNode {
    if (this.cursor.indicator("-")) return this.#blockSequence(column);
    if (this.cursor.indicator("?") || this.#keyAhead()) return this.#blockMapping(column);
    const sign = this.cursor.sign;
    if (sign === "{" || sign === "[") return this.flow();
    if (sign === "|" || sign === ">") return this.#skipped(parent);
    if (this.cursor.peeks(ALIAS)) return this.alias();
    if (sign === '"' || sign === "'") return this.leaf(QUOTED);
    return this.leaf(PLAIN_LINE);
  }

  #keyAhead(): boolean {
    const here = this.cursor.at;
    const found = this.#key() !== undefined;
    this.cursor.at = here;
    return found;
  }

  /** Takes a key and its colon; `undefined` if here is none, and then the place is not kept. */
  #key(): { key: string; span: Span } | undefined {
    this.cursor.take(KEY_PROPERTIES);
    const start = this.cursor.at;
    const sign = this.cursor.text[start];
    const written = this.cursor.take(
      sign === '"' || sign === "'" ? QUOTED : sign === "*" ? ALIAS : PLAIN_KEY,
    );
    const span = { start, end: this.cursor.at };
    this.cursor.take(INLINE_BLANK);
    if (!this.cursor.indicator(":") || written.includes("\n")) return undefined;
    this.cursor.at++;
    return { key: unquote(written), span };
  }

  #blockMapping(column: number): YamlNode {
    const start = this.cursor.at;
    const entries: YamlEntry[] = [];
    let end = start;
    while (!this.cursor.atEnd && this.cursor.column === column) {
      const entry = this.cursor.indicator("?") ? this.#explicitEntry(column) : this.#simpleEntry(column);
      if (entry === undefined) break;
      entries.push(entry);
      end = this.cursor.at;
      this.#skipDeeper(column);
    }
    return { start, end, entries, items: [] };
  }

  #simpleEntry(column: number): YamlEntry | undefined {
    const found = this.#key();
    return found && { ...found, value: this.#block(column, true) };
  }

  /** `? key` and `: value` on lines of their own. */
  #explicitEntry(column: number): YamlEntry {
    this.cursor.at++;
    const key = this.#block(column);
    const written = this.cursor.text.slice(key.start, key.end);
    this.#skipDeeper(column);
    const hasValue = this.cursor.column === column && this.cursor.indicator(":");
    if (hasValue) this.cursor.at++;
    const value = hasValue ? this.#block(column) : this.nothing(key.end);
    return { key: unquote(written), span: { start: key.start, end: key.end }, value };
  }

  #blockSequence(column: number): YamlNode {
    const start = this.cursor.at;
    const items: YamlNode[] = [];
    let end = start;
    while (!this.cursor.atEnd && this.cursor.column === column && this.cursor.indicator("-")) {
      this.cursor.at++;
      items.push(this.#block(column));
      end = this.cursor.at;
      this.#skipDeeper(column);
    }
    return { start, end, entries: [], items };
  }

  /** Goes to the next line that is not indented deeper: what is left of a value needs no place. */
  #skipDeeper(column: number): void {
    this.cursor.take(BLANK);
    while (!this.cursor.atEnd && this.cursor.column > column) {
      this.cursor.takeLine();
      this.cursor.take(BLANK);
    }
  }

  /** A block scalar, or what is nested too deep: everything that is indented more than its parent. */
  #skipped(parent: number): YamlNode {
    const start = this.cursor.at;
    this.cursor.takeLine();
    const end = this.cursor.at;
    const indented = /(?:\r?\n[ \t]*(?=\r?\n|$))*\r?\n( *)[^\s]/y;
    for (;;) {
      indented.lastIndex = this.cursor.at;
      const line = indented.exec(this.cursor.text);
      if (line === null || line[1]!.length <= parent) break;
      this.cursor.at += line[0].length;
      this.cursor.takeLine();
    }
    return { start, end, entries: [], items: [] };
  }
}
