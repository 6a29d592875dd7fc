import {
  assert,
  assertEquals,
  assertNotEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { ContractError, ProtocolError } from "../../../twig/mod.ts";
import type { RequestHead, WireLimits } from "../../../twig/mod.ts";
import { DEFAULT_LIMITS } from "../../../server/limits.ts";
import { HttpCore } from "../../../server/http/mod.ts";

const encode = (text: string) => new TextEncoder().encode(text);

const SHORT = "GET /a?b HTTP/1.1\r\nHost: x.example\r\n\r\n";
const LONG = "GET /polled HTTP/1.1\r\nHost: x.example\r\nAccept: text/html\r\nCookie: a=1; b=2\r\n" +
  "User-Agent: something long enough to be compared by words, whatever it says\r\nConnection: close, x\r\n\r\n";
const POST = "POST /in HTTP/1.1\r\nHost: x.example\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";

/** What an app could see of a head, and what the connection makes of it. */
function describe(core: HttpCore): unknown {
  try {
    const head = core.next();
    if (typeof head === "number" || head.kind !== "head") return head;
    const { method, target, path, query, authority, protocol, secure, bodyLength } = head;
    const seen = { method, target, path, query, authority, protocol, secure, bodyLength };
    return { ...seen, headers: [...head.headers], answer: answer(core, head) };
  } catch (error) {
    if (error instanceof ProtocolError) return { status: error.status, code: error.code };
    throw error;
  }
}

/** The answer shows what was decided of keep-alive and `100 Continue`. */
function answer(core: HttpCore, head: RequestHead): string {
  if (head.bodyLength !== 0) core.wantBody(head.exchange, core.output);
  while (typeof core.next() !== "number");
  core.head(head.exchange, 200, "", 0, false, core.output);
  core.end(head.exchange, "", core.output);
  return core.output.take().map((piece) => new TextDecoder().decode(piece)).join("");
}

/** A core whose place, like all others, has seen `text` twice, so that it is kept there. */
function warmed(text: string, limits: WireLimits): HttpCore {
  // Places are given in turn: 128 cores are two rounds.
  for (let i = 0; i < 128; i++) {
    const core = new HttpCore(limits);
    core.input.append(encode(text));
    describe(core);
  }
  return new HttpCore(limits);
}

function fresh(text: string): unknown {
  // Limits of its own share nothing with other cores.
  const core = new HttpCore({ ...DEFAULT_LIMITS });
  core.input.append(encode(text));
  return describe(core);
}

for (const [name, text] of Object.entries({ SHORT, LONG, POST })) {
  Deno.test(`a head that comes again is reported as the first time (${name})`, () => {
    const core = warmed(text, { ...DEFAULT_LIMITS });
    core.input.append(encode(text));
    assertEquals(describe(core), fresh(text));
  });

  Deno.test(`a head that differs in any one byte is parsed anew (${name})`, () => {
    const limits = { ...DEFAULT_LIMITS };
    const bytes = encode(text);
    for (let i = 0; i < bytes.length; i++) {
      for (const flip of [1, 0x20, 0x80]) {
        const other = bytes.slice();
        other[i] = (other[i] as number) ^ flip;
        const core = warmed(text, limits);
        core.input.append(other);
        const alone = new HttpCore({ ...DEFAULT_LIMITS });
        alone.input.append(other);
        assertEquals(describe(core), describe(alone), `byte ${i} ^ ${flip}`);
      }
      if (i > 60 && i < bytes.length - 10) i += 6;
    }
  });

  Deno.test(`a head that comes again is found at any alignment, and byte by byte (${name})`, () => {
    const limits = { ...DEFAULT_LIMITS };
    for (let offset = 0; offset < 5; offset++) {
      const core = warmed(text, limits);
      core.input.append(new Uint8Array(offset));
      core.input.start = offset;
      core.input.append(encode(text));
      assertEquals(describe(core), fresh(text));
    }
    const core = warmed(text, limits);
    const bytes = encode(text);
    for (const byte of bytes.subarray(0, -1)) {
      core.input.append(Uint8Array.of(byte));
      assertEquals(core.next(), 0);
    }
    core.input.append(bytes.subarray(-1));
    assertEquals(describe(core), fresh(text));
  });
}

Deno.test("a head that comes again is found behind others in the same memory", () => {
  const core = warmed(LONG, { ...DEFAULT_LIMITS });
  const kept = LONG.replace("Connection: close, x\r\n", "");
  const texts = [kept, kept, kept, kept.replace("b=2", "b=3"), kept, SHORT, kept, kept];
  core.input.append(encode(texts.join("")));
  for (const text of texts) assertEquals(describe(core), fresh(text));
});

Deno.test("a head that comes again is for another exchange, and has nothing that an app could change", () => {
  const core = warmed(SHORT, { ...DEFAULT_LIMITS });
  core.input.append(encode(SHORT + SHORT));
  const numbers: number[] = [];
  for (let i = 0; i < 2; i++) {
    const head = core.next();
    assert(typeof head !== "number" && head.kind === "head");
    numbers.push(head.exchange);
    assertThrows(() => head.headers.append("x-changed", "1"), ContractError);
    answer(core, head);
  }
  assertNotEquals(numbers[0], numbers[1]);
});

Deno.test("a head that one set of limits let through is checked by another", () => {
  const wide = { ...DEFAULT_LIMITS };
  warmed(LONG, wide);
  const narrow = { ...DEFAULT_LIMITS, headerFields: 2 };
  for (let i = 0; i < 64; i++) {
    const core = new HttpCore(narrow);
    core.input.append(encode(LONG));
    assertEquals(describe(core), { status: 431, code: "too-many-fields" });
  }
});

Deno.test("empty lines before a head that comes again are still counted", () => {
  const core = warmed(SHORT, { ...DEFAULT_LIMITS });
  core.input.append(encode("\r\n\r\n" + SHORT));
  assertEquals(describe(core), fresh(SHORT));
  core.input.append(encode("\r\n".repeat(9) + SHORT));
  assertEquals((describe(core) as { status: number }).status, 400);
});

Deno.test("a head that comes again is found in memory of any size and alignment", () => {
  for (const [capacity, offset] of [[1024, 0], [1024, 1], [1024, 4], [64 * 1024, 0]] as const) {
    const core = warmed(LONG, { ...DEFAULT_LIMITS });
    core.input.bytes = new Uint8Array(new ArrayBuffer(capacity + offset), offset);
    core.input.append(encode(LONG));
    assertEquals(describe(core), fresh(LONG));
  }
});

Deno.test("a head that comes again is kept only if it is not long", () => {
  const start = "GET / HTTP/1.1\r\nhost: x\r\ncookie: ";
  for (const [size, same] of [[2048, assertStrictEquals], [2049, assertNotStrictEquals]] as const) {
    const text = `${start.padEnd(size - 4, "c")}\r\n\r\n`;
    const core = warmed(text, { ...DEFAULT_LIMITS });
    const heads = [0, 1].map(() => {
      core.input.append(encode(text));
      const head = core.next();
      assert(typeof head !== "number" && head.kind === "head");
      answer(core, head);
      return head;
    });
    // One that is kept is reported again, and not made anew.
    same<unknown>(heads[0], heads[1]);
  }
});
