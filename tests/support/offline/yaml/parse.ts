/**
 * Offline stand-in for `@std/yaml/parse`, over npm's `js-yaml` in the major version that the real package descends
 * from: later ones read octal numbers differently.
 *
 * @module
 */

import yaml from "npm:js-yaml@^3.14";

/** How a text is read. */
export interface ParseOptions {
  /** Whether the last of several equal keys wins, instead of being an error. */
  allowDuplicateKeys?: boolean;
  /** `"failsafe"` leaves every scalar the text that it is. */
  schema?: "default" | "failsafe";
}

/** Reads one YAML document; `null` for an empty one. Throws a SyntaxError whose message ends with the place. */
export function parse(content: string, options: ParseOptions = {}): unknown {
  const schema = options.schema === "failsafe" ? yaml.FAILSAFE_SCHEMA : yaml.DEFAULT_SAFE_SCHEMA;
  try {
    return yaml.safeLoad(content, { json: options.allowDuplicateKeys ?? false, schema }) ?? null;
  } catch (error) {
    throw syntaxError(error as YamlException);
  }
}

/** What `js-yaml` throws; `mark` counts from zero and is missing where the text as a whole is at fault. */
interface YamlException extends Error {
  reason: string;
  mark?: { line: number; column: number; getSnippet(): string };
}

function syntaxError({ reason, mark }: YamlException): SyntaxError {
  const place = mark ? ` at line ${mark.line + 1}, column ${mark.column + 1}:\n${mark.getSnippet()}` : "";
  return Object.assign(new SyntaxError(reason + place), { name: "YamlSyntaxError" });
}
