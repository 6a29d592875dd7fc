/** The read-write loop that lets a turn of TURN pass before each answer. */
import { answer, listen } from "./answer.ts";

const turns: Record<string, () => Promise<unknown>> = {
  setImmediate: () => new Promise((resolve) => setImmediate(resolve)),
  MessageChannel: () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) channel.port2.postMessage(0);
    }),
  threadPool: () => Deno.stat("/"),
  timer: () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setTimeout(release, 0);
    }),
};
/** One turn for all that wait for it: otherwise the turns themselves are what is measured. */
let waiting: ((value?: unknown) => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = release;

function release(): void {
  const all = waiting;
  waiting = [];
  for (const go of all) go();
}

const turn = turns[Deno.env.get("TURN")!]!;
await listen(async (conn) => {
  const buffer = new Uint8Array(4096);
  while (await conn.read(buffer) !== null) {
    await turn();
    await conn.write(answer);
  }
});
