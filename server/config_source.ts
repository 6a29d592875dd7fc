/**
 * A config document: its values, where each stands, and how a problem there is shown. It owns the
 * look of every config error and knows nothing of which keys exist.
 *
 * The YAML is read with the failsafe schema (YAML 1.2.2 §10.1): every scalar stays the text that was
 * written, and the settings table alone says which type it has. So `0660`, `yes`, `1:30` and
 * `2024-01-01` mean the same to every YAML library, and a value out of `${ENV}` is read like any other.
 *
 * @module
 */
import { parse } from "jsr:@std/yaml@^1/parse";
import { ConfigError, type ConfigProblem } from "./errors.ts";
import { indexYaml } from "./yaml_positions.ts";
import type { Span, YamlEntry, YamlNode } from "./yaml_reader.ts";

/** The way to a value from the root: keys, and numbers of list items. */
export type KeyPath = readonly (string | number)[];

/** What a problem is about: a value, or the key that stands before it. */
export type ProblemTarget = "value" | "key";

const NOWHERE: Span = { start: 0, end: 0 };
/** Longest part of a source line that is shown. */
const SHOWN = 120;

/** A config document. */
export class ConfigSource {
  /** How the document is called in messages: the path as the user wrote it. */
  readonly name: string;
  /** The root value: text, lists and mappings. Without a text it may hold any plain data. */
  readonly value: unknown;
  readonly #text: string | undefined;
  readonly #index: YamlNode | undefined;

  private constructor(name: string, value: unknown, text?: string, index?: YamlNode) {
    this.name = name;
    this.value = value;
    this.#text = text;
    this.#index = index;
  }

  /**
   * Reads a YAML text. Repeated keys are no error yet: {@linkcode duplicates} reports them beside
   * everything else that is wrong.
   *
   * @param name How to call it in messages.
   * @param text The text.
   * @returns The document.
   * @throws {ConfigError} If it is not valid YAML.
   */
  static fromYaml(name: string, text: string): ConfigSource {
    // A byte order mark belongs to the file, not to its first line.
    if (text.startsWith("\ufeff")) text = text.slice(1);
    const { root, tab } = indexYaml(text);
    if (tab !== undefined) {
      const message = "this is not YAML: a tab cannot indent a line; use spaces";
      throw new ConfigError([problemAt(name, text, "", message, tab)]);
    }
    try {
      return new ConfigSource(
        name,
        parse(text, { schema: "failsafe", allowDuplicateKeys: true }),
        text,
        root,
      );
    } catch (error) {
      throw new ConfigError([syntaxProblem(name, text, error)]);
    }
  }

  /**
   * Takes settings that did not come from a file; problems name the key instead of a line.
   *
   * @param name How to call it in messages.
   * @param value The settings, as plain data.
   * @returns The document.
   */
  static fromValue(name: string, value: unknown): ConfigSource {
    return new ConfigSource(name, value);
  }

  /**
   * Reports something wrong.
   *
   * @param path The value that it is about. If it has no place, the nearest place around it is shown.
   * @param message What is wrong.
   * @param target Whether to point at the value or at its key.
   * @param part A part of the value to point at, if it can be found there.
   * @returns The problem.
   */
  problem(path: KeyPath, message: string, target: ProblemTarget = "value", part = ""): ConfigProblem {
    const span = this.#span(path, target);
    const offset = part === "" ? -1 : this.#text?.slice(span.start, span.end).indexOf(part) ?? -1;
    const shown = offset < 0 ? span : { start: span.start + offset, end: span.start + offset + part.length };
    return this.#at(path, message, shown);
  }

  /** Whether this was written in a file, where `${NAME}` stands for an environment variable. */
  get isFile(): boolean {
    return this.#text !== undefined;
  }

  /** Every key that stands in its mapping for a second time. */
  duplicates(): ConfigProblem[] {
    const problems: ConfigProblem[] = [];
    if (this.#index !== undefined) this.#collectDuplicates(this.#index, [], problems);
    return problems;
  }

  #collectDuplicates(node: YamlNode, path: KeyPath, problems: ConfigProblem[]): void {
    const first = new Map<string, YamlEntry>();
    for (const entry of node.entries) {
      const earlier = first.get(entry.key);
      const inner = [...path, entry.key];
      if (earlier === undefined) first.set(entry.key, entry);
      else {
        const { line } = place(this.#text!, earlier.span.start);
        const message = `duplicate key ${JSON.stringify(entry.key)}: it is already set in line ${line}`;
        problems.push(this.#at(inner, message, entry.span));
      }
      if (isWithin(entry.value, node)) this.#collectDuplicates(entry.value, inner, problems);
    }
    node.items.forEach((item, i) => {
      if (isWithin(item, node)) this.#collectDuplicates(item, [...path, i], problems);
    });
  }

  #at(path: KeyPath, message: string, span: Span): ConfigProblem {
    return problemAt(this.name, this.#text, formatPath(path), message, span);
  }

  #span(path: KeyPath, target: ProblemTarget): Span {
    let node = this.#index;
    let span: Span = node ?? NOWHERE;
    for (const [depth, step] of path.entries()) {
      // Of repeated keys the parser keeps the last.
      const entry = typeof step === "string"
        ? node?.entries.findLast((entry) => entry.key === step)
        : undefined;
      node = typeof step === "number" ? node?.items[step] : entry?.value;
      if (node === undefined) break;
      const wantsKey = target === "key" && depth === path.length - 1 && entry !== undefined;
      span = wantsKey ? entry.span : node;
    }
    return span;
  }
}

/**
 * Writes the way to a value as people do: `routes[2].path`.
 *
 * @param path The way.
 * @returns The text; empty for the root.
 */
export function formatPath(path: KeyPath): string {
  return path.map((step, i) => typeof step === "number" ? `[${step}]` : i === 0 ? step : `.${step}`).join("");
}

/** An alias shows keys that stand elsewhere; what is wrong there has been said there. */
function isWithin(inner: YamlNode, outer: YamlNode): boolean {
  const first = inner.entries[0]?.span ?? inner.items[0];
  return first === undefined || (first.start >= inner.start && inner.start >= outer.start);
}

/** The parser ends its messages with the place and an excerpt; both are shown our way. */
const PARSER_MESSAGE = /^([^]*?) at line (\d+), column (\d+)/;
/** In flow style the braces of `${…}` are YAML's own. */
const REFERENCE_HINT = "; between { and } put ${NAME} in quotes";
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/;

function syntaxProblem(name: string, text: string, error: unknown): ConfigProblem {
  const control = CONTROL.exec(text);
  const parsed = PARSER_MESSAGE.exec(error instanceof Error ? error.message : "");
  if (control !== null) {
    const span = { start: control.index, end: control.index + 1 };
    return problemAt(name, text, "", "this is not YAML: a control character", span);
  }
  if (parsed === null) {
    const reason = error instanceof RangeError ? "it is nested too deep" : String(error);
    return problemAt(name, text, "", `this is not YAML: ${reason}`, NOWHERE);
  }
  const start = offsetOf(text, Number(parsed[2]), Number(parsed[3]));
  const hint = place(text, start).source.includes("${") ? REFERENCE_HINT : "";
  return problemAt(name, text, "", `this is not YAML: ${parsed[1]}${hint}`, { start, end: start + 1 });
}

function problemAt(
  name: string,
  text: string | undefined,
  key: string,
  message: string,
  span: Span,
): ConfigProblem {
  if (text === undefined) {
    return { key, line: 0, column: 0, message, report: `${name}: ${message}` };
  }
  const { line, column, source } = place(text, span.start);
  const report = `${name}:${line}:${column}: ${message}\n${
    excerpt(line, column, source, span.end - span.start)
  }`;
  return { key, line, column, message, report };
}

/** Line and column of an offset, and the whole line. */
function place(text: string, offset: number): { line: number; column: number; source: string } {
  const before = text.slice(0, offset);
  const start = before.lastIndexOf("\n") + 1;
  const source = text.slice(start).match(/^[^\r\n]*/)![0];
  return { line: before.split("\n").length, column: offset - start + 1, source };
}

function offsetOf(text: string, line: number, column: number): number {
  let start = 0;
  for (let i = 1; i < line; i++) {
    const next = text.indexOf("\n", start);
    // A place behind the end: the text ended where more was expected.
    if (next < 0 || next === text.length - 1) return text.trimEnd().length;
    start = next + 1;
  }
  return Math.min(start + column - 1, text.length);
}

/** The source line, and carets under the part that is meant. */
function excerpt(line: number, column: number, source: string, length: number): string {
  const from = column > SHOWN - 20 ? column - SHOWN / 2 : 0;
  const shown = source.slice(from, from + SHOWN).replace(new RegExp(CONTROL, "g"), "\ufffd");
  const carets = Math.max(1, Math.min(length, shown.length - (column - 1 - from)));
  const margin = String(line);
  const indent = shown.slice(0, column - 1 - from).replace(/[^\t]/g, " ");
  return `  ${margin} | ${shown}\n  ${" ".repeat(margin.length)} | ${indent}${"^".repeat(carets)}`;
}
