/**
 * The server: `serve()`, what it takes and returns, what the config becomes, and what can go wrong at
 * the start.
 *
 * @example Usage
 * ```ts
 * import { serve } from "@archangel/archangel/server";
 * import { assertEquals } from "@std/assert";
 *
 * await using server = await serve({
 *   listen: "http://127.0.0.1:0",
 *   apps: { hello: () => "Hello" },
 * });
 * const answer = await fetch(server.url);
 * assertEquals(await answer.text(), "Hello");
 * ```
 *
 * @module
 */
export { serve, type Server } from "./serve.ts";
export type {
  AppOption,
  AppOptions,
  Duration,
  LimitOptions,
  ListenOption,
  LogOptions,
  PermissionOption,
  Place,
  RouteOption,
  ServeOptions,
  Size,
  TimeoutOptions,
} from "./serve_options.ts";
export type { InheritedAddress, ListenAddress, TcpAddress, UnixAddress } from "./settings.ts";
export { AppLoadError, ConfigError, type ConfigProblem, ListenError } from "./errors.ts";
