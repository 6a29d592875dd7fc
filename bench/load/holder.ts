/**
 * A load generator for connections that are held rather than used: opens many, sends one request on each,
 * and stays. A program of its own, on the core of the load.
 *
 * Prints `ready` when all have been answered. At the end of its input it prints how many events it has
 * received since then, and ends.
 *
 * Arguments: port, path, number of connections.
 *
 * @module
 */

const [port, path, count] = Deno.args as [string, string, string];
const request = new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
const decoder = new TextDecoder();
/** Opened at the same time; more would overflow the queue of a slow server. */
const AT_ONCE = 100;

let events = 0;

/** Resolves when the server has answered; reads on as long as there is something. */
async function hold(): Promise<void> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
  const buffer = new Uint8Array(1024);
  await conn.write(request);
  if (await conn.read(buffer) === null) throw new Error("The server closed a connection");
  readOn(conn, buffer);
}

async function readOn(conn: Deno.Conn, buffer: Uint8Array): Promise<void> {
  for (let size = await conn.read(buffer); size !== null; size = await conn.read(buffer)) {
    events += decoder.decode(buffer.subarray(0, size)).split("data: ").length - 1;
  }
  throw new Error("The server closed a connection that was to be held");
}

function print(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

let left = Number(count);
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  while (left-- > 0) await hold();
}));
events = 0;
print("ready");
for await (const _ of Deno.stdin.readable);
print(String(events));
Deno.exit();
