/**
 * Holds config documents against the settings table: keys that do not exist, values of the wrong
 * type or out of bounds, variables that are not set. It finds all of them, and what is right stays
 * usable, so that one mistake hides no other. Nor does it make another: what stands below a misspelt
 * key is read as if it were spelt right, since others may depend on it.
 *
 * It knows the shape of the settings only from the table, and nothing of what they mean together:
 * that is `config_settings.ts`.
 *
 * @module
 */
import { type ConfigSource, formatPath, type KeyPath, type ProblemTarget } from "./config_source.ts";
import { badName, isScalar, nameOf, quote, unknownKey } from "./config_wording.ts";
import { substitute } from "./env_substitution.ts";
import type { ConfigProblem } from "./errors.ts";
import { nearest } from "./nearest.ts";
import { APP_NAME, Refusal, type Surroundings } from "./setting_kinds.ts";
import {
  keysBelow,
  rowOf,
  type SectionKey,
  type SectionRow,
  type SettingKey,
  type SettingRow,
  type SettingValue,
} from "./settings_table.ts";

/** A value that was found, and where. */
interface Found {
  readonly source: ConfigSource;
  /** As written; differs from the way to the setting where a shorthand was used. */
  readonly path: KeyPath;
  /** `undefined` if it was refused, or for a section. */
  readonly value: unknown;
}

/** Where the walk is: the setting in the table, the way to it, and the way as written. */
interface Place {
  readonly source: ConfigSource;
  readonly around: Surroundings;
  /** Key in the table: `"apps.*.twig"`. */
  readonly key: string;
  /** The way to the setting: `["apps", "hello", "twig"]`. */
  readonly path: KeyPath;
  /** The way to the text. */
  readonly written: KeyPath;
}

type Mapping = Readonly<Record<string, unknown>>;

/** The settings of one document or several, where later ones override earlier ones. */
export class CheckedConfig {
  readonly #found = new Map<string, Found>();
  readonly #problems: ConfigProblem[] = [];
  /** Misspelt keys, as written, whose values are read as what they probably mean. */
  readonly #guessed = new Set<string>();
  /** What has a key below it that could mean anything. */
  readonly #puzzling = new Set<string>();

  /** What was wrong, in the order of the text. */
  get problems(): readonly ConfigProblem[] {
    return this.#problems.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  /**
   * Reads a document. What it sets overrides what was read before; lists are replaced as a whole.
   *
   * @param source The document.
   * @param around What its paths are relative to, and its environment.
   */
  read(source: ConfigSource, around: Surroundings): void {
    this.#problems.push(...source.duplicates());
    this.#group({ source, around, key: "", path: [], written: [] }, source.value);
  }

  /**
   * The value of a setting.
   *
   * @param key Its key in the table.
   * @param steps What stands for each `*` in the key.
   * @returns The value; the default if it was not set or refused.
   */
  get<K extends SettingKey>(key: K, ...steps: readonly (string | number)[]): SettingValue<K> {
    const found = this.#found.get(placeKey(fill(key, steps)));
    const fallback = (rowOf(key) as SettingRow).default;
    return (found?.value ?? fallback) as SettingValue<K>;
  }

  /**
   * Whether a setting was written, valid or not.
   *
   * @param key Its key in the table.
   * @param steps What stands for each `*` in the key.
   */
  has(key: SettingKey | SectionKey, ...steps: readonly (string | number)[]): boolean {
    return this.#found.has(placeKey(fill(key, steps)));
  }

  /**
   * Whether a setting was written and could not be used.
   *
   * @param key Its key in the table.
   * @param steps What stands for each `*` in the key.
   */
  isRefused(key: SettingKey, ...steps: readonly (string | number)[]): boolean {
    const found = this.#found.get(placeKey(fill(key, steps)));
    return found !== undefined && found.value === undefined;
  }

  /**
   * The names in a mapping of named things, in their order.
   *
   * @param key The key of the section.
   */
  names(key: "apps"): readonly string[] {
    return (this.#found.get(placeKey([key]))?.value ?? []) as string[];
  }

  /**
   * The numbers of a list's items, from 0.
   *
   * @param key The key of the section.
   */
  items(key: "listen" | "routes" | "permissions"): readonly number[] {
    return (this.#found.get(placeKey([key]))?.value ?? []) as number[];
  }

  /**
   * Reports what the table cannot say: settings that do not fit together.
   *
   * @param key The setting in the table that it is about.
   * @param steps What stands for each `*` in the key.
   * @param message What is wrong.
   * @param target Whether to point at the value or at its key.
   */
  refuse(
    key: SettingKey | SectionKey | "listen.*" | "apps.*" | "routes.*" | "permissions.*" | "",
    steps: readonly (string | number)[],
    message: string,
    target: ProblemTarget = "value",
  ): void {
    const path = key === "" ? [] : fill(key, steps);
    const found = this.#found.get(placeKey(path)) ?? this.#found.get(placeKey([]))!;
    const problem = found.source.problem(found.path, message, target);
    // What is wrong by itself cannot fit to anything, and one message is enough.
    if (!this.#problems.some(({ key }) => key === problem.key)) this.#problems.push(problem);
  }

  /**
   * Reports that a key is missing, unless there is one that cannot be used in its place: that has been reported,
   * and one message is enough.
   *
   * @param key What it is missing in: the key in the table.
   * @param steps What stands for each `*` in the key.
   * @param message What is wrong.
   * @param target Whether to point at the value or at its key.
   */
  refuseMissing(
    key: "apps" | "listen.*" | "apps.*" | "routes.*" | "permissions.*" | "",
    steps: readonly (string | number)[],
    message: string,
    target: ProblemTarget = "value",
  ): void {
    const path = key === "" ? [] : fill(key, steps);
    if (!this.#puzzling.has(placeKey(path))) this.refuse(key, steps, message, target);
  }

  #walk(place: Place, raw: unknown): void {
    const row = rowOf(place.key)!;
    if ("kind" in row) this.#scalar(place, row, raw);
    else if (row.section === "group") this.#group(place, raw);
    else if (row.section === "named") this.#named(place, row, raw);
    else this.#list(place, row, raw);
  }

  #keep(place: Place, value: unknown): void {
    this.#found.set(placeKey(place.path), { source: place.source, path: place.written, value });
  }

  #problem(place: Place, message: string, target: ProblemTarget = "value", part?: string): void {
    // The guess may be wrong: then the value is no second mistake.
    if (this.#guessed.has(placeKey(place.written))) return;
    this.#problems.push(place.source.problem(place.written, message, target, part));
  }

  #group(place: Place, raw: unknown): void {
    // Several documents have a root each: what is missing is missing in the first, the file.
    if (place.path.length > 0 || !this.#found.has(placeKey(place.path))) this.#keep(place, undefined);
    const mapping = this.#mapping(place, raw);
    const known = keysBelow(place.key);
    const missing = new Set(known.filter((name) => !Object.hasOwn(mapping, name)));
    for (const name of Object.keys(mapping)) {
      if (known.includes(name)) this.#walk(below(place, name, name), mapping[name]);
      else this.#unknown(place, name, known, missing, mapping[name]);
    }
  }

  /** A misspelt key still has a value, which others may need: `aps` are the apps that routes name. */
  #unknown(place: Place, name: string, known: readonly string[], missing: Set<string>, raw: unknown): void {
    const { written } = below(place, name, name);
    this.#problem({ ...place, written }, unknownKey(name, place.written, known), "key");
    const meant = nearest(name, known);
    if (meant === undefined) return void this.#puzzling.add(placeKey(place.path));
    if (!missing.delete(meant)) return;
    this.#guessed.add(placeKey(written));
    this.#walk({ ...below(place, meant, meant), written }, raw);
  }

  #named(place: Place, row: SectionRow, raw: unknown): void {
    const mapping = this.#mapping(place, raw);
    const names = Object.keys(mapping).filter((name) => APP_NAME.test(name));
    this.#keep(place, names);
    for (const name of Object.keys(mapping)) {
      const inner = below(place, name, "*");
      if (names.includes(name)) this.#item(inner, row, mapping[name]);
      else {
        this.#problem(inner, badName(name), "key");
        this.#puzzling.add(placeKey(place.path));
      }
    }
  }

  #list(place: Place, row: SectionRow, raw: unknown): void {
    const single = row.shorthand !== undefined && raw !== null && !Array.isArray(raw);
    const items = single ? [raw] : raw ?? [];
    if (!Array.isArray(items)) {
      this.#keep(place, []);
      return this.#problem(place, `${quote(formatPath(place.path))} must be a list, got ${nameOf(raw)}`);
    }
    this.#keep(place, items.map((_, i) => i));
    items.forEach((item, i) => {
      const inner = below(place, i, "*");
      this.#item(single ? { ...inner, written: place.written } : inner, row, item);
    });
  }

  /** An item of a list or of named things: a mapping, or the value of its shorthand. */
  #item(place: Place, row: SectionRow, raw: unknown): void {
    if (row.shorthand === undefined || !isScalar(raw)) return this.#group(place, raw);
    this.#keep(place, undefined);
    this.#walk({ ...below(place, row.shorthand, row.shorthand), written: place.written }, raw);
  }

  #mapping(place: Place, raw: unknown): Mapping {
    // A key with nothing below it: everything there is commented out.
    if (raw === null || raw === undefined) return {};
    if (typeof raw === "object" && !Array.isArray(raw)) return raw as Mapping;
    const what = place.path.length === 0 ? "the config" : quote(formatPath(place.path));
    this.#problem(place, `${what} must be a mapping of keys to values, got ${nameOf(raw)}`);
    return {};
  }

  #scalar(place: Place, row: SettingRow, raw: unknown): void {
    this.#keep(place, undefined);
    const label = quote(formatPath(place.written));
    if (!isScalar(raw)) {
      return this.#problem(place, `${label} must be ${row.kind.expects}, got ${nameOf(raw)}`);
    }
    try {
      const text = this.#substituted(place, String(raw));
      if (text !== undefined) this.#keep(place, row.kind.parse(text, place.around));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#problem(place, `${label} ${error.message}`);
    }
  }

  #substituted(place: Place, text: string): string | undefined {
    if (!place.source.isFile) return text;
    const result = substitute(text, place.around.env);
    for (const { message, part } of result.problems) this.#problem(place, message, "value", part);
    return result.problems.length === 0 ? result.text : undefined;
  }
}

function below(place: Place, step: string | number, key: string): Place {
  return {
    ...place,
    key: place.key === "" ? key : `${place.key}.${key}`,
    path: [...place.path, step],
    written: [...place.written, step],
  };
}

/** Puts names and numbers in the place of `*`. */
function fill(key: string, steps: readonly (string | number)[]): KeyPath {
  let next = 0;
  return key.split(".").map((part) => part === "*" ? steps[next++]! : part);
}

function placeKey(path: KeyPath): string {
  return JSON.stringify(path);
}
