import { assertEquals } from "@std/assert";
import { appText } from "../../server/app_text.ts";
import { fileUrl } from "../../server/paths.ts";
import type { AppSpec } from "../../server/settings.ts";

const text = (app: Partial<AppSpec>, source: string | undefined) =>
  appText({ name: "a", kind: "auto", location: "", preload: false, bodyBytes: 0, ...app }, { source });

Deno.test("appText() shows paths from the config's folder, or from the current one, and others whole", () => {
  const location = "file:///srv/site/a%20b/%C3%BC.ts";
  assertEquals(text({ location }, "/srv/site/archangel.yaml"), "a (./a b/ü.ts)");
  assertEquals(text({ location }, "/srv/si/archangel.yaml"), "a (/srv/site/a b/ü.ts)");
  assertEquals(text({ location }, "/archangel.yaml"), "a (./srv/site/a b/ü.ts)");
  assertEquals(text({ location }, undefined), "a (/srv/site/a b/ü.ts)");
  assertEquals(text({ location: fileUrl(`${Deno.cwd()}/a.ts`) }, undefined), "a (./a.ts)");
  assertEquals(
    text({ location: "file:///C:/srv/apps/a.ts" }, "C:\\srv\\archangel.yaml"),
    "a (.\\apps\\a.ts)",
  );
});

Deno.test("appText() names the kind that was asked for, and leaves addresses as they are", () => {
  assertEquals(text({ kind: "static", location: "/srv/public" }, "/srv/a.yaml"), "a (static ./public)");
  assertEquals(text({ kind: "static", location: "/srv" }, "/srv/a.yaml"), "a (static .)");
  assertEquals(text({ kind: "fetch", location: "npm:x/y" }, "/srv/a.yaml"), "a (fetch npm:x/y)");
  assertEquals(text({ location: "https://a.example/b.ts" }, undefined), "a (https://a.example/b.ts)");
});
