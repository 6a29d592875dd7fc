/**
 * `archangel init`: a config and a first app, to be read and changed. Every default in the comments
 * is the settings table's own.
 *
 * @module
 */
import type { CommandLine } from "../command_line.ts";
import { defaultText } from "../command_table.ts";
import { CONFIG_FILE } from "../config.ts";
import { EXIT } from "../exit_codes.ts";
import { rowOf } from "../settings_table.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Writes the files.
 *
 * @param line The command line.
 * @param terminal Where to print.
 * @returns 0 if all were written, 1 if one was there already or could not be written.
 */
export function run(line: CommandLine, terminal: Terminal): number {
  const folder = line.arguments[0] ?? ".";
  Deno.mkdirSync(folder, { recursive: true });
  const files = { [CONFIG_FILE]: configText(), "hello.ts": HELLO };
  const written = Object.entries(files).map(([name, text]) =>
    writeNew(folder === "." ? name : `${folder}/${name}`, text, terminal)
  );
  if (!written.every(Boolean)) return EXIT.failure;
  const where = folder === "." ? "" : `cd ${folder} && `;
  terminal.out(`Next: ${where}archangel, then open http://127.0.0.1:8000/`);
  return EXIT.ok;
}

function writeNew(path: string, text: string, terminal: Terminal): boolean {
  try {
    Deno.writeTextFileSync(path, text, { createNew: true });
    terminal.out(`wrote ${path}`);
    return true;
  } catch (error) {
    const reason = error instanceof Deno.errors.AlreadyExists ? "it is there already" : String(error);
    terminal.error(`did not write ${path}: ${reason}`);
    return false;
  }
}

const HELLO = `// A TWIG app: a function of a request and a response that returns its answer.
import type { TwigRequest, TwigResponse } from "jsr:@archangel/archangel/twig";

export default function hello(request: TwigRequest, response: TwigResponse): string {
  response.start(200, { "content-type": "text/plain; charset=utf-8" });
  return \`Hello from Archangel. You asked for \${request.pathInfo}\\n\`;
}
`;

function byDefault(key: string): string {
  return defaultText(rowOf(key)!);
}

function configText(): string {
  return `# Archangel. Lines that begin with # are off and show the default.
# Check with: archangel check

# Where to take connections. http://0.0.0.0:8000 would be open to the network.
listen:
  - ${byDefault("listen")}

# Processes that serve; auto is one a CPU.
# workers: ${byDefault("workers")}

# The apps, by names of your choice:
#   twig: FILE     default export is (request, response) => answer
#   fetch: FILE    default export is { fetch(request) } or such a function, as in Hono
#   static: FOLDER files
apps:
  hello: { twig: ./hello.ts }

# Which requests go to which app: by host, then by the longest path.
routes:
  - { path: /, app: hello }
  # - { host: "*.example.org", path: /api, app: hello }

# limits: { body: ${byDefault("limits.body")}, header_bytes: ${byDefault("limits.header_bytes")} }
# timeouts: { header: ${byDefault("timeouts.header")}, idle: ${byDefault("timeouts.idle")}, drain: ${
    byDefault("timeouts.drain")
  } }

# access: off, stdout, stderr or a file such as ./access.log
# log: { access: ${byDefault("log.access")}, format: ${byDefault("log.format")} }

# Show errors of apps in the browser; never in production.
# development: ${byDefault("development")}
`;
}
