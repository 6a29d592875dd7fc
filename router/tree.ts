/**
 * HOT. The path matcher: which of a set of prefixes is the longest that a raw request path begins
 * with, on a segment boundary. Every request passes here once for each host table it visits.
 *
 * A radix tree over the decoded bytes of the prefixes, walked over the raw path: a percent-escape is
 * decoded where the walk meets it, so nothing is copied and an escape behind the prefix costs
 * nothing. An escaped slash equals no character of any prefix, hence never separates segments. The
 * walk never looks back, so dot segments and doubled slashes are ordinary text.
 *
 * One long loop, so that a lookup allocates nothing and costs tens of nanoseconds at 1000 mounts as at
 * 10, where a scan over sorted prefixes takes microseconds (`bench/micro/router_bench.ts`). Child nodes
 * in an array of 256 instead of a Map made no difference there. `tests/support/slow_router.ts` is the
 * plain twin that it is compared with under fuzz.
 *
 * @module
 */
import type { CheckedMount, Match } from "./mount.ts";

const SLASH = 47, PERCENT = 37;

interface Node<T> {
  /** What lies between the parent's end and this node's end. */
  label: string;
  /** Where a prefix ends: what to answer if the path writes it without escapes. */
  match: Match<T> | undefined;
  /** Next nodes by the first byte of their label. */
  children: Map<number, Node<T>>;
}

/** The prefixes of one host. */
export class PathTree<T> {
  readonly #root: Node<T> = { label: "", match: undefined, children: new Map() };

  /**
   * Adds a prefix.
   *
   * @param checked A mount that passed its check.
   * @returns The mount that holds this place already, then nothing was added; else `undefined`.
   */
  add(checked: CheckedMount<T>): CheckedMount<T>["mount"] | undefined {
    const { mount, prefix } = checked;
    const node = this.#nodeFor(prefix);
    if (node.match !== undefined) return node.match.mount;
    node.match = Object.freeze({ app: mount.app, mount, prefixLength: prefix.length });
    return undefined;
  }

  #nodeFor(prefix: string): Node<T> {
    let node = this.#root;
    let at = 0;
    while (at < prefix.length) {
      const child = node.children.get(prefix.charCodeAt(at));
      const rest = prefix.slice(at);
      const common = child === undefined ? 0 : commonLength(child.label, rest);
      if (child === undefined) {
        const leaf: Node<T> = { label: rest, match: undefined, children: new Map() };
        node.children.set(prefix.charCodeAt(at), leaf);
        return leaf;
      }
      if (common < child.label.length) split(child, common);
      node = child;
      at += common;
    }
    return node;
  }

  /**
   * Finds the longest prefix.
   *
   * @param path The path as sent, still percent-encoded; or `*`.
   * @returns The match, or `undefined` if no prefix fits.
   */
  find(path: string): Match<T> | undefined {
    const size = path.length;
    let node = this.#root;
    if (path === "*") return node.match;
    let best: Match<T> | undefined;
    let bestLength = 0;
    let at = 0;
    for (;;) {
      let code = at < size ? path.charCodeAt(at) : SLASH;
      if (code === SLASH && node.match !== undefined) {
        best = node.match;
        bestLength = at;
      }
      if (at >= size || node.children.size === 0) break;
      if (code === PERCENT) code = unescape(path, at);
      const child = node.children.get(code);
      if (child === undefined) break;
      const label = child.label;
      const length = label.length;
      if (size - at < length) break;
      let i = 0;
      for (; i < length; i++) {
        code = path.charCodeAt(at);
        if (code === label.charCodeAt(i)) at++;
        else if (code === PERCENT && unescape(path, at) === label.charCodeAt(i)) at += 3;
        else break;
      }
      if (i < length) break;
      node = child;
    }
    if (best === undefined || best.prefixLength === bestLength) return best;
    return { app: best.app, mount: best.mount, prefixLength: bestLength };
  }
}

/** The byte that the escape at `at` stands for; -1 if it is malformed or a slash in disguise. */
function unescape(path: string, at: number): number {
  const high = hexValue(path.charCodeAt(at + 1));
  const low = hexValue(path.charCodeAt(at + 2));
  const code = high < 0 || low < 0 ? -1 : high * 16 + low;
  return code === SLASH ? -1 : code;
}

function hexValue(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

function commonLength(one: string, other: string): number {
  let i = 0;
  while (i < one.length && one.charCodeAt(i) === other.charCodeAt(i)) i++;
  return i;
}

/** Cuts a node in two at `length`: the lower half keeps its children and its match. */
function split<T>(node: Node<T>, length: number): void {
  const lower: Node<T> = { label: node.label.slice(length), match: node.match, children: node.children };
  node.label = node.label.slice(0, length);
  node.match = undefined;
  node.children = new Map([[lower.label.charCodeAt(0), lower]]);
}
