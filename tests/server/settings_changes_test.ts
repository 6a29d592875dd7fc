import { assertEquals } from "@std/assert";
import { parseConfig } from "../../server/config.ts";
import { settingsChanges } from "../../server/settings_changes.ts";

const around = {
  folder: "/srv",
  look: () => "file" as const,
  whyReadOnly: () => undefined,
  env: () => undefined,
};
const read = (text: string) => parseConfig("archangel.yaml", text, around);

/** What differs between two configs, beside an app at the root. */
function changes(before: string, after: string): string {
  const base = "apps: { a: { twig: ./a.ts } }\nworkers: 2\n";
  return settingsChanges(read(base + before), read(base + after));
}

Deno.test("settingsChanges() is empty where nothing is different, but for the number of workers", () => {
  assertEquals(changes("", ""), "");
  const apps = "apps: { a: ./a.ts }\n";
  assertEquals(settingsChanges(read(`${apps}workers: 1`), read(`${apps}workers: 3`)), "");
});

Deno.test("settingsChanges() tells which listeners were opened, closed and changed", () => {
  assertEquals(
    changes(
      "listen: [http://127.0.0.1:80, fcgi://127.0.0.1:9000]",
      "listen: [fcgi://127.0.0.1:9001, http://127.0.0.1:80, 'http+unix:/run/{worker}.sock']",
    ),
    "opened fcgi://127.0.0.1:9001, http+unix:/run/{worker}.sock; closed fcgi://127.0.0.1:9000",
  );
  const socket = (mode: string) => `listen: { url: "http+unix:/run/{worker}.sock", mode: ${mode} }`;
  assertEquals(changes(socket("0660"), socket("0600")), "changed http+unix:/run/{worker}.sock");
});

Deno.test("settingsChanges() tells which apps are new, gone and different", () => {
  const routes = (names: string[]) => `routes: [${names.map((app) => `{ path: /${app}, app: ${app} }`)}]`;
  const before = read(
    `apps: { a: { twig: ./a.ts }, b: ./b.ts, same: ./s.ts }\n${routes(["a", "b", "same"])}`,
  );
  const after = read(
    `apps: { a: { fetch: ./a.ts }, c: ./c.ts, same: ./s.ts }\n${routes(["a", "c", "same"])}`,
  );
  assertEquals(
    settingsChanges(before, after),
    "new app c (./c.ts); dropped app b; changed app a; changed routes",
  );
});

Deno.test("settingsChanges() names other settings as the config does", () => {
  assertEquals(
    changes("log: { access: off }", "limits: { header_bytes: 64KiB }\nserver_name: x\nstrict_hosts: true"),
    "changed limits, log, server_name, strict_hosts",
  );
  assertEquals(changes("", "limits: { body: 1KiB }"), "changed app a");
});
