/**
 * An app written with Hono, unchanged: anything with a fetch method can be mounted.
 *
 * Try: curl http://127.0.0.1:8000/hono/greet/Ada
 */
import { Hono } from "npm:hono@^4";
import { html } from "npm:hono@^4/html";

// Hono sees the whole path of the URL, so it is told where the config mounts it.
const app = new Hono().basePath("/hono");

app.get("/", (context) =>
  context.html(html`
    <h1>Hono on Archangel</h1>
    <p><a href="/hono/greet/Ada">Greet Ada</a>
  `));
app.get("/greet/:name", (context) => context.json({ greeting: `Hello, ${context.req.param("name")}!` }));

export default app;
