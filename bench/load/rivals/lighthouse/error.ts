/** The read-write loop that makes an error for each request, and throws it away. */
import { answer, listen } from "./answer.ts";

export let last: Error | undefined;

await listen(async (conn) => {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null) {
    last = new Error("The body has been read already");
    await conn.write(answer);
  }
});
