/** The read-write loop by way of `conn.readable` and `conn.writable`. */
import { answer, listen } from "./answer.ts";

await listen(async (conn) => {
  const writer = conn.writable.getWriter();
  for await (const _ of conn.readable) await writer.write(answer);
});
