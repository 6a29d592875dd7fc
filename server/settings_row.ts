/**
 * What the settings table says of one setting, or of a mapping or list that holds others.
 *
 * @module
 */
import type { Kind } from "./setting_kinds.ts";

/** How a setting is given on the command line. */
export interface Flag {
  /** Its name without dashes. */
  readonly name: string;
  /** What stands for its value in help texts; none for a flag without value. */
  readonly value?: string;
}

/** A setting with a single value. */
export interface Setting<K extends string, T, D extends T | undefined> {
  /** Its key, from the root. */
  readonly key: K;
  /** Its type, with unit and bounds. */
  readonly kind: Kind<T>;
  /** Its default; `undefined` if there is none, and then `otherwise` says what happens. */
  readonly default: D;
  /** What holds where there is no default, in words. */
  readonly otherwise?: string;
  /** What it is, in one sentence. */
  readonly summary: string;
  /** Why it is there, and what to think of before changing it. */
  readonly reason: string;
  /** Its flag, if it can be given on the command line. */
  readonly flag?: Flag;
}

/** A mapping or list that holds other settings. */
export interface Section<K extends string> {
  /** Its key, from the root. */
  readonly key: K;
  /** `group`: fixed keys; `named`: names of the user's choice; `list`: items in order. */
  readonly section: "group" | "named" | "list";
  /** The key that an item means which is a single value instead of a mapping. */
  readonly shorthand?: string;
  /** What holds if it is left out, in words. */
  readonly otherwise: string;
  /** What it is, in one sentence. */
  readonly summary: string;
  /** Why it is there. */
  readonly reason: string;
  /** Its flag, which may be repeated, if it can be given on the command line. */
  readonly flag?: Flag;
}

/**
 * A setting, with its types as narrow as they were written.
 *
 * @param row The row.
 * @returns The same.
 */
export function setting<const K extends string, T, const D extends T | undefined>(
  row: Setting<K, T, D>,
): Setting<K, T, D> {
  return row;
}

/**
 * A section, with its key as its type.
 *
 * @param row The row.
 * @returns The same.
 */
export function section<const K extends string>(row: Section<K>): Section<K> {
  return row;
}
