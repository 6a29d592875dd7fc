/** Files of every size, over real sockets and over FastCGI: their memory is used again, and must not be too early. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type App, FileBody } from "../../twig/mod.ts";
import { delay } from "../support/delay.ts";
import { Random } from "../support/random.ts";
import { Served } from "../support/served.ts";
import { fcgiAnswer, fcgiRequest, overFcgi } from "../support/wires.ts";

const KIB = 1024;
/** Around each size at which files are treated differently. */
const SIZES = [
  0,
  1,
  16 * KIB,
  16 * KIB + 1,
  64 * KIB,
  64 * KIB + 1,
  256 * KIB,
  256 * KIB + 1,
  1024 * KIB + 3,
];

/** Files that have nothing in common, by their size; removed at the end. */
async function withFiles(
  use: (app: App, contents: Map<number, Uint8Array>, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const random = new Random(31);
  try {
    const contents = new Map<number, Uint8Array>();
    for (const size of SIZES) {
      const bytes = Uint8Array.from({ length: size }, () => random.below(256));
      contents.set(size, bytes);
      await Deno.writeFile(`${folder}/${size}`, bytes);
    }
    await use((request, response) => response.file(`${folder}${request.pathInfo}`), contents, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Reads all that comes, a little at a time. */
async function readAll(
  connection: Deno.Conn,
  pause: () => Promise<unknown> | undefined,
): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const piece = new Uint8Array(32 * KIB);
    const size = await connection.read(piece);
    if (size === null) return new Uint8Array(await new Blob(pieces).arrayBuffer());
    pieces.push(piece.subarray(0, size));
    await pause();
  }
}

/** The bodies of answers that follow each other, all with a content-length. */
function bodiesOf(bytes: Uint8Array): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const text = new TextDecoder("latin1").decode(bytes.subarray(at, at + 1000));
    const start = at + text.indexOf("\r\n\r\n") + 4;
    const size = Number(/content-length: (\d+)/i.exec(text)?.[1]);
    bodies.push(bytes.subarray(start, start + size));
    at = start + size;
  }
  return bodies;
}

const same = (a: Uint8Array | undefined, b: Uint8Array | undefined) =>
  a !== undefined && b !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);

Deno.test("files arrive as they are, on many connections that read slowly and pipeline", async () => {
  await withFiles(async (app, contents) => {
    await using served = await Served.start(app);
    const random = new Random(7);
    const order = Array.from({ length: 12 }, () => Array.from({ length: 8 }, () => random.pick(SIZES)));
    await Promise.all(order.map(async (sizes, n) => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port: served.port });
      const requests = sizes.map((size, i) =>
        `GET /${size} HTTP/1.1\r\nHost: a\r\n${i === 7 ? "Connection: close\r\n" : ""}\r\n`
      );
      await connection.write(new TextEncoder().encode(requests.join("")));
      const pause = () => n % 3 === 0 ? delay(0) : undefined;
      const bodies = bodiesOf(await readAll(connection, pause));
      assertEquals(bodies.map(({ length }) => length), sizes);
      sizes.forEach((size, i) => assert(same(bodies[i], contents.get(size)), `${size} on connection ${n}`));
    }));
    assertEquals(served.messages, []);
  });
});

Deno.test("files arrive as they are over FastCGI, whose records are shorter", async () => {
  await withFiles(async (app, contents) => {
    for (const size of SIZES) {
      const front = overFcgi(app);
      front.send(fcgiRequest({ REQUEST_METHOD: "GET", REQUEST_URI: `/${size}` }));
      await front.end();
      const { stdout, ended } = fcgiAnswer(front.received);
      assert(ended);
      const body = Uint8Array.from(
        stdout.slice(stdout.indexOf("\r\n\r\n") + 4),
        (unit) => unit.charCodeAt(0),
      );
      assert(same(body, contents.get(size)), `${size}`);
    }
  });
});

Deno.test("FileBody gives each piece memory of its own to whoever iterates over it", async () => {
  const path = await Deno.makeTempFile();
  try {
    const bytes = Uint8Array.from({ length: 600_000 }, (_, i) => i % 251);
    await Deno.writeFile(path, bytes);
    const pieces: Uint8Array[] = [];
    for await (const piece of new FileBody(path, { start: 1000 })) pieces.push(piece);
    assertEquals(pieces.length, 3);
    assert(
      same(
        new Uint8Array(await new Blob(pieces as Uint8Array<ArrayBuffer>[]).arrayBuffer()),
        bytes.subarray(1000),
      ),
    );
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("FileBody refuses a range whose bounds are no indexes, and says which", () => {
  const indexes = "an index is a whole number, 0 or more";
  for (
    const [range, said] of [
      [{ start: -5, end: 10 }, `Cannot send bytes -5 to 10 of /a: ${indexes}`],
      [{ start: 0, end: -1 }, `Cannot send bytes 0 to -1 of /a: ${indexes}`],
      [{ start: 1.5 }, `Cannot send bytes 1.5 to the end of /a: ${indexes}`],
      [{ start: NaN, end: 2 }, `Cannot send bytes NaN to 2 of /a: ${indexes}`],
      [{ start: "0" as unknown as number, end: 2 }, `Cannot send bytes 0 to 2 of /a: ${indexes}`],
    ] as const
  ) assertEquals(assertThrows(() => new FileBody("/a", range), RangeError).message, said);
});

Deno.test("FileBody sends no more than there is, and nothing of a range that ends before it starts", async () => {
  await withFiles(async (_app, contents, folder) => {
    const size = 64 * KIB;
    for (
      const [range, expected] of [
        [{ start: size - 3, end: size + 100 }, [size - 3, size]],
        [{ start: size - 3, end: Infinity }, [size - 3, size]],
        [{ start: size + 1 }, [size, size]],
        [{ start: 9, end: 3 }, [0, 0]],
      ] as const
    ) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of new FileBody(`${folder}/${size}`, range)) pieces.push(piece.slice());
      const sent = new Uint8Array(await new Blob(pieces).arrayBuffer());
      assert(same(sent, contents.get(size)!.subarray(...expected)), JSON.stringify(range));
    }
  });
});

Deno.test("FileBody opens nothing but plain files: a pipe would keep the worker waiting", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const made = await new Deno.Command("mkfifo", { args: [`${folder}/pipe`] }).output();
    assert(made.success);
    const read = async (path: string) => await new FileBody(path)[Symbol.asyncIterator]().next();
    await assertRejects(() => read(`${folder}/pipe`), Deno.errors.NotSupported, "not a plain file");
    await assertRejects(() => read(folder), Deno.errors.IsADirectory, "Cannot send a folder");
    await assertRejects(() => read(`${folder}/missing`), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
