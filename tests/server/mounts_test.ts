import { assertEquals } from "@std/assert";
import { serve } from "@archangel/archangel/server";
import { Folder } from "../support/folder.ts";

Deno.test("Mounts loads an app from its module whatever it is called", async () => {
  using folder = new Folder({ "app.js": "export default () => 'module';" });
  for (const name of ["constructor", "toString", "hasOwnProperty"]) {
    await using server = await serve({
      listen: "http://127.0.0.1:0",
      apps: { [name]: folder.url("app.js") },
    });
    const answer = await fetch(server.url, { headers: { connection: "close" } });
    assertEquals([answer.status, await answer.text()], [200, "module"], name);
  }
});
