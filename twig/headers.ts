/**
 * Header fields: an ordered list that keeps repeated names. What may be sent of it is checked by `field_block.ts`.
 *
 * Names are lower case throughout; field names are case-insensitive (RFC 9110 §5.1), and one
 * spelling makes look-ups a comparison. Values are strings of code units 0 to 255, one per byte on
 * the wire (RFC 9110 §5.5), so that nothing is lost or re-encoded on the way through.
 *
 * @module
 */
import { ContractError } from "./errors.ts";
import { decodeLines, findLine } from "./field_lines.ts";

/** What an app may give as header fields. A web-standard `Headers` fits, being iterable. */
export type FieldsInit =
  | Readonly<Record<string, string | readonly string[]>>
  | Iterable<readonly [string, string]>;

/** What an undecoded list has instead of names and values: shared, never pushed to. */
const NONE: string[] = [];

/** Ordered header fields with lower-case names. Repeated names are kept apart. */
export class HeaderFields implements Iterable<[string, string]> {
  #names: string[];
  #values: string[];
  /** A received head whose lines, from `#linesAt` on, are not decoded yet. */
  #lines: string | undefined;
  #linesAt = 0;
  /** Why nothing can be changed any more. */
  #sealed: "sent" | "received" | undefined;

  /**
   * Makes a list, empty by default.
   *
   * @param names Lower-case names.
   * @param values The values, one for each name. Both arrays belong to this object from now on.
   */
  constructor(names: string[] = [], values: string[] = []) {
    this.#names = names;
    this.#values = values;
  }

  /**
   * Makes a list from what an app gave. Names are put in lower case; nothing is checked yet.
   *
   * @param init The fields.
   * @returns A list of its own.
   */
  static from(init: FieldsInit): HeaderFields {
    const fields = new HeaderFields();
    if (Symbol.iterator in init) {
      for (const [name, value] of init as Iterable<readonly [string, string]>) {
        fields.append(name, value);
      }
    } else {
      for (const [name, value] of Object.entries(init)) {
        if (Array.isArray(value)) { for (const one of value) fields.append(name, one); }
        // A number slips in from untyped apps: its text is what they mean.
        else if (value !== undefined && value !== null) fields.append(name, String(value));
      }
    }
    return fields;
  }

  /**
   * Makes a list of received field lines, to be decoded when more than single fields are asked for.
   *
   * @param text A head that has been checked: field lines, each ended by CRLF, and an empty line.
   * @param at Index of the first line.
   * @returns The list.
   */
  static ofLines(text: string, at: number): HeaderFields {
    const fields = new HeaderFields(NONE, NONE);
    fields.#lines = text;
    fields.#linesAt = at;
    return fields;
  }

  #decode(): void {
    if (this.#lines === undefined) return;
    ({ names: this.#names, values: this.#values } = decodeLines(this.#lines, this.#linesAt));
    this.#lines = undefined;
  }

  /** How many field lines there are. */
  get size(): number {
    this.#decode();
    return this.#names.length;
  }

  /**
   * The value of a field; several lines of one name joined by `", "`, of `cookie` by `"; "`
   * (RFC 9110 §5.3, RFC 9113 §8.2.3).
   *
   * @param name The name, in any case.
   * @returns The value, or `undefined` if there is no such field.
   */
  get(name: string): string | undefined {
    const wanted = name.toLowerCase();
    const separator = wanted === "cookie" ? "; " : ", ";
    if (this.#lines !== undefined) return findLine(this.#lines, this.#linesAt, wanted, separator);
    const names = this.#names;
    let found: string | undefined;
    for (let i = 0; i < names.length; i++) {
      if (names[i] !== wanted) continue;
      const value = this.#values[i] as string;
      found = found === undefined ? value : found + separator + value;
    }
    return found;
  }

  /**
   * The values of all lines of one name, in order.
   *
   * @param name The name, in any case.
   * @returns The values; empty if there is no such field.
   */
  getAll(name: string): string[] {
    this.#decode();
    const wanted = name.toLowerCase();
    return this.#values.filter((_, i) => this.#names[i] === wanted);
  }

  /**
   * Whether there is a field of that name.
   *
   * @param name The name, in any case.
   * @returns Whether there is such a field.
   */
  has(name: string): boolean {
    if (this.#lines !== undefined) return this.get(name) !== undefined;
    return this.#names.includes(name.toLowerCase());
  }

  /**
   * Replaces all lines of this name by one, at the place of the first, or adds it at the end.
   *
   * @param name The name, in any case.
   * @param value The value.
   */
  set(name: string, value: string): void {
    this.#changeable();
    const wanted = name.toLowerCase();
    const first = this.#names.indexOf(wanted);
    if (first < 0) {
      this.#names.push(wanted);
      this.#values.push(value);
      return;
    }
    this.#values[first] = value;
    this.#remove(wanted, first + 1);
  }

  /**
   * Adds a line and keeps those of the same name.
   *
   * @param name The name, in any case.
   * @param value The value.
   */
  append(name: string, value: string): void {
    this.#changeable();
    this.#names.push(name.toLowerCase());
    this.#values.push(value);
  }

  /**
   * Removes all lines of this name.
   *
   * @param name The name, in any case.
   */
  delete(name: string): void {
    this.#changeable();
    this.#remove(name.toLowerCase(), 0);
  }

  /**
   * Every later change throws a {@linkcode ContractError}. For carriers.
   *
   * @param why The fields have been sent, or they are a request's, which belong to all who see it.
   */
  seal(why: "sent" | "received"): void {
    this.#sealed = why;
  }

  #changeable(): void {
    if (this.#sealed !== undefined) throw sealed(this.#sealed);
    this.#decode();
  }

  #remove(wanted: string, from: number): void {
    for (let i = this.#names.length - 1; i >= from; i--) {
      if (this.#names[i] !== wanted) continue;
      this.#names.splice(i, 1);
      this.#values.splice(i, 1);
    }
  }

  /** Iterates over `[name, value]` in order. */
  *[Symbol.iterator](): IterableIterator<[string, string]> {
    this.#decode();
    for (let i = 0; i < this.#names.length; i++) {
      yield [this.#names[i] as string, this.#values[i] as string];
    }
  }

  /** A copy that can be changed without changing this one. */
  clone(): HeaderFields {
    this.#decode();
    return new HeaderFields(this.#names.slice(), this.#values.slice());
  }
}

function sealed(why: "sent" | "received"): ContractError {
  return why === "sent"
    ? new ContractError("head-already-sent", "Cannot change the header fields: they have been sent")
    : new ContractError(
      "request-read-only",
      "Cannot change a request's header fields: change request.headers.clone(), and hand on " +
        "request.clone({ headers })",
    );
}
