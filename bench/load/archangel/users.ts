import type { App } from "../../../twig/mod.ts";

const users: App = (request, response) => {
  response.start(200, { "content-type": "application/json" });
  return JSON.stringify({ id: request.pathInfo.slice(1), name: "Ada Lovelace", admin: false });
};
export default users;
