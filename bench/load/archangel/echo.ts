import type { App } from "../../../twig/mod.ts";

const echo: App = (request) => request.body.bytes();
export default echo;
