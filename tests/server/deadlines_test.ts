import { assertEquals } from "@std/assert";
import { Clock } from "../../server/clock.ts";
import { Deadlines } from "../../server/deadlines.ts";

/** A clock that only notes when it would have to look. */
class NotedClock extends Clock {
  readonly armed: number[] = [];
  override arm(deadline: number): void {
    this.armed.push(deadline);
  }
}

function noted(): { clock: NotedClock; deadlines: Deadlines; told: number[] } {
  const clock = new NotedClock();
  const told: number[] = [];
  return { clock, told, deadlines: new Deadlines(clock, { expired: (now) => void told.push(now) }) };
}

Deno.test("Deadlines arm the clock for what is earlier than all it knows of, and not for what is later", () => {
  const { clock, deadlines } = noted();
  deadlines.read = 500;
  deadlines.write = 300;
  deadlines.read = 900;
  deadlines.write = Infinity;
  deadlines.read = 400;
  assertEquals(clock.armed, [500, 300]);
  assertEquals([deadlines.read, deadlines.write, deadlines.deadline], [400, Infinity, 300]);
});

Deno.test("Deadlines that moved to later are looked up when the earlier one has passed, and nobody is told", () => {
  const { deadlines, told } = noted();
  deadlines.write = 300;
  deadlines.read = 500;
  deadlines.write = 800;
  deadlines.expire(301);
  assertEquals([told, deadlines.deadline], [[], 500]);
  deadlines.expire(500);
  assertEquals(told, [500]);
  deadlines.read = Infinity;
  deadlines.expire(800);
  assertEquals(told, [500, 800]);
});

Deno.test("Deadlines that are cleared tell nobody", () => {
  const { deadlines, told } = noted();
  deadlines.read = deadlines.write = 300;
  deadlines.clear();
  deadlines.expire(1000);
  assertEquals([told, deadlines.deadline], [[], Infinity]);
});

Deno.test("Deadlines of heads are as good as the other two", () => {
  const { clock, deadlines, told } = noted();
  deadlines.read = 500;
  deadlines.heads = 300;
  assertEquals(clock.armed, [500, 300]);
  deadlines.expire(300);
  assertEquals([told, deadlines.deadline], [[300], 300]);
  deadlines.heads = Infinity;
  deadlines.expire(301);
  assertEquals([told, deadlines.deadline], [[300], 500]);
  deadlines.heads = 400;
  deadlines.clear();
  deadlines.expire(600);
  assertEquals([told, deadlines.heads, deadlines.deadline], [[300], Infinity, Infinity]);
});
