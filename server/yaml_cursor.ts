/**
 * A cursor over a YAML text, and what the tokens of YAML look like: everything about characters, so
 * that `yaml_positions.ts` has the structure alone. The patterns are sticky: each matches at the
 * cursor or not at all.
 *
 * YAML 1.2.2: chapter 5 (indicators), 6 (comments, node properties), 7.3 (plain and quoted scalars).
 *
 * @module
 */

/** What a key looks like in block style: up to a colon that a space or a line end follows. */
export const PLAIN_KEY: RegExp =
  /(?![-?:](?:\s|$)|[[\]{},#&*!|>'"%@`])(?:[^\s:#]|:(?=\S)|(?<=\S)#|[ \t]+(?![#\s]))*(?=[ \t]*:(?:\s|$))/y;
/** A scalar in quotes, also over several lines; up to the end where the closing quote is missing. */
export const QUOTED: RegExp = /"(?:[^"\\]|\\[^])*(?:"|$)|'(?:[^']|'')*(?:'|$)/y;
/** Spaces, line ends, and comments where a comment may begin. */
export const BLANK: RegExp = /(?:[ \t\r\n]+|(?<=^|[\s])#[^\r\n]*)*/y;
/** What may stand between a key and its colon. */
export const INLINE_BLANK: RegExp = /[ \t]*/y;
/** An anchor or a tag. */
export const PROPERTY: RegExp = /[&!][^\s,[\]{}]*/y;
/** Properties of a key; those of a mapping stand on the line before it. */
export const KEY_PROPERTIES: RegExp = /(?:[&!][^\s,[\]{}]*[ \t]+)*/y;
/** `*name`. */
export const ALIAS: RegExp = /\*[^\s,[\]{}]+/y;
/** The rest of a line without a comment and without trailing space. */
export const PLAIN_LINE: RegExp = /(?:[^\s#]|(?<=\S)#|[ \t]+(?![#\s]))*/y;
/** In flow style a plain scalar may go on in the next line. */
export const FLOW_PLAIN: RegExp = /(?:[^\s,[\]{}:#]|:(?![\s,[\]{}]|$)|(?<=\S)#|\s+(?![#\s,[\]{}:]|$))*/y;
/** `%YAML 1.2`. */
export const DIRECTIVE: RegExp = /%[^\r\n]*/y;
/** The line that begins a document. */
export const DOCUMENT_START: RegExp = /---(?=\s|$)/y;
/** The line that ends a document, or begins the next. */
const DOCUMENT_MARK = /(?:---|\.\.\.)(?=\s|$)/y;

const REST_OF_LINE = /[^\r\n]*/y;

/** A place in a text that moves forward. */
export class YamlCursor {
  /** The text. */
  readonly text: string;
  /** The place, in UTF-16 code units from the begin. */
  at = 0;

  /** @param text The text. */
  constructor(text: string) {
    this.text = text;
  }

  /** The character here; `undefined` at the end. */
  get sign(): string | undefined {
    return this.text[this.at];
  }

  /** The column of the cursor, counted from 0. */
  get column(): number {
    return this.at - (this.text.lastIndexOf("\n", this.at - 1) + 1);
  }

  /** Whether the document ends here. */
  get atEnd(): boolean {
    return this.at >= this.text.length || (this.column === 0 && this.peeks(DOCUMENT_MARK));
  }

  /**
   * Goes past what a pattern matches here, which may be nothing.
   *
   * @param pattern A sticky pattern.
   * @returns What it matched.
   */
  take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }

  /** Goes to the end of the line. */
  takeLine(): void {
    this.take(REST_OF_LINE);
  }

  /**
   * Whether a pattern matches here.
   *
   * @param pattern A sticky pattern.
   */
  peeks(pattern: RegExp): boolean {
    pattern.lastIndex = this.at;
    return pattern.test(this.text);
  }

  /**
   * Whether an indicator stands here that needs a space or a line end behind it: `- `, `? `, `: `.
   *
   * @param sign The indicator.
   */
  indicator(sign: string): boolean {
    return this.sign === sign && /^(?:\s|)$/.test(this.text[this.at + 1] ?? "");
  }
}

/**
 * A key or scalar as it is meant, without its quotes.
 *
 * @param written As it stands in the text.
 * @returns The key.
 */
export function unquote(written: string): string {
  if (written.startsWith("'")) return written.slice(1, -1).replaceAll("''", "'");
  if (!written.startsWith('"')) return written.replace(/\s*\n\s*/g, " ");
  try {
    return JSON.parse(written);
  } catch {
    // An escape that only YAML has; no setting is called like that.
    return written.slice(1, -1);
  }
}
