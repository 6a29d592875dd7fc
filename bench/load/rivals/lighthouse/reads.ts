/**
 * The read-write loop with a buffer of READ bytes for each connection. Answers each request when its body,
 * as long as `content-length` says, is there; heads come in one piece.
 */
import { Buffer } from "node:buffer";
import { latin1 } from "../../../../twig/bytes.ts";
import { answer, listen } from "./answer.ts";

const size = Number(Deno.env.get("READ"));

function bodyLength(head: Buffer): number {
  const found = /\r\ncontent-length: (\d+)/i.exec(latin1(head, 0, head.length));
  return found === null ? 0 : Number(found[1]);
}

await listen(async (conn) => {
  const buffer = Buffer.from(new ArrayBuffer(size));
  let left = 0;
  for (let got = await conn.read(buffer); got !== null; got = await conn.read(buffer)) {
    if (left > 0) left -= got;
    else {
      const end = buffer.indexOf("\r\n\r\n") + 4;
      left = bodyLength(buffer.subarray(0, end)) - (got - end);
    }
    if (left === 0) await conn.write(answer);
  }
});
