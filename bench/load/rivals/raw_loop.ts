/** The floor: read, look at nothing, write a fixed answer. No server that reads its requests can cost less. */

const answer = new TextEncoder().encode(
  "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=utf-8\r\ncontent-length: 13\r\n\r\nHello, World!",
);

async function serve(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(4096);
  try {
    while (await conn.read(buffer) !== null) await conn.write(answer);
    conn.close();
  } catch {
    // The client is gone.
  }
}

const place = { hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), reusePort: true };
for await (const conn of Deno.listen(place)) {
  conn.setNoDelay(true);
  serve(conn);
}
