/** Plain `Deno.serve`, the baseline: for each scenario what one would write without a framework. */

const port = Number(Deno.env.get("PORT"));
const files = Deno.env.get("FILES")!;
const text = new TextEncoder();

/** A hundred small chunks, each made when asked for. */
function chunks(wait?: () => Promise<unknown>): ReadableStream<Uint8Array> {
  let count = 0;
  return new ReadableStream({
    async pull(controller) {
      if (wait !== undefined) await wait();
      controller.enqueue(text.encode(`line ${count} of the answer\n`));
      if (++count === 100) controller.close();
    },
  });
}

function users(request: Request): Response {
  const { hostname, pathname } = new URL(request.url);
  if (hostname !== "api.example.org" || !pathname.startsWith("/v1/users/")) {
    return new Response("Not Found", { status: 404 });
  }
  return Response.json({ id: pathname.slice("/v1/users/".length), name: "Ada Lovelace", admin: false });
}

async function upload(request: Request): Promise<Response> {
  let bytes = 0;
  for await (const chunk of request.body!) bytes += chunk.length;
  return new Response(String(bytes));
}

async function file(request: Request): Promise<Response> {
  const opened = await Deno.open(files + new URL(request.url).pathname);
  const { size } = await opened.stat();
  return new Response(opened.readable, {
    headers: { "content-length": String(size), "content-type": "application/octet-stream" },
  });
}

function events(): Response {
  let timer: ReturnType<typeof setInterval>;
  const stream = new ReadableStream<Uint8Array>({
    start(controller) {
      timer = setInterval(() => controller.enqueue(text.encode(`data: ${Date.now()}\n\n`)), 1000);
    },
    cancel: () => clearInterval(timer),
  });
  return new Response(stream, { headers: { "content-type": "text/event-stream" } });
}

const handlers: Record<string, Deno.ServeHandler> = {
  hello: () => new Response("Hello, World!"),
  users,
  echo: async (request) => new Response(await request.bytes()),
  upload,
  stream: () => new Response(chunks()),
  slow_stream: () => new Response(chunks(() => new Promise((resolve) => setTimeout(resolve, 1)))),
  events,
  files: file,
};

const handler = handlers[Deno.env.get("APP")!]!;
const socket = Deno.env.get("SOCKET");
if (socket !== undefined) {
  Deno.serve({ path: socket, onListen() {} }, handler as Deno.ServeHandler<Deno.UnixAddr>);
}
Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, handler);
