import { assert, assertEquals, assertRejects } from "@std/assert";
import { RequestBody } from "../../twig/body.ts";
import { Random } from "../support/random.ts";

const source = { wantBody: () => {}, bodyLimit: Infinity, contentType: "" };

Deno.test("RequestBody gathers small pieces that wait, so that a body sent byte by byte costs no more than its bytes", async () => {
  const body = new RequestBody(source);
  for (let i = 0; i < 100_000; i++) body.push(Uint8Array.of(i % 251));
  assertEquals(body.buffered, 100_000);
  body.finish(undefined);
  let pieces = 0;
  let at = 0;
  for await (const piece of body) {
    pieces++;
    for (const byte of piece) assertEquals(byte, at++ % 251);
  }
  assertEquals(at, 100_000);
  assert(pieces <= 30, `${pieces} pieces`);
  assertEquals(body.buffered, 0);
});

Deno.test("RequestBody gives every byte once and in order, and leaves what it gave alone", async () => {
  const random = new Random(7);
  const body = new RequestBody(source);
  const reader = body[Symbol.asyncIterator]();
  const given: Uint8Array[] = [];
  const sizes = [1, 1, 1, 3, 500, 1023, 1024, 1025, 5000];
  let sent = 0;
  for (let round = 0; round < 2000; round++) {
    for (let i = random.below(6); i >= 0; i--) {
      const size = sizes[random.below(sizes.length)]!;
      body.push(Uint8Array.from({ length: size }, () => sent++ % 251));
    }
    for (let i = random.below(3); i > 0 && body.buffered > 0; i--) given.push((await reader.next()).value!);
  }
  body.finish(undefined);
  for await (const piece of reader) given.push(piece);
  let at = 0;
  for (const piece of given) assert(piece.every((byte) => byte === at++ % 251));
  assertEquals(at, sent);
});

Deno.test("RequestBody gives nothing of what waits unread once it has failed", async () => {
  const body = new RequestBody(source);
  const reader = body[Symbol.asyncIterator]();
  for (const size of [5000, 5000, 1, 1]) body.push(new Uint8Array(size));
  assertEquals((await reader.next()).value?.length, 5000);
  body.fail(new Error("gone"));
  assertEquals(body.buffered, 0);
  await assertRejects(() => reader.next(), Error, "gone");
});
