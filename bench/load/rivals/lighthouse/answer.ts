/** What all contenders of the lighthouse answer, and where they listen. */

const text =
  "HTTP/1.1 200 OK\r\ncontent-type: text/plain;charset=utf-8\r\ncontent-length: 13\r\n\r\nHello, World!";

/** The whole answer. */
export const answer: Uint8Array<ArrayBuffer> = new TextEncoder().encode(text);

/** Where to listen. */
export const place = { hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")) };

/**
 * Accepts connections for ever.
 *
 * @param serve Serves one; it may reject when the client is gone.
 * @param tcpBacklog As `Deno.listen` takes it.
 */
export async function listen(serve: (conn: Deno.TcpConn) => Promise<void>, tcpBacklog = 511): Promise<void> {
  for await (const conn of Deno.listen({ ...place, tcpBacklog })) {
    conn.setNoDelay(true);
    serve(conn).catch(() => {});
  }
}
