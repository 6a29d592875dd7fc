/** Node's own HTTP server. */
import { createServer } from "node:http";

function hello(_request, response) {
  response.writeHead(200, { "content-type": "text/plain;charset=UTF-8", "content-length": 13 });
  response.end("Hello, World!");
}

function users(request, response) {
  const { hostname, pathname } = new URL(request.url, `http://${request.headers.host}`);
  if (hostname !== "api.example.org" || !pathname.startsWith("/v1/users/")) {
    response.writeHead(404).end();
    return;
  }
  const id = pathname.slice("/v1/users/".length);
  const body = JSON.stringify({ id, name: "Ada Lovelace", admin: false });
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** A client that goes away in the middle of its body makes `for await` throw: no reason to end the process. */
const whileThere = (handler) => (request, response) =>
  handler(request, response).catch(() => response.destroy());

async function echo(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  response.end(Buffer.concat(chunks));
}

async function upload(request, response) {
  let bytes = 0;
  for await (const chunk of request) bytes += chunk.length;
  response.end(String(bytes));
}

function stream(_request, response) {
  let count = 0;
  const write = () => {
    while (count < 100) if (!response.write(`line ${count++} of the answer\n`)) return;
    response.off("drain", write).end();
  };
  response.on("drain", write);
  write();
}

function events(_request, response) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => response.write(`data: ${Date.now()}\n\n`), 1000);
  response.on("close", () => clearInterval(timer));
}

const handlers = { hello, users, echo: whileThere(echo), upload: whileThere(upload), stream, events };
createServer({ keepAliveTimeout: 600_000 }, handlers[process.env.APP]).listen(
  Number(process.env.PORT),
  "127.0.0.1",
);
