/** A worker over `Deno.serve`, to test processes without the request path. */
import { runWorker, type StartService } from "../../server/worker.ts";

const start: StartService = async (settings, { reusePort }) => {
  const { default: app } = await import(settings.apps.test!.location);
  const [address] = settings.listen;
  if (address?.transport !== "tcp") throw new Error("no address");
  const { hostname, port } = address;
  const server = Deno.serve({ hostname, port, reusePort, onListen() {} }, app.fetch);
  const late = () => new Promise<void>((resolve) => setTimeout(resolve, settings.timeouts.drain));
  return { addresses: settings.listen, drain: () => Promise.race([server.shutdown(), late()]) };
};

Deno.exit(await runWorker(start));
