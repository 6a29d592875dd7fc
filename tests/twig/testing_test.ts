import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { ConnectionLost } from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";
import { settled } from "../support/recording_carrier.ts";

Deno.test("TestClient keeps what a Buffer held when it was yielded: its slice() is a view", async () => {
  const client = new TestClient(function* () {
    const buffer = Buffer.alloc(20_000);
    for (const letter of "abc") yield buffer.fill(letter);
  });
  const answer = await client.get("/");
  await answer.ended;
  assertEquals(answer.chunks.map((chunk) => chunk[0]), [97, 98, 99]);
});

Deno.test("TestClient rejects if the app cuts its answer before the head", async () => {
  const client = new TestClient((_, response) => (response.abort(), "x"));
  await assertRejects(() => client.get("/"), ConnectionLost, "before its head");
});

Deno.test("TestClient ends the body of a request when the answer ends, or it hangs up", async () => {
  for (const complete of [true, false]) {
    let ended = 0;
    const body = async function* () {
      try {
        while (true) yield "piece";
      } finally {
        ended++;
      }
    };
    const client = new TestClient(async function* ({ body }) {
      for await (const piece of body) {
        yield piece;
        break;
      }
      await settled();
      if (!complete) await new Promise(() => {});
    });
    const answer = await client.post("/", body());
    if (complete) await answer.ended;
    else answer.hangUp();
    await settled();
    assertEquals(ended, 1);
  }
});
