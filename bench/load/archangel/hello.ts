import type { App } from "../../../twig/mod.ts";

const hello: App = () => "Hello, World!";
export default hello;
