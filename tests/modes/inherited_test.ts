/** The single file serves on an inherited socket as the sources do, and everybody else's start is none the slower. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { bundle } from "../support/build.ts";
import { Folder } from "../support/folder.ts";
import { InheritedServer, SPAWN_FCGI } from "../support/inherited_server.ts";
import { choosePackages } from "../support/packages.ts";

const packages = await choosePackages();

Deno.test({
  name: "the single file serves on an inherited socket, and loads node:net only then",
  ignore: SPAWN_FCGI === undefined,
  fn: async () => {
    using folder = new Folder();
    const file = `${folder.path}/archangel.js`;
    assertEquals(await bundle(packages, file), 0);
    const code = Deno.readTextFileSync(file);
    assert(!/^import\b.*"node:net"/m.test(code), "node:net is imported at the top");
    assertMatch(code, /\bimport\("node:net"\)/);
    await using server = await InheritedServer.serving("Unix", { program: file });
    assertEquals(await server.text("/hello"), "hello ");
    server.program.signal("SIGTERM");
    assertEquals(await server.program.ended, { code: 0, signal: null });
  },
});
