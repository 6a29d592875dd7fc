import { assertEquals } from "@std/assert";
import { ChunkedBody } from "../../../server/http/chunked.ts";
import { DEFAULT_LIMITS } from "../../../server/limits.ts";
import { InputBuffer } from "../../../twig/input_buffer.ts";

function inputOf(text: string): InputBuffer {
  const input = new InputBuffer();
  input.append(new TextEncoder().encode(text));
  return input;
}

Deno.test("ChunkedBody leaves data in the input for its taker", () => {
  const body = new ChunkedBody(DEFAULT_LIMITS);
  const input = inputOf("5\r\nhello\r\n0\r\n\r\nnext");
  assertEquals(body.expected, 0);
  assertEquals([body.ready(input), body.ready(input), body.expected], [5, 5, 5]);
  assertEquals(new TextDecoder().decode(input.take(2)), "he");
  body.consumed(2);
  assertEquals([body.ready(input), body.expected], [3, 3]);
  input.start += 3;
  body.consumed(3);
  assertEquals([body.ready(input), body.done, body.trailers], [0, true, undefined]);
  assertEquals([new TextDecoder().decode(input.take(4)), body.ready(inputOf("x"))], ["next", 0]);
});

Deno.test("ChunkedBody foresees an error from wherever it stands, and changes nothing by that", () => {
  const good = '5;a=b ; c = "d\\""\r\nhello\r\n0\r\nx: y\r\n\r\n';
  for (let cut = 0; cut <= good.length; cut++) {
    const body = new ChunkedBody(DEFAULT_LIMITS);
    const input = inputOf(good.slice(0, cut));
    for (let size = body.ready(input); size > 0; size = body.ready(input)) {
      input.start += size;
      body.consumed(size);
    }
    const before = [input.start, body.expected, body.done];
    const rest = inputOf(
      String.fromCharCode(...input.bytes.subarray(input.start, input.end)) + good.slice(cut),
    );
    assertEquals(body.foresee(rest, false), undefined, `after ${cut} bytes`);
    if (!body.done) {
      assertEquals(body.foresee(inputOf("\0\0\0\0\0\0\0\0"), false)?.status, 400, `after ${cut} bytes`);
    }
    assertEquals([input.start, body.expected, body.done], before);
  }
});

Deno.test("ChunkedBody foresees what breaks a limit", () => {
  const body = new ChunkedBody({ ...DEFAULT_LIMITS, bodyBytes: 5 });
  assertEquals(body.foresee(inputOf("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), false), undefined);
  assertEquals(body.foresee(inputOf("3\r\nhel\r\n3\r\nlo!\r\n"), false)?.status, 413);
});

Deno.test("ChunkedBody foresees what breaks a limit together with what came before", () => {
  const long = (size: number) => `;${"a".repeat(size)}`;
  const cases = [
    { before: "0".repeat(10), good: "000005\r\n", bad: "0000005\r\n", code: "chunk-size" },
    { before: "3\r\nhel\r\n", good: "2\r\n", bad: "3\r\n", code: "body-too-large" },
    { before: `1${long(1000)}`, good: "aaa\r\n", bad: "a".repeat(30), code: "chunk-extension" },
    {
      before: `1${long(1000)}\r\nx\r\n`.repeat(16),
      good: `1${long(100)}\r\n`,
      bad: `1${long(1000)}\r\n`,
      code: "chunk-extension",
    },
  ];
  for (const { before, good, bad, code } of cases) {
    const body = new ChunkedBody({ ...DEFAULT_LIMITS, bodyBytes: code === "body-too-large" ? 5 : 100 });
    const input = inputOf(before);
    for (let size = body.ready(input); size > 0; size = body.ready(input)) {
      input.start += size;
      body.consumed(size);
    }
    assertEquals(input.length, 0);
    assertEquals(body.foresee(inputOf(good), false), undefined, before.slice(0, 20));
    assertEquals(body.foresee(inputOf(bad), false)?.code, code, before.slice(0, 20));
  }
});
