/**
 * Name and version, as `--version`, the `Server` field and apps are told them. A test holds them
 * against `deno.json`, which cannot be imported when the program runs from a plain URL.
 *
 * @module
 */

/** The version of this program. */
export const VERSION = "1.0.0-alpha.1";

/** What `request.server.software` says. */
export const SOFTWARE: string = `archangel/${VERSION}`;
