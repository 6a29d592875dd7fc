/**
 * Loads apps: imports a module when its first request comes (or at start, for `preload`), finds the
 * app in it, and makes whatever it is a TWIG app. Every failure says which app, which file and why.
 *
 * @module
 */
import type { FetchApp } from "../twig/from_fetch.ts";
import type { App } from "../twig/types.ts";
import { AppLoadError } from "./errors.ts";
import type { AppSpec } from "./settings.ts";
import { formatDuration } from "./units.ts";

/** One app of the config, loaded or not yet. */
export class HostedApp {
  /** What the config says of it. */
  readonly spec: AppSpec;
  /** Loads the app when that has to be, then calls it. */
  readonly app: App;
  readonly #patience: number;
  #loaded: App | undefined;
  #loading: Promise<App> | undefined;

  /**
   * @param spec What the config says of it.
   * @param patience How long loading may take, in milliseconds.
   * @param given The app, if it is a function of this program and not a module.
   */
  constructor(spec: AppSpec, patience: number, given?: App) {
    this.spec = spec;
    this.#patience = patience;
    this.#loaded = given;
    this.app = (request, response) => {
      if (this.#loaded !== undefined) return this.#loaded(request, response);
      return this.load().then((app) => app(request, response));
    };
  }

  /**
   * Loads the app, once; a failed load is tried again by the next call.
   *
   * @returns The app.
   * @throws {AppLoadError} If the module is missing, throws, has no app in it, or takes too long.
   */
  load(): Promise<App> {
    if (this.#loaded !== undefined) return Promise.resolve(this.#loaded);
    this.#loading ??= loadApp(this.spec, this.#patience).then(
      (app) => this.#loaded = app,
      (error) => {
        this.#loading = undefined;
        throw error;
      },
    );
    return this.#loading;
  }
}

/** How long the others may still take when an app cannot be loaded, in milliseconds. */
const OTHERS = 1_000;

/**
 * Loads apps side by side. Whoever has to mend one that is broken is told at once of the others that are.
 *
 * @param apps The apps.
 * @throws {AppLoadError} If one cannot be loaded.
 * @throws {AggregateError} If several cannot, with an {@linkcode AppLoadError} for each, in their order.
 */
export async function loadEach(apps: readonly HostedApp[]): Promise<void> {
  const failures = new Map<HostedApp, unknown>();
  const late = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const loads = apps.map((app) =>
    app.load().catch((error) => {
      failures.set(app, error);
      timer ??= setTimeout(late.resolve, OTHERS);
    })
  );
  await Promise.race([Promise.all(loads), late.promise]);
  clearTimeout(timer);
  const errors = apps.filter((app) => failures.has(app)).map((app) => failures.get(app));
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new AggregateError(errors, `Cannot load ${errors.length} apps`);
}

/**
 * Loads an app.
 *
 * @param spec What the config says of it.
 * @param patience How long that may take, in milliseconds: a module may wait for a database that never answers.
 * @returns A TWIG app.
 * @throws {AppLoadError} If the module is missing, throws while loading, has no app in it, or takes too long.
 */
export async function loadApp(spec: AppSpec, patience: number): Promise<App> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${formatDuration(patience)}`)), patience);
  });
  try {
    return await Promise.race([makeApp(spec), late]);
  } catch (error) {
    throw error instanceof AppLoadError ? error : new AppLoadError(spec.name, spec.location, error);
  } finally {
    clearTimeout(timer);
  }
}

async function makeApp(spec: AppSpec): Promise<App> {
  if (spec.kind === "static") {
    // Most workers serve no files.
    const { staticFiles } = await import("../twig/static_files.ts");
    return staticFiles(spec.location);
  }
  const module: Record<string, unknown> = await import(spec.location);
  return await pickApp(module, spec);
}

/** `export default`, else `export const app`, else an exported `fetch`. */
async function pickApp(module: Record<string, unknown>, spec: AppSpec): Promise<App> {
  const found = module["default"] ?? module["app"] ??
    (typeof module["fetch"] === "function" ? module : undefined);
  const hasFetch = typeof found === "object" && found !== null &&
    typeof (found as { fetch?: unknown }).fetch === "function";
  const kind = spec.kind === "auto" ? (hasFetch ? "fetch" : "twig") : spec.kind;
  if (kind === "fetch" && (hasFetch || typeof found === "function")) {
    // It extends the runtime's fetch, which takes longer to load than the rest of a worker.
    const { fromFetch } = await import("../twig/from_fetch.ts");
    return fromFetch(found as FetchApp);
  }
  if (kind === "twig" && typeof found === "function") return found as App;
  const handler = "a fetch handler: `export default { fetch(request) { … } }`";
  const app = "a TWIG app: `export default (request, response) => …`";
  const wanted = kind === "fetch"
    ? `${handler} or a function`
    : spec.kind === "auto"
    ? `${app}, or ${handler}`
    : app;
  throw new AppLoadError(spec.name, spec.location, new TypeError(`The module does not export ${wanted}`));
}
