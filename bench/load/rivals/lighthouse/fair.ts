/** The read-write loop in which connections take turns as they do in Archangel. */
import { FairTurns } from "../../../../server/fair_turns.ts";
import { answer, listen } from "./answer.ts";

const turns = new FairTurns();
let connections = 0;

await listen(async (conn) => {
  const taker = { turnWindow: -1 };
  const buffer = new Uint8Array(4096);
  connections++;
  try {
    while (await conn.read(buffer) !== null) {
      const place = turns.received(taker);
      await conn.write(answer);
      const turn = turns.turn(place, connections);
      if (turn !== undefined) await turn;
    }
  } finally {
    connections--;
  }
});
