/**
 * `archangel check`: the config, and then every app loaded for real, without touching a port.
 *
 * Where there is a deno.json for them, the apps are loaded in a process of their own that has it, as
 * they will be when they are served.
 *
 * @module
 */
import { formatAddress } from "../address.ts";
import { loadApp } from "../app_host.ts";
import { appText } from "../app_text.ts";
import { type CommandLine, configInput } from "../command_line.ts";
import { loadConfig, lookAndNote } from "../config.ts";
import { ConfigError, type ConfigProblem } from "../errors.ts";
import { EXIT } from "../exit_codes.ts";
import { withoutExit } from "../no_exit.ts";
import { flagsFor, type Grant, neededGrants, shellFlags } from "../permissions.ts";
import { rerun } from "../rerun.ts";
import { describeError } from "../say.ts";
import type { AppSpec, Settings, UnixAddress } from "../settings.ts";
import { red, showProblems, type Terminal } from "../terminal.ts";
import { inTheWay } from "../unix_socket.ts";

/** How loading an app went. */
interface Loaded {
  readonly name: string;
  readonly kind: string;
  readonly location: string;
  readonly milliseconds: number;
  /** What went wrong, if anything. */
  readonly error?: string;
}

/**
 * Checks.
 *
 * @param line The command line.
 * @param terminal Where to print.
 * @returns 0 if all is well, else 1.
 */
export async function run(line: CommandLine, terminal: Terminal): Promise<number> {
  const json = line.flags["json"] === true;
  const variables = new Set<string>();
  let settings: Settings;
  try {
    settings = loadConfig(configInput(line, line.arguments[0]), lookAndNote(variables));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    if (json) terminal.out(JSON.stringify({ ok: false, problems: error.problems, apps: [] }));
    else showProblems(terminal, error);
    return EXIT.failure;
  }
  return await rerun(line, settings) ??
    await checkApps(settings, neededGrants(settings, [...variables]), json, terminal);
}

async function checkApps(
  settings: Settings,
  grants: readonly Grant[],
  json: boolean,
  terminal: Terminal,
): Promise<number> {
  const specs = Object.values(settings.apps);
  const apps = await withoutExit(() => Promise.all(specs.map((app) => load(app, settings.timeouts.boot))));
  const problems = listenProblems(settings);
  const ok = problems.length === 0 && apps.every((app) => app.error === undefined);
  if (json) terminal.out(JSON.stringify({ ok, problems, apps, settings, flags: flagsFor(grants) }));
  else report(settings, apps, problems, grants, terminal);
  return ok ? EXIT.ok : EXIT.failure;
}

/** Unix sockets that cannot get to their paths. Whether a port is taken is known when it is to be bound. */
function listenProblems({ listen, workers }: Settings): ConfigProblem[] {
  return listen.flatMap((address, at) => {
    if (address.transport !== "unix") return [];
    const error = eachOf(address, workers).map(inTheWay).find((error) => error !== undefined);
    if (error === undefined) return [];
    const { message } = error;
    return [{ key: `listen[${at}]`, line: 0, column: 0, message, report: message }];
  });
}

function eachOf(address: UnixAddress, workers: number): UnixAddress[] {
  return Array.from({ length: Math.max(1, workers) }, (_, at) => {
    return { ...address, path: address.path.replaceAll("{worker}", String(at + 1)) };
  });
}

async function load(app: AppSpec, limit: number): Promise<Loaded> {
  const { name, kind, location } = app;
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  try {
    await loadApp(app, limit);
    return { name, kind, location, milliseconds: elapsed() };
  } catch (error) {
    return { name, kind, location, milliseconds: elapsed(), error: describeError(error) };
  }
}

function report(
  settings: Settings,
  apps: readonly Loaded[],
  problems: readonly ConfigProblem[],
  grants: readonly Grant[],
  terminal: Terminal,
): void {
  const failed = apps.filter((app) => app.error !== undefined);
  for (const { error } of failed) terminal.error(red(terminal, error!));
  for (const { message } of problems) terminal.error(red(terminal, message));
  terminal.out(summary(settings, apps));
  terminal.out(`${"needs".padEnd(8)} ${shellFlags(grants)}`);
  const routed = new Set(settings.routes.map((route) => route.app));
  for (const { name } of apps) if (!routed.has(name)) terminal.error(`Note: no route leads to app "${name}"`);
  if (failed.length > 0) terminal.out(`${failed.length} of ${apps.length} apps failed to load`);
  else if (problems.length > 0) terminal.out("The apps are fine; the listeners are not");
  else terminal.out(`${settings.source ?? "the command line"} is fine`);
}

function summary(settings: Settings, apps: readonly Loaded[]): string {
  const rows = [
    ...settings.listen.map((address) => ["listen", formatAddress(address)]),
    ["workers", String(settings.workers)],
    ...apps.map((app) => ["app", `${appText(settings.apps[app.name]!, settings)} ${outcome(app)}`]),
    ...settings.routes.map(({ host, path, app }) => ["route", `${host ?? ""}${path} -> ${app}`]),
  ];
  return rows.map(([head, text]) => `${head!.padEnd(8)} ${text}`).join("\n");
}

function outcome(app: Loaded): string {
  return app.error === undefined ? `loaded in ${app.milliseconds} ms` : "failed";
}
