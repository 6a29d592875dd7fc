/**
 * Deep equality as `@std/assert` defines it. It differs from `node:util`'s `isDeepStrictEqual` where tests notice:
 * `0` equals `-0`, and an object without a prototype equals a plain one. Where it is not the same as the real one, it is
 * the stricter of the two, so that what passes here passes there.
 */

type Pairs = Map<unknown, unknown>;

/** Tells whether two values are equal in structure. */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

function same(a: unknown, b: unknown, open: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (prototypeOf(a) !== prototypeOf(b)) return false;
  // A pair that is already being compared further up is equal as far as this cycle can tell.
  if (open.get(a) === b) return true;
  open.set(a, b);
  return sameContents(a, b, open);
}

function prototypeOf(value: object): unknown {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function sameContents(a: object, b: object, open: Pairs): boolean {
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (ArrayBuffer.isView(a)) return sameBytes(bytesOf(a), bytesOf(b as ArrayBufferView));
  if (a instanceof ArrayBuffer) return sameBytes(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
  if (a instanceof RegExp || a instanceof URL || a instanceof URLSearchParams) return String(a) === String(b);
  if (a instanceof Set || a instanceof Map) return sameEntries([...a], [...(b as typeof a)], open);
  if (a instanceof Headers) return same([...a], [...(b as Headers)], open);
  return sameProperties(a, b, open);
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** Sets and maps have no order that counts, so each entry looks for a partner that no other entry has taken. */
function sameEntries(a: unknown[], b: unknown[], open: Pairs): boolean {
  const free = new Set(b);
  const takePartner = (entry: unknown) => {
    for (const other of free) {
      if (same(entry, other, open)) return free.delete(other);
    }
    return false;
  };
  return a.length === b.length && a.every(takePartner);
}

function sameProperties(a: object, b: object, open: Pairs): boolean {
  const keys = propertiesOf(a);
  if (keys.size !== propertiesOf(b).size) return false;
  for (const key of keys) {
    if (!(key in b) || !same(Reflect.get(a, key), Reflect.get(b, key), open)) return false;
  }
  return true;
}

/** Names of all properties, hidden and inherited ones too: a class may keep what it is behind getters. */
function propertiesOf(value: object): Set<PropertyKey> {
  const keys = new Set<PropertyKey>();
  const everyday: unknown[] = [Object.prototype, Array.prototype, null];
  for (let owner = value; !everyday.includes(owner); owner = Object.getPrototypeOf(owner)) {
    for (const key of Reflect.ownKeys(owner)) keys.add(key);
  }
  return keys;
}
