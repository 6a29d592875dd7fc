/** Answers pipelined requests: with one write for all that a read brought, or with EACH=1 one by one. */
import { answer, listen } from "./answer.ts";

const each = Deno.env.get("EACH") === "1";
/** A request ends with an empty line, and of its four bytes the first newline follows a newline and CR. */
const END = 0x0a0d0a0d;

function requestsIn(bytes: DataView, size: number): number {
  let requests = 0;
  for (let i = 0; i + 4 <= size; i++) if (bytes.getUint32(i, true) === END) requests++;
  return requests;
}

const most = 100;
const answers = new Uint8Array(answer.length * most);
for (let i = 0; i < most; i++) answers.set(answer, answer.length * i);

await listen(async (conn) => {
  const buffer = new Uint8Array(4096);
  const view = new DataView(buffer.buffer);
  for (let size = await conn.read(buffer); size !== null; size = await conn.read(buffer)) {
    const requests = requestsIn(view, size);
    if (!each) await conn.write(answers.subarray(0, answer.length * requests));
    else for (let i = 0; i < requests; i++) await conn.write(answer);
  }
});
