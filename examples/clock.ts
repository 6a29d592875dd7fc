/**
 * A streaming TWIG app: an async generator. Each yield goes out as soon as the app waits, and the
 * next one is asked for when the client has taken the last: no buffers grow.
 *
 * Try: curl -N http://127.0.0.1:8000/clock
 * The page at http://127.0.0.1:8000/ listens to /clock/events.
 */
import type { App, TwigRequest, TwigResponse } from "../twig/mod.ts";

const SECOND = 1000;

/** The time, once a second, for as long as the client listens. */
async function* ticks(request: TwigRequest): AsyncGenerator<Date> {
  while (!request.signal.aborted) {
    yield new Date();
    await new Promise((resolve) => setTimeout(resolve, SECOND));
  }
}

/** Lines of text, for curl. */
async function* lines(request: TwigRequest, response: TwigResponse): AsyncGenerator<string> {
  response.start(200, { "content-type": "text/plain; charset=utf-8" });
  try {
    for await (const now of ticks(request)) yield `${now.toISOString()}\n`;
  } finally {
    // Also runs when the client hangs up: the place to give back what the stream held.
  }
}

/** Server-sent events, for browsers. */
async function* events(request: TwigRequest, response: TwigResponse): AsyncGenerator<string> {
  response.start(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  for await (const now of ticks(request)) {
    yield `data: ${JSON.stringify({ time: now.toISOString(), worker: Deno.pid })}\n\n`;
  }
}

const clock: App = (request, response) =>
  request.pathInfo === "/events" ? events(request, response) : lines(request, response);

export default clock;
