/**
 * FastCGI 1.0 without I/O: the responder's side of a connection as a state machine, and the codecs
 * it is made of.
 *
 * {@linkcode FcgiCore} is what a server drives: it turns records into requests and answers into
 * records. {@linkcode encodeParams} and {@linkcode Params} read and write name-value pairs, for
 * tests and for tools that speak to a FastCGI server.
 *
 * ```ts
 * import { encodeParams, Params } from "@archangel/archangel/fcgi";
 * import { assertEquals } from "@std/assert";
 *
 * const bytes = encodeParams([["REQUEST_METHOD", "GET"], ["REQUEST_URI", "/"]]);
 * assertEquals(Params.parse(bytes, 0, bytes.length)?.get("REQUEST_URI"), "/");
 * ```
 *
 * @module
 */
export { FcgiCore, type FcgiLimits } from "./connection.ts";
export { encodeParams, Params } from "./params.ts";
export { ProtocolStatus, RecordType, Role } from "./records.ts";
