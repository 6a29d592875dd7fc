/**
 * How `config_check.ts` calls what it found, in messages for people.
 *
 * @module
 */
import { formatPath, type KeyPath } from "./config_source.ts";
import { didYouMean } from "./nearest.ts";
import { SETTINGS } from "./settings_table.ts";

/**
 * Whether a value has nothing inside of it.
 *
 * @param raw A value out of a document.
 */
export function isScalar(raw: unknown): raw is string | number | boolean {
  return typeof raw === "string" || typeof raw === "number" || typeof raw === "boolean";
}

/**
 * What to call a value where another was expected.
 *
 * @param raw A value out of a document.
 */
export function nameOf(raw: unknown): string {
  if (raw === null || raw === undefined) return "nothing";
  if (Array.isArray(raw)) return "a list";
  return isScalar(raw) ? quote(String(raw)) : "a mapping";
}

/**
 * A text in quotes, not too much of it.
 *
 * @param text The text.
 */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

/**
 * What is wrong with a name that was made up.
 *
 * @param name The name.
 */
export function badName(name: string): string {
  const rule = "it must begin with a letter and have only letters, digits, - and _";
  return `${quote(name)} cannot be a name: ${rule}`;
}

/**
 * That there is no such key, and which was probably meant.
 *
 * @param name The key.
 * @param written Where it stands.
 * @param known The keys that could stand there.
 */
export function unknownKey(name: string, written: KeyPath, known: readonly string[]): string {
  const under = written.length === 0 ? "" : ` under ${quote(formatPath(written))}`;
  const message = `unknown key ${quote(name)}${under}`;
  const suggestion = didYouMean(name, known);
  if (suggestion !== "") return message + suggestion;
  const elsewhere = SETTINGS.find(({ key }) => !key.includes("*") && key.endsWith(`.${name}`));
  if (elsewhere !== undefined) return `${message}; did you mean ${quote(elsewhere.key)}?`;
  return `${message}; valid here: ${known.join(", ")}`;
}
