/**
 * How an app is shown to people: its name, its kind where that was said, and where it is.
 *
 * @module
 */
import { filePath, folderOf, pathFrom } from "./paths.ts";
import type { AppSpec, Settings } from "./settings.ts";

/**
 * Writes an app as a person would: what is below the folder of the config, or without one below the
 * current folder, by its path from there.
 *
 * @param app The app.
 * @param settings What it is part of.
 * @returns `hello (twig ./hello.ts)`; a kind that is yet to be found out is left out: `hello (./hello.ts)`.
 *
 * @example Usage
 * ```ts
 * import { appText } from "./app_text.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const app = { name: "a", kind: "twig", location: "file:///srv/a.ts", preload: false, bodyBytes: 0 } as const;
 * assertEquals(appText(app, { source: "/srv/archangel.yaml" }), "a (twig ./a.ts)");
 * assertEquals(appText({ ...app, kind: "auto" }, { source: "/etc/archangel.yaml" }), "a (/srv/a.ts)");
 * ```
 */
export function appText({ name, kind, location }: AppSpec, { source }: Pick<Settings, "source">): string {
  const path = location.startsWith("file:") ? filePath(location) : location;
  const place = pathFrom(source === undefined ? Deno.cwd() : folderOf(source), path);
  return kind === "auto" ? `${name} (${place})` : `${name} (${kind} ${place})`;
}
