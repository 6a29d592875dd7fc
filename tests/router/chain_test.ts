import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { compose } from "../../router/mod.ts";
import type { TwigRequest } from "../../twig/request.ts";
import type { TwigResponse } from "../../twig/response.ts";
import type { App, Middleware } from "../../twig/types.ts";

const nobody = [{} as TwigRequest, {} as TwigResponse] as const;
const hello: App = () => "Hello";

function noting(name: string, notes: string[]): Middleware {
  notes.push(`wrap ${name}`);
  return (app) => (request, response) => {
    notes.push(`enter ${name}`);
    const answer = app(request, response);
    notes.push(`leave ${name}`);
    return answer;
  };
}

Deno.test("compose() puts the first middleware outermost", () => {
  const notes: string[] = [];
  const app = compose([noting("first", notes), noting("second", notes)], hello);
  notes.length = 0;
  assertEquals(app(...nobody), "Hello");
  assertEquals(notes, ["enter first", "enter second", "leave second", "leave first"]);
});

Deno.test("compose() folds once, not at every request", () => {
  let folds = 0;
  const counting: Middleware = (app) => {
    folds++;
    return app;
  };
  const app = compose([counting], hello);
  app(...nobody);
  app(...nobody);
  assertEquals(folds, 1);
});

Deno.test("compose() without middleware is the app itself", () => {
  assertStrictEquals(compose([], hello), hello);
});

Deno.test("compose() refuses a middleware that returns no app, before any request", () => {
  const forgetful = (() => undefined) as unknown as Middleware;
  const whole: Middleware = (app) => app;
  assertThrows(() => compose([whole, forgetful], hello), TypeError, "number 2 returned undefined");
});
