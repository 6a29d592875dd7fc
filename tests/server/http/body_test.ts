import { assertEquals } from "@std/assert";
import { LengthBody } from "../../../server/http/body.ts";
import { InputBuffer } from "../../../twig/input_buffer.ts";

function inputOf(text: string): InputBuffer {
  const input = new InputBuffer();
  input.append(new TextEncoder().encode(text));
  return input;
}

Deno.test("LengthBody counts what is ready, what is expected, and then is done", () => {
  const body = new LengthBody(5);
  const input = inputOf("hel");
  assertEquals([body.ready(input), body.expected, body.done], [3, 5, false]);
  body.consumed(3);
  input.start += 3;
  input.append(new TextEncoder().encode("lo, world"));
  assertEquals([body.ready(input), body.expected, body.done], [2, 2, false]);
  body.consumed(2);
  input.start += 2;
  assertEquals([body.ready(input), body.done, body.foresee(input, false), body.trailers], [
    0,
    true,
    undefined,
    undefined,
  ]);
});
