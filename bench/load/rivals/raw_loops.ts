/** The floor of `parallel`: the read-write loop in as many threads as WORKERS says, which share the port. */
for (let left = Number(Deno.env.get("WORKERS")); left > 0; left--) {
  new Worker(new URL("./raw_loop.ts", import.meta.url), { type: "module" });
}
