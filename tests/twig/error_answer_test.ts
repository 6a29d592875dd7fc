import { assertEquals, assertMatch } from "@std/assert";
import { errorAnswer, statusOfError } from "../../twig/error_answer.ts";
import { HttpError } from "../../twig/mod.ts";

Deno.test("statusOfError() is 500 for all that is not an HttpError", () => {
  assertEquals(statusOfError(new HttpError(418)), 418);
  for (const error of [new Error("x"), "x", undefined, { status: 404 }]) {
    assertEquals(statusOfError(error), 500);
  }
});

Deno.test("errorAnswer() says what an HttpError says, and that it is text", () => {
  const { status, fields, text } = errorAnswer(
    new HttpError(405, "No", { allow: "GET", "content-type": "x/y", "Content-Length": "1" }),
    false,
  );
  assertEquals([status, text], [405, "No\n"]);
  assertEquals([...fields], [["allow", "GET"], ["content-type", "text/plain; charset=utf-8"]]);
});

Deno.test("errorAnswer() says the reason phrase where the app said nothing", () => {
  assertEquals(errorAnswer(new HttpError(404), false).text, "Not Found\n");
  assertEquals(errorAnswer(new HttpError(404), true).text, "Not Found\n");
});

Deno.test("errorAnswer() tells details in development only", () => {
  assertEquals(errorAnswer(new Error("secret"), false).text, "Internal Server Error\n");
  assertMatch(errorAnswer(new Error("secret"), true).text, /^Error: secret\n/);
});
