/**
 * From a config file, or from values, to {@linkcode Settings}. Reads the file and looks at the disk
 * and the environment; the rules are in the files that it puts together.
 *
 * | file | owns |
 * |---|---|
 * | `config_source.ts` | the text, its values, their places, the look of a problem |
 * | `settings_table.ts`, `limit_settings.ts`, `setting_kinds.ts` | which settings there are, and their types |
 * | `config_check.ts`, `config_wording.ts` | the document held against the table |
 * | `config_settings.ts` | what several settings mean together |
 *
 * @module
 */
import { CheckedConfig } from "./config_check.ts";
import { settingsFrom } from "./config_settings.ts";
import { ConfigSource } from "./config_source.ts";
import { currentFolder } from "./current_folder.ts";
import { ConfigError, type ConfigProblem } from "./errors.ts";
import { folderOf, resolvePath } from "./paths.ts";
import { Refusal, type Surroundings } from "./setting_kinds.ts";
import type { Settings } from "./settings.ts";

/** The name under which a config is looked for. */
export const CONFIG_FILE = "archangel.yaml";

/** Settings as plain data, with the keys of the config file: `{ apps: { hello: "./hello.ts" } }`. */
export type ConfigValues = Readonly<Record<string, unknown>>;

/** Where settings come from. */
export interface ConfigInput {
  /** Path of the config file, as it should be called in messages; `undefined`: there is none. */
  readonly file?: string | undefined;
  /** Settings that override the file's, such as flags; paths in it are relative to the current folder. */
  readonly values?: ConfigValues;
  /** How to call the values in messages. Default: `"command line"`. */
  readonly valuesName?: string;
  /** Folder whose deno.json is the apps'. Default: that of the config file, else the current one. */
  readonly home?: string;
}

/**
 * Reads and checks a config.
 *
 * @param input Where it comes from.
 * @param look What is on the disk and in the environment. Default: the real ones.
 * @returns The settings.
 * @throws {ConfigError} With everything that is wrong, not only the first.
 *
 * @example Usage
 * ```ts ignore
 * const settings = loadConfig({ file: "archangel.yaml", values: { workers: 2 } });
 * ```
 */
export function loadConfig(input: ConfigInput, look: Look = REAL): Settings {
  const config = new CheckedConfig();
  const path = input.file === undefined ? undefined : resolvePath(currentFolder(), input.file);
  if (path !== undefined) {
    const source = ConfigSource.fromYaml(input.file!, readText(input.file!));
    config.read(source, { ...look, folder: folderOf(path) });
  }
  if (input.values !== undefined) {
    const source = ConfigSource.fromValue(input.valuesName ?? "command line", input.values);
    config.read(source, { ...look, folder: currentFolder() });
  }
  const settings = finish(config, path);
  const folder = input.home ?? (path === undefined ? currentFolder() : folderOf(path));
  return { ...settings, denoConfig: settings.denoConfig ?? denoConfigIn(folder, look) };
}

/**
 * Deno would look beside its main module, which is ours; the user's is beside the user's config. In a
 * checkout of Archangel the two are one, and Deno has been told of it, or of another one in its place.
 */
function denoConfigIn(folder: string, { look }: Look): string | undefined {
  const own = new URL("../deno.json", import.meta.url);
  return ["deno.json", "deno.jsonc"].map((name) => resolvePath(folder, name)).find((path) =>
    look(path) === "file" && (own.protocol !== "file:" || path !== decodeURIComponent(own.pathname))
  );
}

/**
 * Checks a config that is given as text.
 *
 * @param name How to call it in messages.
 * @param text The YAML.
 * @param around What its paths are relative to, and what is on the disk and in the environment.
 * @returns The settings.
 * @throws {ConfigError} With everything that is wrong, not only the first.
 *
 * @example Usage
 * ```ts
 * import { parseConfig } from "./config.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const yaml = "apps: { hello: { fetch: npm:hello } }";
 * const around = { folder: "/srv", look: () => "nothing" as const, whyReadOnly: () => undefined, env: () => undefined };
 * assertEquals(parseConfig("a.yaml", yaml, around).routes, [{ host: undefined, path: "/", app: "hello" }]);
 * ```
 */
export function parseConfig(name: string, text: string, around: Surroundings): Settings {
  const config = new CheckedConfig();
  config.read(ConfigSource.fromYaml(name, text), around);
  return finish(config, resolvePath(around.folder, name));
}

/**
 * Checks values against the settings table without asking whether they make a whole config.
 *
 * @param values The values, with the keys of the config file.
 * @returns What is wrong with them; empty if nothing.
 */
export function checkValues(values: ConfigValues): readonly ConfigProblem[] {
  const config = new CheckedConfig();
  config.read(ConfigSource.fromValue("command line", values), { ...REAL, folder: currentFolder() });
  return config.problems;
}

function finish(config: CheckedConfig, path: string | undefined): Settings {
  const settings = settingsFrom(config, path);
  if (path !== undefined && settings.log.access === path) {
    config.refuse(
      "log.access",
      [],
      `"log.access" is the config itself, which must not become a log: ${path}`,
    );
  }
  const { problems } = config;
  if (problems.length > 0) throw new ConfigError(problems);
  return settings;
}

function readText(file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Deno.readFileSync(file));
  } catch (error) {
    const message = unreadable(error, file);
    throw new ConfigError([{ key: "", line: 0, column: 0, message, report: `${file}: ${message}` }]);
  }
}

function unreadable(error: unknown, file: string): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.NotCapable) return `may not be read: run with --allow-read=${file}`;
  if (error instanceof Deno.errors.IsADirectory) return "this is a folder, not a config file";
  if (error instanceof TypeError) return "this is not UTF-8 text";
  return error instanceof Error ? error.message : String(error);
}

/** The parts of {@linkcode Surroundings} that do not depend on where a text came from. */
export type Look = Omit<Surroundings, "folder">;

/**
 * Looks for real, and writes down which environment variables were asked for.
 *
 * @param variables Gets their names.
 * @returns What to give to {@linkcode loadConfig}.
 */
export function lookAndNote(variables: Set<string>): Look {
  return {
    ...REAL,
    env(name) {
      variables.add(name);
      return REAL.env(name);
    },
  };
}

const REAL: Look = {
  env(name) {
    try {
      return Deno.env.get(name);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      throw new Refusal(`has variable ${name}, which may not be read: run with --allow-env=${name}`);
    }
  },
  look(path) {
    try {
      const { isFile, isDirectory, isFifo } = Deno.statSync(path);
      // What is in a folder can be reached if the folder itself can, by its name for itself: also where a link leads.
      if (isDirectory) Deno.statSync(`${Deno.realPathSync(path)}/.`);
      return isDirectory ? "folder" : isFile ? "file" : isFifo === true ? "pipe" : "nothing";
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) return "denied";
      return error instanceof Deno.errors.PermissionDenied ? "locked" : "nothing";
    }
  },
  whyReadOnly(path) {
    try {
      Deno.openSync(path, { append: true }).close();
      return undefined;
    } catch (error) {
      return error instanceof Deno.errors.NotCapable ? undefined : (error as Error).message;
    }
  },
};
