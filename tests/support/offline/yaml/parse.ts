/**
 * Offline stand-in for `@std/yaml/parse`, over npm's `yaml`.
 *
 * @module
 */

import { parseDocument } from "npm:yaml@^2";

/** How a text is read. */
export interface ParseOptions {
  /** Whether the last of several equal keys wins, instead of being an error. */
  allowDuplicateKeys?: boolean;
}

/** Reads one YAML document. */
export function parse(content: string, options: ParseOptions = {}): unknown {
  const document = parseDocument(content, {
    uniqueKeys: !options.allowDuplicateKeys,
    // YAML 1.1's `<<` and dates are what the real package reads, too.
    merge: true,
  });
  const [error] = document.errors;
  if (error) throw new SyntaxError(error.message);
  return document.toJS() ?? null;
}
