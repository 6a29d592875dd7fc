import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { type App, ContractError, toFetch, type ToFetchOptions } from "../../twig/mod.ts";
import { settled } from "../support/recording_carrier.ts";

const URL_TEXT = "http://localhost/";
const onLinux = Deno.build.os === "linux";

function get(app: App, init: RequestInit = {}, options: ToFetchOptions = {}): Promise<Response> {
  return toFetch(app, options)(new Request(URL_TEXT, init));
}

/** Neither answers nor fails. */
const never = () => new Promise<string>(() => {});

/** Long enough that its first piece fills the stream. */
async function withLongFile(use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.realPath(await Deno.makeTempFile());
  try {
    await Deno.writeFile(path, new Uint8Array(1024 * 1024));
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

/** Whether this process has the file open. */
function isOpen(path: string): boolean {
  const links = Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      // The one that listed the folder is closed again.
      return "";
    }
  });
  return links.includes(path);
}

Deno.test("toFetch() sends what a Buffer held when it was yielded: its slice() is a view", async () => {
  const answer = await get(function* () {
    const buffer = Buffer.alloc(20_000);
    for (const letter of "abc") yield buffer.fill(letter);
  });
  const bytes = await answer.bytes();
  assertEquals([bytes.length, ...[0, 20_000, 40_000].map((at) => bytes[at])], [60_000, 97, 98, 99]);
});

Deno.test("toFetch() answers 500 in place of a status that no Response can have, and reports it", async () => {
  const apps: App[] = [
    (_, response) => (response.start(600), "whole"),
    (_, response) => (response.start(999), ["in ", "parts"]),
    async function* (_, response) {
      response.start(799);
      yield "first";
      await settled();
      while (true) yield "endless".repeat(10_000);
    },
    (_, response) => (response.start(600), new Promise((resolve) => setTimeout(() => resolve("late"), 1))),
  ];
  for (const app of apps) {
    const errors: unknown[] = [];
    const answer = await get(app, {}, { onError: (error) => errors.push(error) });
    assertEquals([answer.status, await answer.text()], [500, "Internal Server Error\n"]);
    assertEquals(answer.headers.get("content-type"), "text/plain; charset=utf-8");
    assertEquals(errors.length, 1);
    assert(errors[0] instanceof ContractError);
    assertEquals(errors[0].code, "bad-status");
    assertMatch(errors[0].message, /status \d{3}: fetch knows 200 to 599/);
  }
  const shown = await get(apps[0]!, {}, { development: true, onError: () => {} });
  assertMatch(await shown.text(), /Cannot answer with status 600/);
});

Deno.test("toFetch() answers although its onError throws, and tells the console of both errors", async () => {
  const told: string[] = [];
  const { error } = console;
  Object.assign(console, { error: (what: unknown) => told.push(String(what)) });
  try {
    const onError = () => {
      throw new Error("hook");
    };
    const apps: App[] = [
      () => {
        throw new Error("app");
      },
      () => Promise.reject(new Error("app")),
    ];
    for (const app of apps) {
      const answer = await get(app, {}, { onError });
      assertEquals([answer.status, await answer.text()], [500, "Internal Server Error\n"]);
    }
    const late = await get(
      async function* () {
        yield "half";
        await settled();
        throw new Error("app");
      },
      {},
      { onError },
    );
    await assertRejects(() => late.text(), TypeError, "cut short");
  } finally {
    Object.assign(console, { error });
  }
  assertEquals(told, Array(3).fill(["Error: app", "Error: hook"]).flat());
});

Deno.test("toFetch() ends an app whose status no Response can have", async () => {
  const ended = Promise.withResolvers<void>();
  await get(
    async function* (_, response) {
      try {
        response.start(600);
        while (true) yield "endless".repeat(10_000);
      } finally {
        ended.resolve();
      }
    },
    {},
    { onError: () => {} },
  );
  await ended.promise;
});

Deno.test("toFetch() rejects with the reason of a signal that aborts before the head", async () => {
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  const seen = Promise.withResolvers<AbortSignal>();
  const answer = get((request) => (seen.resolve(request.signal), never()), { signal: controller.signal });
  const signal = await seen.promise;
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => answer), reason);
  assert(signal.aborted);
});

Deno.test("toFetch() does not call the app for a request that is aborted already", async () => {
  let called = 0;
  const reason = new Error("too late");
  const answer = get(() => (called++, "x"), { signal: AbortSignal.abort(reason) });
  assertStrictEquals(await assertRejects(() => answer), reason);
  assertEquals(called, 0);
});

Deno.test("toFetch() rejects if the app cuts its answer before the head", async () => {
  await assertRejects(() => get((_, response) => (response.abort(), "x")), TypeError, "cut short");
});

Deno.test("toFetch() tells who reads an answer that its request was aborted", async () => {
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  const answer = await get(async function* () {
    yield "half";
    await never();
  }, { signal: controller.signal });
  const reader = answer.body!.getReader();
  assertEquals(new TextDecoder().decode((await reader.read()).value), "half");
  const next = reader.read();
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => next), reason);
});

Deno.test("toFetch() leaves an answer that is complete alone when its request is aborted", async () => {
  const controller = new AbortController();
  const answer = await get(() => "complete", { signal: controller.signal });
  controller.abort();
  assertEquals(await answer.text(), "complete");
});

Deno.test({
  name: "toFetch() closes a file whose answer is cancelled, aborted or cut while it waits for room",
  ignore: !onLinux,
  fn: () =>
    withLongFile(async (path) => {
      const ways: [
        name: string,
        giveUp: (answer: Response, request: AbortController) => void,
        error?: string,
      ][] = [
        ["cancel", ({ body }) => void body!.cancel()],
        ["abort", (_, request) => request.abort(new Error("changed my mind")), "changed my mind"],
        ["cut", () => cut(), "cut short"],
      ];
      let cut = () => {};
      for (const [name, giveUp, error] of ways) {
        const request = new AbortController();
        const answer = await get((_, response) => {
          cut = () => response.abort();
          return response.file(path);
        }, { signal: request.signal });
        await settled();
        assert(isOpen(path), name);
        giveUp(answer, request);
        await settled();
        assert(!isOpen(path), name);
        if (error !== undefined) await assertRejects(() => answer.bytes(), Error, error);
      }
    }),
});

Deno.test("toFetch() cancels the request's body when the answer ends, also while a read is pending", async () => {
  const apps: Record<string, App> = {
    "never read": () => "x",
    "read in part": async ({ body }) => {
      for await (const _ of body) break;
      return "x";
    },
    "a read is pending": ({ body }) => {
      body.bytes().catch(() => {});
      return "x".repeat(10);
    },
    "failed": () => {
      throw new Error("boom");
    },
    "a status that no Response can have": (_, response) => (response.start(600), "x"),
  };
  for (const [name, app] of Object.entries(apps)) {
    const cancelled = Promise.withResolvers<void>();
    const sent = [new Uint8Array(10)];
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => sent.forEach(() => controller.enqueue(sent.pop()!)),
      cancel: () => cancelled.resolve(),
    });
    const answer = await get(app, { method: "POST", body }, { onError: () => {} });
    await answer.bytes();
    await settled();
    assertEquals(await Promise.race([cancelled.promise.then(() => name), settled()]), name);
  }
});

Deno.test("toFetch() cancels the request's body when the request is aborted", async () => {
  const controller = new AbortController();
  const cancelled = Promise.withResolvers<void>();
  const read = Promise.withResolvers<void>();
  const answer = get(
    ({ body }) => {
      const text = body.text();
      read.resolve();
      return text;
    },
    {
      method: "POST",
      signal: controller.signal,
      body: new ReadableStream({ cancel: () => cancelled.resolve() }),
    },
  );
  await read.promise;
  controller.abort();
  await assertRejects(() => answer);
  await cancelled.promise;
});

Deno.test("toFetch() answers 413 to a body that is declared or read beyond the limit", async () => {
  const body = "x".repeat(11);
  const declared = { method: "POST", headers: { "content-length": "11" }, body };
  assertEquals((await get(() => "x", declared, { bodyLimit: 10 })).status, 413);
  const read: App = ({ body }) => body.text();
  assertEquals((await get(read, { method: "POST", body }, { bodyLimit: 10 })).status, 413);
  assertEquals((await get(read, { method: "POST", body }, { bodyLimit: 11 })).status, 200);
});
