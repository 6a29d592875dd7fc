import { assert, assertEquals } from "@std/assert";
import {
  bodiesOverflow,
  bodyExpected,
  bodyLeft,
  bodyWanted,
  longestUnfed,
  refuseLargest,
  starved,
} from "../../server/open_bodies.ts";
import { OpenExchanges } from "../../server/open_exchanges.ts";
import type { Exchange } from "../../twig/exchange.ts";

const MIB = 1024 * 1024;

/** What counts of an exchange; without `body` the app has not asked for it. */
interface State {
  readonly bodyLength?: number;
  readonly body?: { wanted?: boolean; ended?: boolean; buffered?: number; fedAt?: number };
}

/** Exchanges in these states; the numbers of those that are refused are collected. */
function opened(...states: State[]): { open: OpenExchanges; refused: number[] } {
  const open = new OpenExchanges();
  const refused: number[] = [];
  for (const [id, { bodyLength, body }] of states.entries()) {
    const exchange = {
      id,
      wireHead: { bodyLength },
      bodyAsked: body !== undefined,
      body: { wanted: false, ended: false, buffered: 0, fedAt: 0, ...body },
      fail: () => void refused.push(id),
    };
    open.add(exchange as unknown as Exchange);
  }
  return { open, refused };
}

Deno.test("A body is wanted, expected and left by what the app asked, and by the head until it asks", () => {
  const cases: [State, boolean, boolean, boolean][] = [
    [{ bodyLength: 0 }, false, false, false],
    [{ bodyLength: 5 }, false, true, true],
    [{}, false, true, true],
    [{ body: { wanted: true } }, true, true, false],
    [{ body: {} }, false, true, true],
    [{ body: { ended: true } }, false, false, false],
  ];
  for (const [state, wanted, expected, left] of cases) {
    const { open } = opened(state);
    assertEquals([bodyWanted(open), bodyExpected(open), bodyLeft(open)], [wanted, expected, left]);
  }
});

Deno.test("bodiesOverflow() stops the reading at 4 MiB of one growing body, or 16 MiB of all", () => {
  const one = (buffered: number, ended = false): boolean =>
    bodiesOverflow(opened({ body: { buffered, ended } }).open);
  assertEquals([one(0), one(4 * MIB - 1), one(4 * MIB), one(15 * MIB, true)], [false, false, true, false]);
  const nearly = { body: { buffered: 4 * MIB - 1 } };
  assert(!bodiesOverflow(opened(nearly, nearly, nearly, nearly).open));
  assert(bodiesOverflow(opened(nearly, nearly, nearly, nearly, nearly).open));
});

Deno.test("refuseLargest() gives up the largest body that still grows", () => {
  const { open, refused } = opened(
    { body: { buffered: 5 * MIB, ended: true } },
    { body: { buffered: 4 * MIB } },
    { body: { buffered: MIB } },
    { body: { wanted: true } },
  );
  assert(bodiesOverflow(open));
  assertEquals(refused, []);
  refuseLargest(open);
  assertEquals(refused, [1]);
});

Deno.test("starved() names those that wait since then or longer, longestUnfed() the first of all", () => {
  const { open } = opened(
    { body: { wanted: true, fedAt: 300 } },
    { body: { wanted: true, fedAt: 200 } },
    { body: { wanted: true, fedAt: 301 } },
    { body: { fedAt: 100 } },
    { bodyLength: 5 },
  );
  assertEquals(starved(open, 300).map(({ id }) => id), [0, 1]);
  assertEquals(longestUnfed(open), 200);
  assertEquals(longestUnfed(opened({ body: {} }).open), Infinity);
});
