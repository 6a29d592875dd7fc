/**
 * Folds middleware around an app, once at start, into one app: a request then costs the calls that
 * the middleware itself makes and no list is walked.
 *
 * @module
 */
import type { App, Middleware } from "../twig/mod.ts";

/**
 * Wraps an app. The first middleware is the outermost: it sees the request first and the answer last.
 *
 * @param middleware The middleware, outermost first.
 * @param app The app inside.
 * @returns One app.
 * @throws {TypeError} If a middleware returns no function, which is found here and not at a request.
 *
 * @example Usage
 * ```ts
 * import { compose } from "@archangel/archangel/router";
 * import type { App, Middleware } from "@archangel/archangel/twig";
 * import { assert } from "@std/assert";
 *
 * const named: Middleware = (app) => (request, response) => {
 *   response.headers.set("x-powered-by", "Archangel");
 *   return app(request, response);
 * };
 * const hello: App = () => "Hello";
 * assert(compose([named], hello) !== hello);
 * assert(compose([], hello) === hello);
 * ```
 */
export function compose(middleware: readonly Middleware[], app: App): App {
  return middleware.reduceRight((inner, wrap, index) => {
    const outer: unknown = wrap(inner);
    if (typeof outer === "function") return outer as App;
    throw new TypeError(
      `Cannot compose middleware: number ${index + 1} returned ${typeof outer}, not an app`,
    );
  }, app);
}
