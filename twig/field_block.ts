/**
 * The fields of an answer as lines: the one check that every field an app sends has to pass, whichever wire it
 * leaves by. Every answer passes here, so the names and last values that passed are remembered.
 *
 * @module
 */
import { ContractError } from "./errors.ts";
import { type FieldsInit, HeaderFields } from "./headers.ts";

/** RFC 9110 §5.6.2: token. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 9110 §5.5: no CR, LF, NUL or other control, nor what does not fit in a byte. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Fields of connection and framing, which belong to the server (RFC 9110 §7.6.1). */
const SERVER_OWNED: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** Header fields of an answer, checked and encoded as lines, with what the framing has to know. */
export interface FieldBlock {
  /**
   * The lines, each ended by CRLF; without content-length and without what the server owns. A `server` field
   * stands first, where whoever would add one finds it without a search.
   */
  readonly lines: string;
  /** The `content-length` that the app declared, or `undefined`. */
  readonly contentLength: number | undefined;
  /** Whether there is a `date` field. */
  readonly hasDate: boolean;
  /** Whether there is a `content-type` field. */
  readonly hasType: boolean;
}

/** A name that passed the check, and the last value that was sent with it, which most often comes again. */
interface KnownName {
  readonly prefix: string;
  value: string | typeof NEVER_SENT;
  line: string;
}

const NEVER_SENT: unique symbol = Symbol("never sent");

/** By name as apps write it. Bounded, for apps can make names up. */
const known = new Map<string, KnownName>();
const KNOWN_LIMIT = 512;
/** Longer values are not remembered, in code units. */
const REMEMBERED = 128;

function checkedName(name: string): KnownName {
  const ready = known.get(name);
  if (ready !== undefined) return ready;
  if (!TOKEN.test(name)) {
    throw new ContractError("bad-field-name", `Cannot send header field: bad name ${JSON.stringify(name)}`);
  }
  const prefix = name.toLowerCase() + ": ";
  const fresh: KnownName = { prefix, value: NEVER_SENT, line: "" };
  if (known.size < KNOWN_LIMIT) known.set(name, fresh);
  return fresh;
}

/** What an app gives that sets no fields. */
export const NO_FIELDS: FieldsInit = {};
const NO_LINES: FieldBlock = { lines: "", contentLength: undefined, hasDate: false, hasType: false };

/** Collects one block; module-wide state would be shorter and wrong when a getter re-enters. */
class BlockBuilder implements FieldBlock {
  lines = "";
  contentLength: number | undefined = undefined;
  hasDate = false;
  hasType = false;

  add(name: string, value: string): void {
    const entry = checkedName(name);
    const { prefix } = entry;
    switch (prefix.length) {
      case 6:
        if (prefix === "date: ") this.hasDate = true;
        break;
      case 8:
        if (prefix === "server: ") return this.#addFirst(name, entry, value);
        break;
      case 14:
        if (prefix === "content-type: ") this.hasType = true;
        break;
      case 16:
        if (prefix === "content-length: ") return this.#declareLength(String(value));
        break;
    }
    if (entry.value === value) this.lines += entry.line;
    else if (prefix.length >= 20 || !SERVER_OWNED.has(prefix.slice(0, -2))) this.#addNew(name, entry, value);
  }

  #addFirst(name: string, entry: KnownName, value: string): void {
    const others = this.lines;
    this.lines = "";
    this.#addNew(name, entry, value);
    this.lines += others;
  }

  #addNew(name: string, entry: KnownName, value: string): void {
    // A number slips in from untyped apps: its text is what they mean.
    const text = String(value);
    if (!VALUE.test(text)) {
      throw new ContractError(
        "bad-field-value",
        `Cannot send header field ${name}: its value ${
          JSON.stringify(text)
        } has a control character or does not fit in bytes`,
      );
    }
    const line = entry.prefix + text + "\r\n";
    this.lines += line;
    if (text.length > REMEMBERED) return;
    entry.value = text;
    entry.line = line;
  }

  #declareLength(text: string): void {
    const length = /^[0-9]{1,15}$/.test(text) ? Number(text) : -1;
    if (length < 0 || (this.contentLength !== undefined && this.contentLength !== length)) {
      throw new ContractError("bad-content-length", `Cannot send content-length ${JSON.stringify(text)}`);
    }
    this.contentLength = length;
  }
}

/**
 * Checks header fields that an app wants to send and encodes them (RFC 9112 §5, §11.1).
 *
 * Fields that belong to the server (`connection`, `keep-alive`, `proxy-connection`,
 * `transfer-encoding`, `upgrade`) are left out silently: apps written for other servers set them.
 *
 * @param init The fields.
 * @returns The encoded lines and what the framing has to know of them.
 * @throws {ContractError} If a name is not a token, a value has CR, LF, NUL, another control or a
 * code unit above 255, or `content-length` is not a plain number.
 */
export function encodeFields(init: FieldsInit): FieldBlock {
  if (init === NO_FIELDS) return NO_LINES;
  const block = new BlockBuilder();
  if (init instanceof HeaderFields || Symbol.iterator in init) {
    for (const [name, value] of init as Iterable<readonly [string, string]>) block.add(name, value);
    return block;
  }
  const record = init as Readonly<Record<string, string | readonly string[]>>;
  for (const name in record) {
    const value = record[name];
    if (typeof value === "string") block.add(name, value);
    else if (Array.isArray(value)) { for (const one of value) block.add(name, one); }
    else if (value !== undefined && value !== null) block.add(name, String(value));
  }
  return block;
}
