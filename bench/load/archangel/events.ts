import type { App } from "../../../twig/mod.ts";

const events: App = async function* (_request, response) {
  response.start(200, { "content-type": "text/event-stream" });
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    yield `data: ${Date.now()}\n\n`;
  }
};
export default events;
