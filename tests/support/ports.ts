/** Ports for tests: asked from the kernel, so two test runs never meet. */

/** A TCP port of 127.0.0.1 on which nobody listens. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
