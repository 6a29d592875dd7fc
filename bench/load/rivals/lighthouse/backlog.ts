/** The read-write loop with a larger queue of connections that are not accepted yet. */
import { answer, listen } from "./answer.ts";

await listen(async (conn) => {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null) await conn.write(answer);
}, 4096);
