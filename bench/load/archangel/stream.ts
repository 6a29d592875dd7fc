import type { App } from "../../../twig/mod.ts";

const stream: App = async function* () {
  for (let count = 0; count < 100; count++) yield `line ${count} of the answer\n`;
};
export default stream;
