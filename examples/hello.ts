/**
 * The smallest kind of app: TWIG, a function of a request and a response that returns its answer.
 *
 * Try: curl http://127.0.0.1:8000/hello/you?mood=fine
 */
import { decodePath, type TwigRequest, type TwigResponse } from "../twig/mod.ts";

let served = 0;

export default function hello(request: TwigRequest, response: TwigResponse): string {
  // Every worker is a process of its own, with its own variables: this counts for one of them.
  served++;

  // The head leaves with the first piece of the body. Without start() it would be a plain 200.
  response.start(200, { "content-type": "text/plain; charset=utf-8" });

  // scriptName is where the config mounted this app, pathInfo the rest of the path.
  // Paths come as they were sent; a path that cannot be decoded is shown as it is.
  const path = request.pathInfo.slice(1);
  const name = (decodePath(path) ?? path) || "world";
  return [
    `Hello, ${name}!`,
    "",
    `mounted at    ${request.scriptName || "/"}`,
    `path          ${request.pathInfo}`,
    `query         ${request.query}`,
    `your browser  ${request.get("user-agent") ?? "did not say"}`,
    `worker        process ${Deno.pid}, request ${served} of this app there`,
    "",
  ].join("\n");
}
