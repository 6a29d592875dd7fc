/**
 * A site as a user has it, away from this project: a config, apps and a deno.json of its own. It is what every way to
 * run Archangel is tried with.
 */

import { Folder } from "./folder.ts";
import { choosePackages, linksFor } from "./packages.ts";
import { freePort } from "./ports.ts";

const packages = await choosePackages();

const HELLO = `import { greeting } from "greetings";
export default (request) => greeting + request.pathInfo;
`;

const GREETINGS = `export const greeting = "Hello";
`;

const FRAMEWORK = `import ms from "npm:ms@2.1.3";
export default { fetch: (request) => new Response(String(ms(new URL(request.url).searchParams.get("for")))) };
`;

/** An app that tells which process answers, and what it may do. */
const PROCESS = `const names = ["read", "write", "net", "env", "run", "sys", "ffi", "import"];
export default () => JSON.stringify({
  pid: Deno.pid,
  granted: names.filter((name) => Deno.permissions.querySync({ name }).state === "granted"),
  greeted: Deno.permissions.querySync({ name: "env", variable: "GREETED" }).state,
});
`;

/** What the app at `/process` answers. */
export interface ProcessInfo {
  readonly pid: number;
  /** Permissions that are granted as a whole. */
  readonly granted: readonly string[];
  /** State of the one environment variable that the config says the apps need. */
  readonly greeted: string;
}

/** The site, in a temporary folder. */
export class UserSite extends Folder {
  readonly port: number = freePort();
  readonly origin: string = `http://127.0.0.1:${this.port}`;

  /** Without `links`, its deno.json knows no stand-ins: for what brings the packages along. */
  constructor({ workers = 2, links = true } = {}) {
    super({
      "apps/hello.ts": HELLO,
      "lib/greetings.ts": GREETINGS,
      "apps/framework.ts": FRAMEWORK,
      "apps/process.ts": PROCESS,
      "public/page.txt": "a page",
      "deno.json": JSON.stringify({
        imports: { greetings: "./lib/greetings.ts" },
        ...(links && linksFor(packages)),
      }),
    });
    this.write(
      "archangel.yaml",
      `listen: http://127.0.0.1:${this.port}
workers: ${workers}
apps:
  hello: { twig: ./apps/hello.ts }
  framework: { fetch: ./apps/framework.ts }
  process: { twig: ./apps/process.ts }
  site: { static: ./public }
routes:
  - { path: /, app: site }
  - { path: /hello, app: hello }
  - { path: /framework, app: framework }
  - { path: /process, app: process }
log: { access: "off" }
permissions: [read=./lib, env=GREETED]
`,
    );
  }

  /** The text of an answer, over a connection of its own. */
  async text(path: string): Promise<string> {
    const response = await fetch(this.origin + path, { headers: { connection: "close" } });
    return await response.text();
  }

  /** What every app answers, in one text. */
  async answers(): Promise<string> {
    const paths = ["/page.txt", "/hello/you", "/framework?for=2h"];
    return (await Promise.all(paths.map((path) => this.text(path)))).join(", ");
  }

  /** One answer of every worker that answers. */
  async processes(): Promise<ProcessInfo[]> {
    const found = new Map<number, ProcessInfo>();
    for (let times = 0; times < 60 && found.size < 2; times++) {
      const info: ProcessInfo = JSON.parse(await this.text("/process"));
      found.set(info.pid, info);
    }
    return [...found.values()];
  }
}

/** What {@linkcode UserSite.answers} returns if all is well. */
export const ALL_ANSWERS = "a page, Hello/you, 7200000";
