/**
 * A web-standard handler, `(Request) => Response`: what Deno.serve, Cloudflare and Bun call a fetch
 * handler. Here a tiny JSON API that keeps notes.
 *
 * Try: curl http://127.0.0.1:8000/api/notes
 *      curl http://127.0.0.1:8000/api/notes -d "buy milk"
 *      curl http://api.localhost:8000/notes
 */

interface Note {
  readonly id: number;
  readonly text: string;
}

// Memory of one worker: with two workers there are two lists. Real apps keep data in a database.
const notes: Note[] = [{ id: 1, text: "Archangel is up" }];

async function add(request: Request): Promise<Response> {
  const text = (await request.text()).trim();
  if (text === "") return Response.json({ error: "A note needs text" }, { status: 400 });
  const note = { id: notes.length + 1, text };
  notes.push(note);
  return Response.json(note, { status: 201 });
}

export default {
  fetch(request: Request): Response | Promise<Response> {
    // The config mounts this app twice: at /api of every host, and at / of api.localhost.
    const path = new URL(request.url).pathname.replace(/^\/api(?=\/|$)/, "");
    if (path === "" || path === "/") {
      return Response.json({ endpoints: ["GET /notes", "POST /notes"], worker: Deno.pid });
    }
    if (path !== "/notes") return Response.json({ error: "No such endpoint" }, { status: 404 });
    if (request.method === "POST") return add(request);
    if (request.method === "GET" || request.method === "HEAD") return Response.json(notes);
    return new Response(null, { status: 405, headers: { allow: "GET, HEAD, POST" } });
  },
};
