/** What real processes write themselves: no reason to reload, and told when it cannot be written. */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { delay } from "../support/delay.ts";
import { Folder } from "../support/folder.ts";
import { freePort } from "../support/ports.ts";
import { Archangel, serveArguments, waitUntil } from "../support/processes.ts";

/** Longer than it takes from a change to a reload. */
const LONG_ENOUGH = 1_500;

const APP = `export default { fetch: () => { console.log("asked"); return new Response("fine"); } };`;

/** Runs one whose stdout and stderr are files beside the app, until `use` is done. */
async function redirected(permissions: string[], use: (folder: Folder, url: string) => Promise<void>) {
  using folder = new Folder({ "app.js": APP });
  const url = `http://127.0.0.1:${freePort()}`;
  const apps = { test: { fetch: "./app.js", preload: true } };
  const config = { listen: [url], workers: 1, development: true, log: { access: "stdout" }, apps };
  folder.write("archangel.yaml", JSON.stringify(config));
  const deno = [Deno.execPath(), ...serveArguments(`${folder.path}/archangel.yaml`, permissions)];
  const script = 'exec "$@" >"$0/out.log" 2>"$0/errors.log"';
  const child = new Deno.Command("sh", { args: ["-c", script, folder.path, ...deno], stdin: "null" }).spawn();
  try {
    await waitUntil(() => said(folder).includes("serving"), "it serves");
    await use(folder, url);
  } finally {
    child.kill("SIGTERM");
    await child.status;
  }
}

function said(folder: Folder): string {
  try {
    return Deno.readTextFileSync(`${folder.path}/errors.log`);
  } catch {
    return ""; // The shell has not made it yet.
  }
}

/** `-A` is not needed to find out what is behind a stream: Deno's own way would be closed without it. */
const PERMISSIONS = {
  "with all permissions": ["-A"],
  "with some": ["--no-prompt", "--allow-net", "--allow-read", "--allow-run", "--allow-env", "--allow-sys"],
};

for (const [what, permissions] of Object.entries(PERMISSIONS)) {
  Deno.test(`in development output to files beside the app is no reason to reload, ${what}`, async () => {
    await redirected(permissions, async (folder, url) => {
      for (let times = 0; times < 3; times++) assertEquals(await (await fetch(url)).text(), "fine");
      await delay(LONG_ENOUGH);
      assertEquals(said(folder).includes(", reloading"), false, said(folder));
      assertStringIncludes(Deno.readTextFileSync(`${folder.path}/out.log`), "asked\n");

      folder.write("app.js", APP.replace("fine", "edited"));
      await waitUntil(() => said(folder).includes("app.js changed, reloading"), "it reloads");
      await delay(LONG_ENOUGH);
      const reloads = said(folder).split("\n").filter((line) => line.endsWith(", reloading"));
      assertEquals(reloads.filter((line) => !line.includes("app.js")), []);
    });
  });
}

Deno.test({
  name: "an access log that cannot be written is told once on stderr, and what is asked for is answered",
  ignore: Deno.build.os !== "linux", // Others have no /dev/full.
  async fn() {
    await using archangel = await Archangel.serving({ workers: 1, config: { log: { access: "/dev/full" } } });
    for (let times = 0; times < 20; times++) await archangel.get("/");
    await archangel.says("Cannot write the access log");
    archangel.signal("SIGTERM");
    assertEquals(await archangel.ended, { code: 0, signal: null });
    assertMatch(
      archangel.stderr,
      /^worker 1: \S+ Cannot write the access log \/dev\/full: No space left on device/m,
    );
    assertEquals(archangel.stderr.split("Cannot write").length - 1, 1, archangel.stderr);
  },
});
