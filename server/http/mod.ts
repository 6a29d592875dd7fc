/**
 * HTTP/1.1 without a socket: bytes in, events out; commands in, bytes out. See `README.md` beside this
 * file for the life of one request.
 *
 * @module
 */
export { HttpCore } from "./connection.ts";
