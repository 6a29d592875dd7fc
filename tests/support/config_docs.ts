/**
 * Writes `docs/config.md` from the settings table. A test holds the file against this.
 *
 *     deno run -A --no-config tests/support/config_docs.ts
 *
 * @module
 */
import { defaultText } from "../../server/command_table.ts";
import { type Row, SETTINGS } from "../../server/settings_table.ts";

/** Where the page is. */
export const CONFIG_DOCS: URL = new URL("../../docs/config.md", import.meta.url);

const INTRODUCTION = `# Configuration

<!-- Written by tests/support/config_docs.ts from server/settings_table.ts: change it there. -->

Archangel reads \`archangel.yaml\` in the current folder, or the file named by \`--config\`. Without a file,
\`archangel ./site\` serves a folder and \`archangel app.ts\` a module, with every default below, but the module is
loaded at the start (\`preload\`).

\`\`\`yaml
listen:
  - http://0.0.0.0:8000
  - { url: "fcgi+unix:/run/archangel/{worker}.sock", mode: 0660, group: www-data }
workers: auto
apps:
  hello: { twig: ./examples/hello.ts }
  api: { fetch: ./examples/api.ts, body: 1MiB, preload: true }
  site: ./examples/site
routes:
  - { path: /, app: site }
  - { path: /hello, app: hello }
  - { host: "*.example.org", path: /v1, app: api }
limits: { header_bytes: 64KiB }
timeouts: { drain: 1m30s }
log: { access: ./access.log, format: json }
\`\`\`

## How it is read

- **Strictly.** A key that does not exist, a key that is there twice, a value of the wrong type or out of bounds,
  a file that is missing: each is an error, and nothing is served until all are mended. All are shown together,
  each of them once, with file, line and column, and with the nearest valid word where there is one.
- **Sizes** are bytes, or have a unit: \`KiB\`, \`MiB\`, \`GiB\`, \`TiB\` are powers of 1024, \`kB\`, \`MB\`, \`GB\`, \`TB\` of 1000.
- **Durations** need a unit: \`250ms\`, \`10s\`, \`5m\`, \`2h\`, or several together, \`1m30s\`.
- **Paths** that do not begin with a slash start from the folder of the config file; those on the command line
  from the current folder.
- **Environment variables** may stand in any value: \`\${NAME}\` is the variable, and an error if it is not set;
  \`\${NAME:-text}\` is the text if the variable is not set or empty; \`$\${\` is \`\${\` itself. Between \`{\` and \`}\` YAML
  wants quotes around them: \`{ path: "\${PREFIX:-/}", app: site }\`.
- **Flags** win over the file. \`--listen\` replaces the whole list.
- YAML's anchors and aliases work; merge keys (\`<<\`) and tags do not.

\`archangel check\` reads the config, loads every app and says what is wrong. \`archangel explain URL\` shows which
listener, route, app and limits a request would meet.

## Every setting
`;

/**
 * The whole page.
 *
 * @returns Markdown.
 */
export function renderConfigDocs(): string {
  return INTRODUCTION + SETTINGS.map(renderRow).join("");
}

function renderRow(row: Row): string {
  const facts = [
    ...("kind" in row ? [`Type: ${row.kind.expects}`] : [`Type: ${SECTION_TYPES[row.section]}`]),
    `Default: ${"kind" in row && row.default !== undefined ? code(defaultText(row)) : defaultText(row)}`,
    ...(row.flag === undefined ? [] : [`Flag: ${code(flagText(row.flag))}`]),
  ];
  const title = `### ${code(keyTitle(row.key))}\n`;
  return `\n${title}\n${row.summary} ${row.reason}\n\n${facts.map((fact) => `- ${fact}\n`).join("")}`;
}

const SECTION_TYPES = {
  group: "a mapping of the keys below",
  named: "a mapping of names to mappings of the keys below",
  list: "a list of mappings of the keys below",
} as const;

function flagText({ name, value }: { readonly name: string; readonly value?: string }): string {
  return value === undefined ? `--${name}` : `--${name} ${value}`;
}

function keyTitle(key: string): string {
  return key.startsWith("apps.") ? key.replace("*", "NAME") : key.replace(".*", "[]");
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) Deno.writeTextFileSync(CONFIG_DOCS, renderConfigDocs());
