/** The read-write loop by way of `node:net`. */
import { createServer } from "node:net";
import { answer, place } from "./answer.ts";

createServer({ noDelay: true }, (socket) => {
  socket.on("data", () => socket.write(answer));
  socket.on("error", () => {});
}).listen(place.port, place.hostname);
