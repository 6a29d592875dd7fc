/**
 * What `yaml_positions.ts` finds, and what reading has in common in both of YAML's styles: anchors and
 * aliases, scalars, and what was not written.
 *
 * YAML 1.2.2: chapters 6.9 (node properties), 7.1 (aliases), 7.2 (empty nodes).
 *
 * @module
 */
import { ALIAS, BLANK, PROPERTY, YamlCursor } from "./yaml_cursor.ts";

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

/** Nobody nests a config this deep; beyond it, places are not worth a stack overflow. */
export const DEEPEST = 100;

/** The anchors before a value, and whether the value begins on a line below them. */
export interface Properties {
  readonly anchors: readonly string[];
  readonly ownLine: boolean;
}

/** None, and no line end. */
export const NO_PROPERTIES: Properties = { anchors: [], ownLine: false };

/** Reads values at a cursor. */
export class YamlReader {
  /** Where in the text. */
  protected readonly cursor: YamlCursor;
  /** The values that aliases stand for. */
  protected readonly anchors = new Map<string, YamlNode>();
  /** How many values are around the one at the cursor. */
  protected depth = 0;

  /** @param text The text. */
  constructor(text: string) {
    this.cursor = new YamlCursor(text);
  }

  /** Takes anchors and tags, and what is blank behind them. */
  protected properties(): Properties {
    const anchors: string[] = [];
    let ownLine = false;
    while (this.cursor.peeks(PROPERTY)) {
      const property = this.cursor.take(PROPERTY);
      if (property.startsWith("&")) anchors.push(property.slice(1));
      ownLine = this.cursor.take(BLANK).includes("\n") || ownLine;
    }
    return { anchors, ownLine };
  }

  /** A value that stands elsewhere. */
  protected alias(): YamlNode {
    const start = this.cursor.at;
    const target = this.anchors.get(this.cursor.take(ALIAS).slice(1));
    return { start, end: this.cursor.at, entries: target?.entries ?? [], items: target?.items ?? [] };
  }

  /** A value with nothing inside. */
  protected leaf(pattern: RegExp): YamlNode {
    const start = this.cursor.at;
    this.cursor.take(pattern);
    return { start, end: this.cursor.at, entries: [], items: [] };
  }

  /** A value that was not written stands where it would be. */
  protected nothing(at: number): YamlNode {
    this.cursor.at = at;
    return { start: at, end: at, entries: [], items: [] };
  }
}
