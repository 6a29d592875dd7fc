import { assert, assertEquals, assertMatch } from "@std/assert";
import { Clock, type Expiring } from "../../server/clock.ts";
import { delay } from "../support/delay.ts";

class Deadline implements Expiring {
  expiredAt: number[] = [];
  constructor(public deadline: number) {}
  expire(now: number): void {
    this.expiredAt.push(now);
    this.deadline = Infinity;
  }
}

function watched(clock: Clock, ...deadlines: number[]): Deadline[] {
  return deadlines.map((after) => {
    const one = new Deadline(Date.now() + after);
    clock.watch(one);
    clock.arm(one.deadline);
    return one;
  });
}

Deno.test("Clock never lets anybody expire early, and everybody soon", async () => {
  const clock = new Clock();
  const begun = Date.now();
  const all = watched(clock, 700, 100, 300, 350, 50);
  await delay(2500);
  const [late, , , , early] = all;
  for (const [i, after] of [700, 100, 300, 350, 50].entries()) {
    const { expiredAt } = all[i]!;
    assertEquals(expiredAt.length, 1);
    assert(expiredAt[0]! >= begun + after, `${after} ms: after ${expiredAt[0]! - begun} ms`);
    assert(expiredAt[0]! < begun + after + 2000, `${after} ms: after ${expiredAt[0]! - begun} ms`);
  }
  assert(early!.expiredAt[0]! <= late!.expiredAt[0]!);
  for (const one of all) clock.forget(one);
});

Deno.test("Clock keeps to a deadline that moved, to earlier and to later", async () => {
  const clock = new Clock();
  const begun = Date.now();
  const [later, earlier] = watched(clock, 100, 60_000);
  later!.deadline = begun + 900;
  earlier!.deadline = begun + 200;
  clock.arm(earlier!.deadline);
  await delay(2500);
  assert(later!.expiredAt[0]! >= begun + 900);
  assert(earlier!.expiredAt[0]! >= begun + 200);
  for (const one of [later!, earlier!]) clock.forget(one);
});

Deno.test("Clock.forget() keeps one deadline from being told, and no other", async () => {
  const clock = new Clock();
  const [one, other] = watched(clock, 50, 50);
  clock.forget(one!);
  assertEquals(clock.watched, 1);
  await delay(700);
  assertEquals([one!.expiredAt.length, other!.expiredAt.length], [0, 1]);
  clock.forget(other!);
  assertEquals(clock.watched, 0);
});

Deno.test("Clock arms again after everybody was forgotten", async () => {
  const clock = new Clock();
  const [first] = watched(clock, 60_000);
  clock.forget(first!);
  const [second] = watched(clock, 50);
  await delay(700);
  assertEquals(second!.expiredAt.length, 1);
  clock.forget(second!);
});

Deno.test("Clock gives the time as of the last tick, and the Date of that second", async () => {
  const clock = new Clock();
  const before = clock.now;
  const date = clock.date;
  assertMatch(date, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/);
  await delay(1100);
  assertEquals([clock.now, clock.date], [before, date]);
  assert(clock.tick() >= before + 1000);
  assertEquals(Math.floor(Date.parse(clock.date) / 1000), Math.floor(clock.now / 1000));
});

Deno.test("Clock reads the time once a turn, again in the next, and makes a date a second", async () => {
  const now = Date.now;
  try {
    let at = Date.UTC(2030, 0, 1, 0, 0, 0, 100);
    Date.now = () => at;
    const clock = new Clock();
    const first = [clock.now, clock.date];
    at += 950;
    assertEquals([clock.tick(), clock.date], first);
    await delay(0);
    assertEquals([clock.tick(), clock.date], [at, "Tue, 01 Jan 2030 00:00:01 GMT"]);
    // A clock that is set back has another date, too.
    at -= 3_600_000;
    await delay(0);
    assertEquals([clock.tick(), clock.date], [at, "Mon, 31 Dec 2029 23:00:01 GMT"]);
  } finally {
    Date.now = now;
  }
});
