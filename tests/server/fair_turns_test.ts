import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { FairTurns, type TurnTaker } from "../../server/fair_turns.ts";
import { delay } from "../support/delay.ts";

interface Client extends TurnTaker {
  served: number;
}

const makeClients = (count: number): Client[] =>
  Array.from({ length: count }, () => ({ turnWindow: -1, served: 0 }));

/**
 * The runtime as it was measured: of all reads that are ready it finishes 128 in one go. Those of
 * connections that ask again at once come first the next time, those that came too late behind them.
 */
async function saturate(clients: Client[], requests: number, turns: FairTurns | undefined): Promise<void> {
  let again = [...clients];
  let late: Client[] = [];
  for (let total = 0; total < requests;) {
    const ready = again.concat(late);
    again = [];
    const served = ready.slice(0, 128);
    late = ready.slice(128);
    total += served.length;
    const places = served.map((client) => turns?.received(client) ?? 0);
    served.forEach((client, i) => {
      client.served++;
      const turn = turns?.turn(places[i] as number, clients.length);
      if (turn === undefined) again.push(client);
      else turn.then(() => again.push(client));
    });
    // Those who were let go meanwhile ask in the next round.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const spread = (clients: Client[]) => {
  const counts = clients.map((client) => client.served);
  return { least: Math.min(...counts), most: Math.max(...counts) };
};

Deno.test("without turns the first 128 connections starve all others", async () => {
  const clients = makeClients(256);
  await saturate(clients, 12_800, undefined);
  assertEquals(spread(clients), { least: 0, most: 100 });
});

for (const count of [129, 256, 512, 1000]) {
  Deno.test(`FairTurns serves ${count} saturating connections evenly`, async () => {
    const clients = makeClients(count);
    await saturate(clients, 40_000, new FairTurns());
    const { least, most } = spread(clients);
    // The more there are the more even it is; with one more than a turn serves nobody gets less than half.
    assertLessOrEqual(most, count === 129 ? 2.5 * least : 1.1 * least + 3);
  });
}

Deno.test("FairTurns lets up to 128 busy connections read at once, however many are open", async () => {
  const turns = new FairTurns();
  const clients = makeClients(128);
  for (let round = 0; round < 200; round++) {
    for (const client of clients) turns.received(client);
  }
  // Two windows have passed: it knows by now that the other 9,872 are idle.
  for (const client of clients) assertEquals(turns.turn(turns.received(client), 10_000), undefined);
  await Promise.resolve();
});

Deno.test("FairTurns never holds anybody on a server with 128 connections", () => {
  const turns = new FairTurns();
  assertEquals([turns.needed(128), turns.needed(129)], [false, true]);
  for (const client of makeClients(128)) assertEquals(turns.turn(turns.received(client), 128), undefined);
});

Deno.test("FairTurns lets go of those who wait for others that have gone quiet", async () => {
  const turns = new FairTurns();
  const [one] = makeClients(1) as [Client];
  const turn = turns.turn(turns.received(one), 500);
  assert(turn !== undefined);
  await turn;
});

Deno.test("FairTurns holds nobody any more soon after the others have gone quiet", async () => {
  const turns = new FairTurns();
  const [one, ...others] = makeClients(500) as [Client, ...Client[]];
  for (let round = 0; round < 20; round++) for (const client of others) turns.received(client);
  let held = 0;
  for (; held < 10; held++) {
    const turn = turns.turn(turns.received(one), 500);
    if (turn === undefined) break;
    await turn;
  }
  assertLessOrEqual(held, 3);
});

Deno.test("FairTurns lets go in the order in which requests came", async () => {
  const turns = new FairTurns();
  const clients = makeClients(200);
  const order: number[] = [];
  const places = clients.slice(0, 3).map((client) => turns.received(client));
  const waits = places.map((place, i) => turns.turn(place, 148)?.then(() => order.push(i)));
  // 148 connections: each waits until 84 requests have come after its own.
  for (const client of clients.slice(3, 85)) turns.received(client);
  await Promise.resolve();
  assertEquals(order, [0]);
  for (const client of clients.slice(85, 87)) turns.received(client);
  await Promise.all(waits);
  assertEquals(order, [0, 1, 2]);
});

Deno.test("FairTurns lets go 64 of those who stand when nothing comes, those who have stood longest", async () => {
  const turns = new FairTurns();
  const clients = makeClients(500);
  const places = clients.map((client) => turns.received(client));
  let gone = 0;
  const waits = places.map((place) => turns.turn(place, 1000)?.then(() => gone++));
  const standing = waits.filter((wait) => wait !== undefined);
  await standing[0];
  assertEquals(gone, 64);
  await Promise.all(standing);
  assertEquals(gone, standing.length);
});

Deno.test("FairTurns does not take a pause of the machine for quiet", async () => {
  const turns = new FairTurns();
  const clients = makeClients(250);
  for (let round = 0; round < 40; round++) for (const client of clients) turns.received(client);
  // Nobody comes for as long as it takes to let everybody go.
  const places = clients.map((client) => turns.received(client));
  await Promise.all(places.map((place) => turns.turn(place, 250)));
  await delay(20);
  // Then all come back, and whoever is first still has to stand back for the others.
  const [first] = clients as [Client];
  const held = turns.turn(turns.received(first), 250);
  assert(held !== undefined);
  await held;
});
