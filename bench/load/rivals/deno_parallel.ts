/** For `deno serve --parallel`. */
export default { fetch: () => new Response("Hello, World!") } satisfies Deno.ServeDefaultExport;
