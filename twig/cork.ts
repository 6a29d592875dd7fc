/**
 * Auto-cork: chunks that are ready without waiting leave in one write; as soon as an app really
 * waits, what is there is sent.
 *
 * A promise raced against every chunk would tell, at 209 ns a chunk. Instead all exchanges that hold
 * chunks stand on one list, and one shared watcher lets a few microtask turns pass: an app that only
 * computes has finished by then. Whoever still holds chunks after that waits for something, and one
 * macrotask turn sends for all of them.
 *
 * @module
 */

/** Somebody who holds chunks that are not sent. */
export interface Corked {
  /** The watcher's mark: whether it stands on the list. */
  onCorkList: boolean;
  /** Sends what is held, if anything still is. */
  release(): void;
}

/** An async generator takes three microtask turns a chunk; eight let short ones finish. */
const TURNS = 8;

let list: Corked[] = [];
let turns = 0;
let watching = false;

/**
 * Puts `corked` on the list: it is released when it still holds chunks once the app waits.
 *
 * @param corked Who holds chunks.
 */
export function watch(corked: Corked): void {
  corked.onCorkList = true;
  list.push(corked);
  turns = 0;
  if (watching) return;
  watching = true;
  queueMicrotask(turn);
}

function turn(): void {
  if (++turns < TURNS) return queueMicrotask(turn);
  // Everything on the list may have finished meanwhile: then no macrotask is needed.
  list = list.filter((corked) => corked.onCorkList);
  if (list.length === 0) {
    watching = false;
    return;
  }
  setImmediate(flush);
}

function flush(): void {
  const waiting = list;
  list = [];
  watching = false;
  releaseFrom(waiting, 0);
}

function releaseFrom(waiting: readonly Corked[], at: number): void {
  try {
    while (at < waiting.length) {
      const corked = waiting[at++] as Corked;
      if (!corked.onCorkList) continue;
      corked.onCorkList = false;
      corked.release();
    }
  } finally {
    // One of them has thrown, which goes where all bugs go: the others must not be left waiting.
    if (at < waiting.length) setImmediate(releaseFrom, waiting, at);
  }
}
