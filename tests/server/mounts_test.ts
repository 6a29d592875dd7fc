import { assertEquals } from "@std/assert";
import { serve } from "@archangel/archangel/server";
import { get } from "../support/fcgi_client.ts";
import { FcgiServer } from "../support/fcgi_server.ts";
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

Deno.test("Mounts keeps TRACE from every app, also where the wire lets it pass", async () => {
  let called = false;
  await using server = await FcgiServer.start(() => {
    called = true;
    return "seen";
  });
  using client = await server.connect();
  const answer = await client.ask({ ...get("/"), REQUEST_METHOD: "TRACE" });
  assertEquals([answer.status, called], [405, false]);
  assertEquals(answer.fields.find(([name]) => name === "allow"), [
    "allow",
    "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
  ]);
});
