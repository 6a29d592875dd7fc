import { assert, assertEquals, assertGreater, assertLess, assertMatch } from "@std/assert";
import { LineQueue, type LineTarget } from "../../server/line_queue.ts";

const MIB = 1024 * 1024;
const decoder = new TextDecoder();

/** A target that takes so many bytes a write, and nothing while it is held or broken. */
class Target implements LineTarget {
  text = "";
  writes = 0;
  broken = false;
  readonly #most: number;
  #held: PromiseWithResolvers<void> | undefined;

  constructor(most = Infinity) {
    this.#most = most;
  }

  hold(): void {
    this.#held = Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    const taken = bytes.slice(0, this.#most);
    await this.#held?.promise;
    if (this.broken) throw new Deno.errors.BrokenPipe("nobody reads");
    this.text += decoder.decode(taken);
    return taken.length;
  }
}

Deno.test("LineQueue writes whole lines in order, however few bytes are taken at once", async () => {
  const target = new Target(3);
  const queue = new LineQueue(target, false);
  const lines = Array.from({ length: 50 }, (_, at) => `line ${at}\n`);
  for (const line of lines) queue.add(line);
  await queue.flush();
  assertEquals(target.text, lines.join(""));
});

Deno.test("LineQueue hands the first line over at once, unless it is to be batched", async () => {
  const target = new Target();
  const queue = new LineQueue(target, false);
  queue.add("one\n");
  assertEquals(target.writes, 1);
  queue.add("two\n");
  queue.add("three\n");
  await queue.flush();
  assertEquals([target.text, target.writes], ["one\ntwo\nthree\n", 2]);
  const batched = new Target();
  const lines = new LineQueue(batched, true);
  lines.add("one\n");
  lines.add("two\n");
  assertEquals(batched.writes, 0);
  await lines.flush();
  assertEquals([batched.text, batched.writes], ["one\ntwo\n", 1]);
});

Deno.test("LineQueue drops lines when too many wait, and says in their place how many", async () => {
  const target = new Target();
  const queue = new LineQueue(target, false);
  target.hold();
  const line = "x".repeat(MIB - 1) + "\n";
  for (let i = 0; i < 20; i++) queue.add(line);
  queue.add("two\nlines\n");
  target.release();
  await queue.flush();
  queue.add("later\n");
  await queue.flush();
  const kept = target.text.split("\n").filter((text) => text.startsWith("xxx")).length;
  assertGreater(kept, 4);
  assertLess(kept, 10);
  assertEquals(
    target.text.slice(kept * MIB),
    `archangel: ${22 - kept} lines are missing here, the log did not take them in time\nlater\n`,
  );
});

Deno.test("LineQueue goes on when a write fails, and counts what that lost", async () => {
  const target = new Target();
  const queue = new LineQueue(target, false);
  target.broken = true;
  for (const line of ["one\n", "two\n", "three\nfour\n"]) queue.add(line);
  await queue.flush();
  assertEquals(target.text, "");
  target.broken = false;
  queue.add("five\n");
  await queue.flush();
  assertMatch(target.text, /^five\narchangel: 4 lines are missing here[^\n]*\n$/);
});

Deno.test("LineQueue tells why a write fails once, and again only after lines were written in between", async () => {
  const target = new Target();
  const told: string[] = [];
  const queue = new LineQueue(target, true, (error) => void told.push((error as Error).message));
  const add = async (broken: boolean) => {
    target.broken = broken;
    queue.add("line\n");
    await queue.flush();
    return told.length;
  };
  assertEquals([await add(false), await add(true), await add(true), await add(true)], [0, 1, 1, 1]);
  assertEquals([await add(false), await add(true), await add(true)], [1, 2, 2]);
  assertEquals(told, ["nobody reads", "nobody reads"]);
});

Deno.test("LineQueue takes it for no success that a part was written before a write failed", async () => {
  const target = new Target(2);
  let told = 0;
  const queue = new LineQueue(
    {
      write: (bytes) => {
        target.broken = !target.broken;
        return target.write(bytes);
      },
    },
    true,
    () => told++,
  );
  target.broken = true;
  for (let times = 0; times < 3; times++) {
    queue.add("line\n");
    await queue.flush();
  }
  // The second and the third time there was no room for more than the end of the line before.
  assertEquals([target.text, told], ["li\nli", 1]);
});

Deno.test("LineQueue ends a line that was cut before it writes the next, and counts it as missing", async () => {
  const target = new Target(3);
  const queue = new LineQueue(target, true);
  const add = async (line: string) => {
    queue.add(line);
    await queue.flush();
  };
  await add("one\n");
  const { write } = target;
  let room = 1;
  target.write = async (bytes) => {
    target.broken = room-- <= 0;
    return await write.call(target, bytes);
  };
  await add("two lines\n");
  await add("none of this\n");
  room = Infinity;
  queue.missing = (count) => `${count} missing`;
  await add("three\n");
  assertEquals(target.text, "one\ntwo\nthree\n2 missing\n");
});

Deno.test("LineQueue waits for a target that is stuck no longer than it may", async () => {
  const target = new Target();
  const queue = new LineQueue(target, false);
  target.hold();
  queue.add("one\n");
  const before = performance.now();
  await queue.flush();
  const waited = performance.now() - before;
  assert(waited > 900 && waited < 10_000, `${waited} ms`);
  target.release();
  await queue.flush();
  assertEquals(target.text, "one\n");
});

Deno.test("LineQueue has nothing to do with no lines", async () => {
  const target = new Target();
  for (const batched of [false, true]) {
    const queue = new LineQueue(target, batched);
    await queue.flush();
    queue.add("");
    await queue.flush();
  }
  assertEquals(target.writes, 0);
});
