/** What a piece of the FastCGI codec holds on to, measured in a process of its own. */
import { choosePackages } from "./packages.ts";

/**
 * How many bytes more a program holds after its function `run` was called again, when it was called once for warmth.
 *
 * @param statements They declare `run`, which is told whether it is the time that counts.
 * @returns The growth.
 */
export async function growthOf(statements: string): Promise<number> {
  const { config } = await choosePackages();
  const from = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
  const program = `
    import { FcgiCore, Params } from ${from("../../fcgi/mod.ts")};
    import { DEFAULT_LIMITS } from ${from("../../server/limits.ts")};
    import { request } from ${from("./fcgi_client.ts")};
    const held = () => {
      for (let i = 0; i < 2; i++) globalThis.gc();
      const { heapUsed, external } = Deno.memoryUsage();
      return heapUsed + external;
    };
    ${statements}
    run(false);
    const before = held();
    run(true);
    console.log(held() - before);
  `;
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "-c",
      config,
      "--v8-flags=--expose-gc",
      `data:text/javascript,${encodeURIComponent(program)}`,
    ],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stderr));
  return Number(text(stdout));
}
