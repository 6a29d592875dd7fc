/**
 * Which app a request is for, and what is wrapped around it.
 *
 * ```ts
 * import { Router } from "@archangel/archangel/router";
 *
 * const router = new Router([
 *   { host: undefined, path: "/static", app: "files" },
 *   { host: undefined, path: "/", app: "site" },
 * ]);
 * router.find("localhost:8000", "/static/logo.svg")?.app; // "files"
 * ```
 *
 * @module
 */
export { compose } from "./chain.ts";
export { hostOf } from "./host.ts";
export type { Match, Mount } from "./mount.ts";
export { Router } from "./router.ts";
