import type { App } from "../../../twig/mod.ts";

const upload: App = async (request) => {
  let bytes = 0;
  for await (const chunk of request.body) bytes += chunk.length;
  return String(bytes);
};
export default upload;
