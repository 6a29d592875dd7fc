/** The read-write loop that does not wait for its writes. */
import { answer, listen } from "./answer.ts";

await listen(async (conn) => {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null) conn.write(answer).catch(() => {});
});
