import type { App } from "../../../twig/mod.ts";

const hello: App = async function* () {
  yield "Hello, World!";
};
export default hello;
