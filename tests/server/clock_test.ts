import { assert, assertEquals, assertLess, assertMatch, assertNotEquals } from "@std/assert";
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
    const one = new Deadline(clock.tick() + after);
    clock.watch(one);
    clock.arm(one.deadline);
    return one;
  });
}

Deno.test("Clock never lets anybody expire early, and everybody soon", async () => {
  const clock = new Clock();
  const begun = clock.tick();
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
  const begun = clock.tick();
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
  assertLess(Math.abs(Date.parse(clock.date) - Date.now()), 1100);
});

/** Runs with clocks that are set by hand: the time of day, and the one that nobody can set. */
async function withClocks(
  run: (clocks: { day: number; steady: number }) => Promise<void>,
): Promise<void> {
  const day = Date.now;
  const clocks = { day: Date.UTC(2030, 0, 1, 0, 0, 0, 100), steady: 5 };
  Date.now = () => clocks.day;
  performance.now = () => clocks.steady;
  try {
    await run(clocks);
  } finally {
    Date.now = day;
    delete (performance as { now?: unknown }).now; // The prototype's is there again.
  }
}

Deno.test("Clock reads the time once a turn, again in the next, and makes a date a second", async () => {
  await withClocks(async (clocks) => {
    const clock = new Clock();
    const passes = (ms: number) => {
      clocks.day += ms;
      clocks.steady += ms;
    };
    const first = [clock.now, clock.date];
    passes(950);
    assertEquals([clock.tick(), clock.date], first);
    await delay(0);
    assertEquals([clock.tick(), clock.date], [955, "Tue, 01 Jan 2030 00:00:01 GMT"]);
    // A time of day that is set back has another date, too, within a second.
    clocks.day -= 3_600_000;
    passes(1000);
    await delay(0);
    assertEquals([clock.tick(), clock.date], [1955, "Mon, 31 Dec 2029 23:00:02 GMT"]);
  });
});

Deno.test("Clock makes a Date when the time of day has come to the next second, and not before", async () => {
  await withClocks(async (clocks) => {
    const clock = new Clock();
    for (const [passed, second] of [[899, "00"], [900, "01"], [1899, "01"], [1900, "02"]] as const) {
      clocks.day = Date.UTC(2030, 0, 1, 0, 0, 0, 100) + passed;
      clocks.steady = 5 + passed;
      await delay(0);
      clock.tick();
      assertEquals(clock.date, `Tue, 01 Jan 2030 00:00:${second} GMT`, `${passed} ms`);
    }
  });
});

for (const [how, step] of [["on", 3_600_000], ["back", -3_600_000]] as const) {
  Deno.test(`Clock keeps to deadlines when the time of day is set ${how}`, async () => {
    const { now } = Date;
    const clock = new Clock();
    const [soon, late] = watched(clock, 100, 60_000);
    try {
      Date.now = () => now() + step;
      await delay(700);
      assertEquals([soon!.expiredAt.length, late!.expiredAt.length], [1, 0]);
    } finally {
      Date.now = now;
      for (const one of [soon!, late!]) clock.forget(one);
    }
  });
}

Deno.test("Clock has the Date of now for whoever expires after a long silence", async () => {
  const clock = new Clock();
  const dates: string[] = [];
  const one = { deadline: clock.now + 1100, expire: () => void dates.push(clock.date) };
  clock.watch(one);
  clock.arm(one.deadline);
  const { date } = clock;
  await delay(1900);
  clock.forget(one);
  assertNotEquals(dates[0], date);
});
