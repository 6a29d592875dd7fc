import { assertEquals } from "@std/assert";
import { Clock } from "../../server/clock.ts";
import { Deadlines } from "../../server/deadlines.ts";
import { DEFAULT_TIMEOUTS } from "../../server/limits.ts";
import { Patience } from "../../server/patience.ts";

const TIMEOUTS = { ...DEFAULT_TIMEOUTS, header: 10_000, body: 20_000, idle: 15_000, linger: 2_000 };
const AT_REST = { idle: true, multiplexed: false };
const WITHIN_HEAD = { idle: false, multiplexed: false };

/** The waiting of a connection, on a clock that goes when the test says so. */
function waiting(draining = false) {
  const clock = new Clock();
  clock.now = 1000;
  clock.tick = () => clock.now;
  const deadlines = new Deadlines(clock, { expired: () => {} });
  const patience = new Patience(deadlines, { clock, timeouts: TIMEOUTS, draining });
  return { clock, deadlines, patience, left: () => deadlines.read - clock.now };
}

Deno.test("Patience gives the header timeout to a first request and to a head, whose bytes do not extend it", () => {
  const { clock, patience, left } = waiting();
  patience.accepted();
  assertEquals(left(), 10_000);
  patience.nothingOpen(WITHIN_HEAD);
  clock.now += 4_000;
  patience.nothingOpen(WITHIN_HEAD);
  assertEquals(left(), 6_000);
  patience.requestCame(true);
  assertEquals(left(), Infinity);
  patience.nothingOpen(WITHIN_HEAD);
  assertEquals(left(), 10_000);
  clock.now += 5_000;
  patience.nothingOpen(AT_REST);
  patience.nothingOpen(WITHIN_HEAD);
  assertEquals(left(), 10_000, "a head after a rest has its own time");
});

Deno.test("Patience does not count empty lines between requests as requests, but whatever FastCGI asks", () => {
  const { clock, patience, left } = waiting();
  patience.accepted();
  clock.now += 4_000;
  patience.nothingOpen(AT_REST);
  assertEquals(left(), 6_000);
  patience.requestCame(true);
  patience.nothingOpen(AT_REST);
  clock.now += 4_000;
  patience.nothingOpen(AT_REST);
  assertEquals(left(), 11_000);
  patience.nothingOpen({ idle: true, multiplexed: true });
  assertEquals(left(), 15_000);
  clock.now += 4_000;
  patience.restsAnew(AT_REST);
  assertEquals(left(), 15_000);
});

Deno.test("Patience gives the idle timeout to a connection at rest, and less when the worker drains", () => {
  const rest = (draining: boolean, multiplexed: boolean): number => {
    const { patience, left } = waiting(draining);
    patience.nothingOpen({ idle: true, multiplexed });
    return left();
  };
  assertEquals([rest(false, false), rest(false, true)], [15_000, 15_000]);
  assertEquals([rest(true, false), rest(true, true)], [2_000, 20]);
});

Deno.test("Patience gives the body timeout to each piece of a body, and of several goes by the one fed first", () => {
  const { clock, patience, left } = waiting();
  patience.bodyWanted(clock.now - 500, true);
  assertEquals(left(), 19_500);
  patience.bodyFed();
  assertEquals(left(), 20_000);
  patience.bodyWanted(clock.now, false);
  assertEquals(left(), 20_000);
  patience.bodyWanted(clock.now - 7_000, false);
  assertEquals(left(), 13_000);
  patience.requestCame(false);
  assertEquals(left(), 13_000);
  patience.bodyInTheWay();
  assertEquals(left(), 1_000);
  patience.nothing();
  assertEquals(left(), Infinity);
});

Deno.test("Patience with a client that has ended its side is short, and shorter once it was written to", () => {
  const { patience, left } = waiting();
  patience.peerEnded(false);
  assertEquals(left(), 1_000);
  patience.peerEnded(true);
  assertEquals(left(), 200);
});

Deno.test("Patience of a worker that drains never gives more than there was", () => {
  for (const [stopping, most] of [[true, 250], [false, 2_000]] as const) {
    const { patience, left } = waiting();
    patience.nothingOpen(AT_REST);
    patience.drains(stopping);
    assertEquals(left(), most);
    patience.peerEnded(true);
    patience.drains(stopping);
    assertEquals(left(), 200);
  }
});

Deno.test("Patience looks for heads that others overtake until there are none, or the connection lingers", () => {
  const { clock, deadlines, patience, left } = waiting();
  patience.headsPending(true);
  assertEquals(deadlines.heads - clock.now, 10_000);
  patience.headsPending(false);
  assertEquals(deadlines.heads, Infinity);
  patience.headsPending(true);
  patience.lingers();
  assertEquals([deadlines.heads, left()], [Infinity, 2_000]);
});

Deno.test("Patience with a peer that has not taken its answer begins again, by what is to come then", () => {
  const { patience, left } = waiting();
  const again = (ended: boolean, open: boolean, idle: boolean): number => {
    patience.again(ended, open, idle);
    return left();
  };
  assertEquals([again(true, true, false), again(false, true, false)], [1_000, 20_000]);
  assertEquals([again(false, false, true), again(false, false, false)], [15_000, 10_000]);
});
