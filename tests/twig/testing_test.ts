import { assertEquals, assertRejects } from "@std/assert";
import { Buffer } from "node:buffer";
import { type App, ConnectionLost, toFetch } from "../../twig/mod.ts";
import { TestClient } from "../../twig/testing.ts";
import { settled } from "../support/recording_carrier.ts";
import { overHttp } from "../support/wires.ts";

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

Deno.test("TestClient gets trailers only where a client could", async () => {
  const trailed: App = (_, response) => (response.trailers.set("x-sum", "1"), "body");
  const got = async (method: string, app: App) => {
    const answer = await new TestClient(app).request(method, "/");
    await answer.ended;
    return answer.trailers.get("x-sum");
  };
  assertEquals(await got("GET", trailed), "1");
  assertEquals(await got("HEAD", trailed), undefined);
  const started = (status: number, fields = {}): App => (request, response) => {
    response.start(status, fields);
    return trailed(request, response);
  };
  assertEquals(await got("GET", started(200, { "content-length": "4" })), undefined);
  for (const status of [204, 205, 304]) assertEquals(await got("GET", started(status)), undefined);
});

Deno.test("TestClient and toFetch() show the lengths that a client is told", async () => {
  const cases: [
    method: string,
    status: number,
    fields: Record<string, string>,
    length: string | undefined,
  ][] = [
    ["GET", 200, {}, "4"],
    ["HEAD", 200, {}, "4"],
    ["HEAD", 200, { "content-length": "0" }, "0"],
    ["GET", 205, {}, "0"],
    ["HEAD", 205, {}, "0"],
    ["GET", 204, { "content-length": "4" }, undefined],
    ["GET", 304, {}, undefined],
    ["HEAD", 304, { "content-length": "4" }, undefined],
  ];
  for (const [method, status, fields, length] of cases) {
    const app: App = (_, response) => (response.start(status, fields), "body");
    const seen = (headers: { get(name: string): string | null | undefined }) =>
      headers.get("content-length") ?? undefined;
    const wire = overHttp(app);
    wire.send(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assertEquals(/\r\ncontent-length: (\d+)\r\n/.exec(await wire.closed())?.[1], length, "the wire");
    assertEquals(
      seen((await new TestClient(app).request(method, "/")).headers),
      length,
      `${method} ${status}`,
    );
    const fetched = await toFetch(app)(new Request("http://localhost/", { method }));
    assertEquals(seen(fetched.headers), length, `${method} ${status}`);
    await fetched.body?.cancel();
  }
});

Deno.test("TestClient declares the length of a body that is text or bytes, as clients do", async () => {
  const client = new TestClient(({ contentLength, headers }) =>
    `${contentLength} ${headers.get("content-length")}`
  );
  const told = async (body: Parameters<TestClient["post"]>[1], headers: Record<string, string> = {}) =>
    await (await client.post("/", body, { headers })).text();
  assertEquals(await told("h\u00e9llo"), "6 6");
  assertEquals(await told(""), "0 0");
  assertEquals(await told(new Uint8Array(3)), "3 3");
  assertEquals(await told(["pieces"]), "undefined undefined");
  assertEquals(await told("hello", { "transfer-encoding": "chunked" }), "undefined undefined");
  assertEquals(await told(["pieces"], { "content-length": "6" }), "6 6");
  for (const length of ["abc", "-7", "", "1e3", "0x10", "5, 5", "9".repeat(16)]) {
    assertEquals(await told("hello", { "content-length": length }), `undefined ${length}`);
  }
});

Deno.test("TestClient may hang up after the end, which cuts nothing", async () => {
  const answer = await new TestClient(() => "x").get("/");
  await answer.ended;
  answer.hangUp();
  assertEquals([answer.wasCut, await answer.text()], [false, "x"]);
  const endless = await new TestClient(async function* () {
    yield "x";
    await new Promise(() => {});
  }).get("/");
  endless.hangUp();
  assertEquals(endless.wasCut, true);
});
