/**
 * The apps of one set of settings and where they are mounted: which of them serves a request, and what
 * answers where none does. Knows no socket and no connection.
 *
 * @module
 */
import { Router } from "../router/mod.ts";
import { HttpError } from "../twig/errors.ts";
import type { App } from "../twig/types.ts";
import type { RequestHead } from "../twig/wire.ts";
import { HostedApp, loadEach } from "./app_host.ts";
import type { MountedApp, Route } from "./connection_host.ts";
import { METHODS } from "./http/writer.ts";
import type { Settings } from "./settings.ts";

/** Apps that are functions of this program, by name. */
export type Functions = ReadonlyMap<string, App>;

function builtIn(app: App): Route {
  return { app: { app, bodyBytes: Infinity }, prefixLength: 0 };
}

const NOT_FOUND = builtIn(() => {
  throw new HttpError(404);
});
const MISDIRECTED = builtIn(() => {
  throw new HttpError(421);
});
/** Over HTTP the wire refuses it already (RFC 9110 §9.3.8). */
const NO_TRACE = builtIn(() => {
  throw new HttpError(405, "", { allow: METHODS });
});
/** `OPTIONS *` is about the server (RFC 9110 §9.3.7). */
const SERVER_OPTIONS = builtIn((_request, response) => {
  response.start(204, { allow: METHODS });
});

/** The apps and mounts of one set of settings. */
export class Mounts {
  readonly #router: Router<MountedApp>;
  readonly #strictHosts: boolean;
  readonly #apps: readonly HostedApp[];

  /**
   * @param settings Apps and routes.
   * @param functions Apps that are functions.
   */
  constructor(settings: Settings, functions: Functions = new Map()) {
    this.#strictHosts = settings.strictHosts;
    const apps = new Map<string, HostedApp>();
    for (const spec of Object.values(settings.apps)) {
      apps.set(spec.name, new HostedApp(spec, settings.timeouts.boot, functions.get(spec.name)));
    }
    this.#apps = [...apps.values()];
    this.#router = new Router(settings.routes.map(({ host, path, app }) => {
      const hosted = apps.get(app);
      if (hosted === undefined) {
        throw new TypeError(`Cannot mount ${path}: there is no app ${JSON.stringify(app)}`);
      }
      return { host, path, app: { app: hosted.app, bodyBytes: hosted.spec.bodyBytes } };
    }));
  }

  /**
   * Loads the apps that have to be there before the first request.
   *
   * @param all Load every app.
   * @throws {AppLoadError} If one cannot be loaded.
   * @throws {AggregateError} If several cannot.
   */
  async load(all: boolean): Promise<void> {
    await loadEach(this.#apps.filter(({ spec }) => all || spec.preload));
  }

  /**
   * Picks the app for a request.
   *
   * @param head The request's head.
   * @returns The app; one that answers with an error if no mount takes the request.
   */
  route(head: RequestHead): Route {
    if (head.method === "TRACE") return NO_TRACE;
    if (head.path === "*") return SERVER_OPTIONS;
    const match = this.#router.find(head.authority, head.path);
    if (match !== undefined) return match;
    return this.#strictHosts && !this.#router.hostKnown(head.authority) ? MISDIRECTED : NOT_FOUND;
  }
}
