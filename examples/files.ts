/**
 * A folder of files as one likes it: clean URLs, a page of its own for 404, cache lifetimes, redirects.
 * In the config `{ twig: ./examples/files.ts }` takes the place of `{ static: ./examples/site }`.
 *
 * Try: deno task start examples/files.ts
 *      curl -i http://127.0.0.1:8000/about
 *      curl -i http://127.0.0.1:8000/nothing
 */
import { type App, HttpError, staticFiles } from "../twig/mod.ts"; // elsewhere: "jsr:@archangel/archangel/twig"

const FOLDER = `${import.meta.dirname}/site`;
const files = staticFiles(FOLDER);
const MOVED = new Map([["/about-us", "/about"]]);

const site: App = async (request, response) => {
  const { scriptName, pathInfo } = request;
  const moved = MOVED.get(pathInfo);
  if (moved !== undefined) {
    response.start(301, { location: scriptName + moved });
    return;
  }
  for (const path of [pathInfo, `${pathInfo}.html`]) {
    try {
      const answer = await files(request.clone({ pathInfo: path }), response);
      response.headers.set("cache-control", path.endsWith(".css") ? "max-age=86400" : "no-cache");
      return answer;
    } catch (error) {
      // What is not there is thrown, and nothing has been started then. 405, 412 and 416 stay what they are.
      if (!(error instanceof HttpError) || error.status !== 404) throw error;
    }
  }
  response.start(404, { "content-type": "text/html; charset=utf-8" });
  return response.file(`${FOLDER}/404.html`);
};

export default site;
