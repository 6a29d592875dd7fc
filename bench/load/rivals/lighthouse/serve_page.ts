/** `Deno.serve` that looks at the path and sets a field, as an app with more than one page does. */

Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} },
  (request) => {
    const text = request.url.endsWith("/other") ? "Another page" : "Hello, World!";
    return new Response(text, { headers: { "content-type": "text/plain" } });
  },
);
