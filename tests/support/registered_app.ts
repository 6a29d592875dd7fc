/** The module that stands for every function given to `moduleOf`; its query says for which one. */
import { appAt } from "./registered_apps.ts";
import type { App } from "../../twig/mod.ts";

const app: App = appAt(import.meta.url);
export default app;
