/**
 * Where the keys and values of a YAML text stand. The YAML parser gives values without positions,
 * and an error message without a position is of little use; so this file reads the structure of the
 * text once more and keeps nothing but places.
 *
 * It is not a YAML parser and never decides what a value is: it has to agree with the parser about
 * the shape of any valid text, and must come to an end, without throwing, on every other. What it
 * does not understand has no place of its own and is reported at the nearest place around it.
 *
 * YAML 1.2.2: chapter 6 (indentation, comments, node properties), 7 (flow styles), 8 (block styles).
 *
 * @module
 */

import {
  ALIAS,
  BLANK,
  DIRECTIVE,
  DOCUMENT_START,
  FLOW_PLAIN,
  INLINE_BLANK,
  KEY_PROPERTIES,
  PLAIN_KEY,
  PLAIN_LINE,
  PROPERTY,
  QUOTED,
  unquote,
  YamlCursor,
} from "./yaml_cursor.ts";

/** A stretch of the text, in UTF-16 code units from its begin. */
export interface Span {
  /** First code unit. */
  readonly start: number;
  /** Behind the last code unit; equal to `start` where nothing was written. */
  readonly end: number;
}

/** One key of a mapping. */
export interface YamlEntry {
  /** The key, without quotes. */
  readonly key: string;
  /** Where the key stands, with its quotes. */
  readonly span: Span;
  /** Its value. */
  readonly value: YamlNode;
}

/** A value's place, and the places inside it. */
export interface YamlNode extends Span {
  /** The keys of a mapping in order, repeated ones included; empty for anything else. */
  readonly entries: readonly YamlEntry[];
  /** The items of a sequence; empty for anything else. */
  readonly items: readonly YamlNode[];
}

/** What was found in a text. */
export interface YamlIndex {
  /** The root value. */
  readonly root: YamlNode;
  /** Where a tab indents a line, which YAML forbids (§6.1) and some parsers misread in silence. */
  readonly tab: Span | undefined;
}

/** Nobody nests a config this deep; beyond it, places are not worth a stack overflow. */
const DEEPEST = 100;

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

/** The anchors before a value, and whether the value begins on a line below them. */
interface Properties {
  readonly anchors: readonly string[];
  readonly ownLine: boolean;
}

const NO_PROPERTIES: Properties = { anchors: [], ownLine: false };

class Indexer {
  /** The first tab that indents a line in block style. */
  tab: Span | undefined;
  readonly #cursor: YamlCursor;
  readonly #anchors = new Map<string, YamlNode>();
  #depth = 0;

  constructor(text: string) {
    this.#cursor = new YamlCursor(text);
  }

  document(): YamlNode {
    this.#cursor.take(BLANK);
    while (this.#cursor.take(DIRECTIVE) !== "") this.#cursor.take(BLANK);
    this.#cursor.take(DOCUMENT_START);
    return this.#block(-1);
  }

  /**
   * A value in block style.
   *
   * @param parent Column of the mapping or sequence around it.
   * @param underKey Whether it follows a key: a sequence may then stand in the key's own column.
   */
  #block(parent: number, underKey = false): YamlNode {
    const before = this.#cursor.at;
    this.#cursor.take(BLANK);
    const ownLine = this.#cursor.text.slice(before, this.#cursor.at).includes("\n");
    if (ownLine) this.#noteTab();
    let column = this.#cursor.column;
    const inside = column > parent || (underKey && column === parent && this.#cursor.indicator("-"));
    if (this.#cursor.atEnd || (ownLine && !inside)) return this.#nothing(before);
    if (this.#depth >= DEEPEST) return this.#skipped(parent);
    const { anchors, ownLine: nextLine } = this.#keyAhead() ? NO_PROPERTIES : this.#properties();
    if (nextLine) {
      // `key: &name` and then the value on lines of its own.
      column = this.#cursor.column;
      const nested = column > parent || (underKey && column === parent && this.#cursor.indicator("-"));
      if (this.#cursor.atEnd || !nested) return this.#nothing(before);
    }
    this.#depth++;
    const node = this.#blockContent(parent, column);
    this.#depth--;
    for (const anchor of anchors) this.#anchors.set(anchor, node);
    return node;
  }

  #noteTab(): void {
    const line = this.#cursor.at - this.#cursor.column;
    const tab = this.#cursor.text.slice(line, this.#cursor.at).indexOf("\t");
    if (tab >= 0) this.tab ??= { start: line + tab, end: line + tab + 1 };
  }

  /** Takes anchors and tags, and what is blank behind them. */
  #properties(): Properties {
    const anchors: string[] = [];
    let ownLine = false;
    while (this.#cursor.peeks(PROPERTY)) {
      const property = this.#cursor.take(PROPERTY);
      if (property.startsWith("&")) anchors.push(property.slice(1));
      ownLine = this.#cursor.take(BLANK).includes("\n") || ownLine;
    }
    return { anchors, ownLine };
  }

  #blockContent(parent: number, column: number): YamlNode {
    if (this.#cursor.indicator("-")) return this.#blockSequence(column);
    if (this.#cursor.indicator("?") || this.#keyAhead()) return this.#blockMapping(column);
    const sign = this.#cursor.sign;
    if (sign === "{" || sign === "[") return this.#flow();
    if (sign === "|" || sign === ">") return this.#skipped(parent);
    if (this.#cursor.peeks(ALIAS)) return this.#alias();
    if (sign === '"' || sign === "'") return this.#leaf(QUOTED);
    return this.#leaf(PLAIN_LINE);
  }

  #keyAhead(): boolean {
    const here = this.#cursor.at;
    const found = this.#key() !== undefined;
    this.#cursor.at = here;
    return found;
  }

  /** Takes a key and its colon; `undefined` if here is none, and then the place is not kept. */
  #key(): { key: string; span: Span } | undefined {
    this.#cursor.take(KEY_PROPERTIES);
    const start = this.#cursor.at;
    const sign = this.#cursor.text[start];
    const written = this.#cursor.take(
      sign === '"' || sign === "'" ? QUOTED : sign === "*" ? ALIAS : PLAIN_KEY,
    );
    const span = { start, end: this.#cursor.at };
    this.#cursor.take(INLINE_BLANK);
    if (!this.#cursor.indicator(":") || written.includes("\n")) return undefined;
    this.#cursor.at++;
    return { key: unquote(written), span };
  }

  #blockMapping(column: number): YamlNode {
    const start = this.#cursor.at;
    const entries: YamlEntry[] = [];
    let end = start;
    while (!this.#cursor.atEnd && this.#cursor.column === column) {
      const entry = this.#cursor.indicator("?") ? this.#explicitEntry(column) : this.#simpleEntry(column);
      if (entry === undefined) break;
      entries.push(entry);
      end = this.#cursor.at;
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
    this.#cursor.at++;
    const key = this.#block(column);
    const written = this.#cursor.text.slice(key.start, key.end);
    this.#skipDeeper(column);
    const hasValue = this.#cursor.column === column && this.#cursor.indicator(":");
    if (hasValue) this.#cursor.at++;
    const value = hasValue ? this.#block(column) : this.#nothing(key.end);
    return { key: unquote(written), span: { start: key.start, end: key.end }, value };
  }

  #blockSequence(column: number): YamlNode {
    const start = this.#cursor.at;
    const items: YamlNode[] = [];
    let end = start;
    while (!this.#cursor.atEnd && this.#cursor.column === column && this.#cursor.indicator("-")) {
      this.#cursor.at++;
      items.push(this.#block(column));
      end = this.#cursor.at;
      this.#skipDeeper(column);
    }
    return { start, end, entries: [], items };
  }

  /** Goes to the next line that is not indented deeper: what is left of a value needs no place. */
  #skipDeeper(column: number): void {
    this.#cursor.take(BLANK);
    while (!this.#cursor.atEnd && this.#cursor.column > column) {
      this.#cursor.takeLine();
      this.#cursor.take(BLANK);
    }
  }

  /** A block scalar, or what is nested too deep: everything that is indented more than its parent. */
  #skipped(parent: number): YamlNode {
    const start = this.#cursor.at;
    this.#cursor.takeLine();
    const end = this.#cursor.at;
    const indented = /(?:\r?\n[ \t]*(?=\r?\n|$))*\r?\n( *)[^\s]/y;
    for (;;) {
      indented.lastIndex = this.#cursor.at;
      const line = indented.exec(this.#cursor.text);
      if (line === null || line[1]!.length <= parent) break;
      this.#cursor.at += line[0].length;
      this.#cursor.takeLine();
    }
    return { start, end, entries: [], items: [] };
  }

  #alias(): YamlNode {
    const start = this.#cursor.at;
    const target = this.#anchors.get(this.#cursor.take(ALIAS).slice(1));
    return { start, end: this.#cursor.at, entries: target?.entries ?? [], items: target?.items ?? [] };
  }

  #leaf(pattern: RegExp): YamlNode {
    const start = this.#cursor.at;
    this.#cursor.take(pattern);
    return { start, end: this.#cursor.at, entries: [], items: [] };
  }

  /** A value that was not written stands where it would be. */
  #nothing(at: number): YamlNode {
    this.#cursor.at = at;
    return { start: at, end: at, entries: [], items: [] };
  }

  /** A value in flow style: `{ … }`, `[ … ]`, or a scalar inside of one. */
  #flow(): YamlNode {
    this.#cursor.take(BLANK);
    const { anchors } = this.#properties();
    this.#depth++;
    const node = this.#flowContent();
    this.#depth--;
    for (const anchor of anchors) this.#anchors.set(anchor, node);
    return node;
  }

  #flowContent(): YamlNode {
    const sign = this.#cursor.sign;
    if (this.#depth > DEEPEST) return this.#leaf(/[^]*/y);
    if (sign === "{") return this.#flowMapping();
    if (sign === "[") return this.#flowSequence();
    if (sign === '"' || sign === "'") return this.#leaf(QUOTED);
    return this.#cursor.peeks(ALIAS) ? this.#alias() : this.#leaf(FLOW_PLAIN);
  }

  #flowMapping(): YamlNode {
    const start = this.#cursor.at++;
    const entries: YamlEntry[] = [];
    this.#eachFlowItem("}", () => entries.push(this.#flowEntry(this.#flow())));
    return { start, end: this.#cursor.at, entries, items: [] };
  }

  #flowSequence(): YamlNode {
    const start = this.#cursor.at++;
    const items: YamlNode[] = [];
    this.#eachFlowItem("]", () => {
      const item = this.#flow();
      this.#cursor.take(BLANK);
      if (this.#cursor.sign !== ":") return items.push(item);
      // `[key: value]` is a list of one mapping.
      const entry = this.#flowEntry(item);
      return items.push({ start: item.start, end: this.#cursor.at, entries: [entry], items: [] });
    });
    return { start, end: this.#cursor.at, entries: [], items };
  }

  #eachFlowItem(close: string, take: () => void): void {
    for (;;) {
      this.#cursor.take(BLANK);
      const sign = this.#cursor.sign;
      if (sign === undefined) return;
      const before = this.#cursor.at;
      if (sign === close) {
        this.#cursor.at++;
        return;
      }
      if (this.#cursor.indicator("?")) this.#cursor.at++;
      if (sign !== ",") take();
      // A comma, or a character that means nothing here.
      if (sign === "," || this.#cursor.at === before) this.#cursor.at++;
    }
  }

  #flowEntry(key: YamlNode): YamlEntry {
    this.#cursor.take(BLANK);
    const span = { start: key.start, end: key.end };
    const name = unquote(this.#cursor.text.slice(key.start, key.end));
    if (this.#cursor.sign !== ":") return { key: name, span, value: this.#nothing(this.#cursor.at) };
    this.#cursor.at++;
    return { key: name, span, value: this.#flow() };
  }
}
