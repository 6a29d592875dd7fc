/**
 * Lets a function of a test be an app of a server: the server loads apps from module URLs, so each function gets one,
 * whose module is `registered_app.ts` with a query of its own.
 */
import type { App } from "../../twig/mod.ts";

const apps: App[] = [];

/** The URL of a module whose default export is `app`. */
export function moduleOf(app: App): string {
  const number = apps.push(app) - 1;
  return new URL(`./registered_app.ts?${number}`, import.meta.url).href;
}

/** The app that `moduleOf` gave this URL. */
export function appAt(url: string): App {
  const app = apps[Number(new URL(url).search.slice(1))];
  if (app === undefined) throw new Error(`No app was registered as ${url}`);
  return app;
}
