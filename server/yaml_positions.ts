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

/** What a key looks like in block style: up to a colon that a space or a line end follows. */
const PLAIN_KEY =
  /(?![-?:](?:\s|$)|[[\]{},#&*!|>'"%@`])(?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?![#\s]))*(?=[ \t]*:(?:\s|$))/y;
const QUOTED = /"(?:[^"\\]|\\[^])*(?:"|$)|'(?:[^']|'')*(?:'|$)/y;
/** Spaces, line ends, and comments where a comment may begin. */
const BLANK = /(?:[ \t\r\n]+|(?<=^|[\s])#[^\r\n]*)*/y;
const INLINE_BLANK = /[ \t]*/y;
const PROPERTY = /[&!][^\s,[\]{}]*/y;
/** Properties of a key; those of a mapping stand on the line before it. */
const KEY_PROPERTIES = /(?:[&!][^\s,[\]{}]*[ \t]+)*/y;
const ALIAS = /\*[^\s,[\]{}]+/y;
/** The rest of a line without a comment and without trailing space. */
const PLAIN_LINE = /(?:[^\s#]|(?<=\S)#|[ \t]+(?![#\s]))*/y;
/** In flow style a plain scalar may go on in the next line. */
const FLOW_PLAIN = /(?:[^\s,[\]{}:#]|:(?![\s,[\]{}]|$)|(?<=\S)#|\s+(?![#\s,[\]{}:]|$))*/y;
const DIRECTIVE = /%[^\r\n]*/y;
const DOCUMENT_START = /---(?=\s|$)/y;
const DOCUMENT_MARK = /(?:---|\.\.\.)(?=\s|$)/y;

/** The anchors before a value, and whether the value begins on a line below them. */
interface Properties {
  readonly anchors: readonly string[];
  readonly ownLine: boolean;
}

const NO_PROPERTIES: Properties = { anchors: [], ownLine: false };

class Indexer {
  /** The first tab that indents a line in block style. */
  tab: Span | undefined;
  readonly #text: string;
  readonly #anchors = new Map<string, YamlNode>();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  document(): YamlNode {
    this.#take(BLANK);
    while (this.#take(DIRECTIVE) !== "") this.#take(BLANK);
    this.#take(DOCUMENT_START);
    return this.#block(-1);
  }

  /** Takes what the sticky pattern matches here, possibly nothing. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #peeks(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  /** The column of an offset, counted from 0. */
  #column(offset: number): number {
    return offset - (this.#text.lastIndexOf("\n", offset - 1) + 1);
  }

  #atEnd(): boolean {
    return this.#at >= this.#text.length || (this.#column(this.#at) === 0 && this.#peeks(DOCUMENT_MARK));
  }

  /** Whether here is an indicator that a space or a line end follows: `- `, `? `, `: `. */
  #indicator(sign: string): boolean {
    return this.#text[this.#at] === sign && /^(?:\s|)$/.test(this.#text[this.#at + 1] ?? "");
  }

  /**
   * A value in block style.
   *
   * @param parent Column of the mapping or sequence around it.
   * @param underKey Whether it follows a key: a sequence may then stand in the key's own column.
   */
  #block(parent: number, underKey = false): YamlNode {
    const before = this.#at;
    this.#take(BLANK);
    const ownLine = this.#text.slice(before, this.#at).includes("\n");
    if (ownLine) this.#noteTab();
    let column = this.#column(this.#at);
    const inside = column > parent || (underKey && column === parent && this.#indicator("-"));
    if (this.#atEnd() || (ownLine && !inside)) return this.#nothing(before);
    if (this.#depth >= DEEPEST) return this.#skipped(parent);
    const { anchors, ownLine: nextLine } = this.#keyAhead() ? NO_PROPERTIES : this.#properties();
    if (nextLine) {
      // `key: &name` and then the value on lines of its own.
      column = this.#column(this.#at);
      const nested = column > parent || (underKey && column === parent && this.#indicator("-"));
      if (this.#atEnd() || !nested) return this.#nothing(before);
    }
    this.#depth++;
    const node = this.#blockContent(parent, column);
    this.#depth--;
    for (const anchor of anchors) this.#anchors.set(anchor, node);
    return node;
  }

  #noteTab(): void {
    const line = this.#at - this.#column(this.#at);
    const tab = this.#text.slice(line, this.#at).indexOf("\t");
    if (tab >= 0) this.tab ??= { start: line + tab, end: line + tab + 1 };
  }

  /** Takes anchors and tags, and what is blank behind them. */
  #properties(): Properties {
    const anchors: string[] = [];
    let ownLine = false;
    while (this.#peeks(PROPERTY)) {
      const property = this.#take(PROPERTY);
      if (property.startsWith("&")) anchors.push(property.slice(1));
      ownLine = this.#take(BLANK).includes("\n") || ownLine;
    }
    return { anchors, ownLine };
  }

  #blockContent(parent: number, column: number): YamlNode {
    if (this.#indicator("-")) return this.#blockSequence(column);
    if (this.#indicator("?") || this.#keyAhead()) return this.#blockMapping(column);
    const sign = this.#text[this.#at];
    if (sign === "{" || sign === "[") return this.#flow();
    if (sign === "|" || sign === ">") return this.#skipped(parent);
    if (this.#peeks(ALIAS)) return this.#alias();
    if (sign === '"' || sign === "'") return this.#leaf(QUOTED);
    return this.#leaf(PLAIN_LINE);
  }

  #keyAhead(): boolean {
    const here = this.#at;
    const found = this.#key() !== undefined;
    this.#at = here;
    return found;
  }

  /** Takes a key and its colon; `undefined` if here is none, and then the place is not kept. */
  #key(): { key: string; span: Span } | undefined {
    this.#take(KEY_PROPERTIES);
    const start = this.#at;
    const sign = this.#text[start];
    const written = this.#take(sign === '"' || sign === "'" ? QUOTED : sign === "*" ? ALIAS : PLAIN_KEY);
    const span = { start, end: this.#at };
    this.#take(INLINE_BLANK);
    if (!this.#indicator(":") || written.includes("\n")) return undefined;
    this.#at++;
    return { key: unquote(written), span };
  }

  #blockMapping(column: number): YamlNode {
    const start = this.#at;
    const entries: YamlEntry[] = [];
    let end = start;
    while (!this.#atEnd() && this.#column(this.#at) === column) {
      const entry = this.#indicator("?") ? this.#explicitEntry(column) : this.#simpleEntry(column);
      if (entry === undefined) break;
      entries.push(entry);
      end = this.#at;
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
    this.#at++;
    const key = this.#block(column);
    const written = this.#text.slice(key.start, key.end);
    this.#skipDeeper(column);
    const hasValue = this.#column(this.#at) === column && this.#indicator(":");
    if (hasValue) this.#at++;
    const value = hasValue ? this.#block(column) : this.#nothing(key.end);
    return { key: unquote(written), span: { start: key.start, end: key.end }, value };
  }

  #blockSequence(column: number): YamlNode {
    const start = this.#at;
    const items: YamlNode[] = [];
    let end = start;
    while (!this.#atEnd() && this.#column(this.#at) === column && this.#indicator("-")) {
      this.#at++;
      items.push(this.#block(column));
      end = this.#at;
      this.#skipDeeper(column);
    }
    return { start, end, entries: [], items };
  }

  /** Goes to the next line that is not indented deeper: what is left of a value needs no place. */
  #skipDeeper(column: number): void {
    this.#take(BLANK);
    while (!this.#atEnd() && this.#column(this.#at) > column) {
      this.#take(/[^\r\n]*/y);
      this.#take(BLANK);
    }
  }

  /** A block scalar, or what is nested too deep: everything that is indented more than its parent. */
  #skipped(parent: number): YamlNode {
    const start = this.#at;
    this.#take(/[^\r\n]*/y);
    const end = this.#at;
    const indented = /(?:\r?\n[ \t]*(?=\r?\n|$))*\r?\n( *)[^\s]/y;
    for (;;) {
      indented.lastIndex = this.#at;
      const line = indented.exec(this.#text);
      if (line === null || line[1]!.length <= parent) break;
      this.#at += line[0].length;
      this.#take(/[^\r\n]*/y);
    }
    return { start, end, entries: [], items: [] };
  }

  #alias(): YamlNode {
    const start = this.#at;
    const target = this.#anchors.get(this.#take(ALIAS).slice(1));
    return { start, end: this.#at, entries: target?.entries ?? [], items: target?.items ?? [] };
  }

  #leaf(pattern: RegExp): YamlNode {
    const start = this.#at;
    this.#take(pattern);
    return { start, end: this.#at, entries: [], items: [] };
  }

  /** A value that was not written stands where it would be. */
  #nothing(at: number): YamlNode {
    this.#at = at;
    return { start: at, end: at, entries: [], items: [] };
  }

  /** A value in flow style: `{ … }`, `[ … ]`, or a scalar inside of one. */
  #flow(): YamlNode {
    this.#take(BLANK);
    const { anchors } = this.#properties();
    this.#depth++;
    const node = this.#flowContent();
    this.#depth--;
    for (const anchor of anchors) this.#anchors.set(anchor, node);
    return node;
  }

  #flowContent(): YamlNode {
    const sign = this.#text[this.#at];
    if (this.#depth > DEEPEST) return this.#leaf(/[^]*/y);
    if (sign === "{") return this.#flowMapping();
    if (sign === "[") return this.#flowSequence();
    if (sign === '"' || sign === "'") return this.#leaf(QUOTED);
    return this.#peeks(ALIAS) ? this.#alias() : this.#leaf(FLOW_PLAIN);
  }

  #flowMapping(): YamlNode {
    const start = this.#at++;
    const entries: YamlEntry[] = [];
    this.#eachFlowItem("}", () => entries.push(this.#flowEntry(this.#flow())));
    return { start, end: this.#at, entries, items: [] };
  }

  #flowSequence(): YamlNode {
    const start = this.#at++;
    const items: YamlNode[] = [];
    this.#eachFlowItem("]", () => {
      const item = this.#flow();
      this.#take(BLANK);
      if (this.#text[this.#at] !== ":") return items.push(item);
      // `[key: value]` is a list of one mapping.
      const entry = this.#flowEntry(item);
      return items.push({ start: item.start, end: this.#at, entries: [entry], items: [] });
    });
    return { start, end: this.#at, entries: [], items };
  }

  #eachFlowItem(close: string, take: () => void): void {
    for (;;) {
      this.#take(BLANK);
      const sign = this.#text[this.#at];
      if (sign === undefined) return;
      const before = this.#at;
      if (sign === close) {
        this.#at++;
        return;
      }
      if (this.#indicator("?")) this.#at++;
      if (sign !== ",") take();
      // A comma, or a character that means nothing here.
      if (sign === "," || this.#at === before) this.#at++;
    }
  }

  #flowEntry(key: YamlNode): YamlEntry {
    this.#take(BLANK);
    const span = { start: key.start, end: key.end };
    const name = unquote(this.#text.slice(key.start, key.end));
    if (this.#text[this.#at] !== ":") return { key: name, span, value: this.#nothing(this.#at) };
    this.#at++;
    return { key: name, span, value: this.#flow() };
  }
}

function unquote(written: string): string {
  if (written.startsWith("'")) return written.slice(1, -1).replaceAll("''", "'");
  if (!written.startsWith('"')) return written.replace(/\s*\n\s*/g, " ");
  try {
    return JSON.parse(written);
  } catch {
    // An escape that only YAML has; no setting is called like that.
    return written.slice(1, -1);
  }
}
