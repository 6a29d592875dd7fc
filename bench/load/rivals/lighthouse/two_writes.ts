/** The read-write loop with a write for the head and another for the body. */
import { answer, listen } from "./answer.ts";

const head = answer.subarray(0, -13), body = answer.subarray(-13);

await listen(async (conn) => {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null) {
    await conn.write(head);
    await conn.write(body);
  }
});
