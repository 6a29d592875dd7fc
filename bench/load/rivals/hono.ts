/** Hono on `Deno.serve`. */
import { Hono } from "npm:hono@^4";

/** Routing by host is done through the path, as Hono's manual says. */
const app = new Hono({
  getPath: (request) =>
    "/" + request.headers.get("host") + request.url.replace(/^https?:\/\/[^/]+(\/[^?]*).*/, "$1"),
});
app.get("/api.example.org/v1/users/:id", (c) => {
  return c.json({ id: c.req.param("id"), name: "Ada Lovelace", admin: false });
});

const byPath = new Hono();
byPath.get("/", (c) => c.text("Hello, World!"));
byPath.post("/", async (c) => c.body(await c.req.arrayBuffer()));

Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen() {} },
  Deno.env.get("APP") === "users" ? app.fetch : byPath.fetch,
);
