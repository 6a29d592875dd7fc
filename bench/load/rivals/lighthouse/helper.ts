/** The read-write loop with an async function of one's own around each read and each write. */
import { answer, listen } from "./answer.ts";

async function receive(conn: Deno.Conn, buffer: Uint8Array): Promise<number | null> {
  return await conn.read(buffer);
}

async function send(conn: Deno.Conn, bytes: Uint8Array): Promise<void> {
  await conn.write(bytes);
}

await listen(async (conn) => {
  const buffer = new Uint8Array(4096);
  while (await receive(conn, buffer) !== null) await send(conn, answer);
});
