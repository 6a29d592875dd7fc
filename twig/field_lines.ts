/**
 * Reads header fields out of a head that a parser has accepted and decoded already: only their borders
 * are looked for, nothing is checked again.
 *
 * Most apps ask for one or two fields of a dozen, so a single field is found without decoding the
 * others: 12 lines take about a fifth of the time of making lists of them.
 *
 * @module
 */

const COLON = 0x3a;
const SP = 0x20;
const HTAB = 0x09;

/** Names in lower case and the values beside them, in order. */
export interface DecodedLines {
  /** Names in lower case. */
  readonly names: string[];
  /** The value of each. */
  readonly values: string[];
}

/**
 * Decodes all lines.
 *
 * @param text Field lines, each ended by CRLF, and an empty line behind them.
 * @param at Index of the first line.
 * @returns The fields.
 */
export function decodeLines(text: string, at: number): DecodedLines {
  const names: string[] = [];
  const values: string[] = [];
  for (let eol = text.indexOf("\r", at); eol !== at; eol = text.indexOf("\r", at)) {
    const colon = text.indexOf(":", at);
    names.push(text.slice(at, colon).toLowerCase());
    values.push(valueBetween(text, colon + 1, eol));
    at = eol + 2;
  }
  return { names, values };
}

/**
 * Finds the value of one field without decoding the others.
 *
 * @param text Field lines, each ended by CRLF, and an empty line behind them.
 * @param at Index of the first line.
 * @param wanted The name in lower case.
 * @param separator What joins the values of several lines.
 * @returns The value, or `undefined` if there is no such field.
 */
export function findLine(text: string, at: number, wanted: string, separator: string): string | undefined {
  const size = wanted.length;
  let found: string | undefined;
  for (let eol = text.indexOf("\r", at); eol !== at; eol = text.indexOf("\r", at)) {
    if (text.charCodeAt(at + size) === COLON && isName(text, at, wanted)) {
      const value = valueBetween(text, at + size + 1, eol);
      found = found === undefined ? value : found + separator + value;
    }
    at = eol + 2;
  }
  return found;
}

function isName(text: string, at: number, wanted: string): boolean {
  for (let i = 0; i < wanted.length; i++) {
    let unit = text.charCodeAt(at + i);
    if (unit >= 0x41 && unit <= 0x5a) unit |= 0x20;
    if (unit !== wanted.charCodeAt(i)) return false;
  }
  return true;
}

/** Blanks around a value do not belong to it (RFC 9110 §5.5). */
function valueBetween(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(unit: number): boolean {
  return unit === SP || unit === HTAB;
}
