/**
 * TWIG: the contract between a server and its apps. An app is a function of a request and a response
 * that answers with an (async) iterator of chunks.
 *
 * @example Usage
 * ```ts
 * import type { App } from "@archangel/archangel/twig";
 * import { TestClient } from "@archangel/archangel/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const countdown: App = async function* (_request, response) {
 *   response.start(200, { "content-type": "text/plain" });
 *   for (const n of [3, 2, 1]) yield `${n}\n`;
 * };
 *
 * const answer = await new TestClient(countdown).get("/");
 * assertEquals(await answer.text(), "3\n2\n1\n");
 * assertEquals(answer.headers.get("content-length"), "6");
 * ```
 *
 * @module
 */
export type { Answer, App, Chunk, Middleware, Remote, ServerInfo, TlsInfo } from "./types.ts";
export { decodePath, type RequestChanges, type RequestContext, TwigRequest } from "./request.ts";
export { type ResponseControl, TwigResponse } from "./response.ts";
export { type BodySource, RequestBody } from "./body.ts";
export { FileBody, type FileRange, type KnownFile } from "./files.ts";
export { encodeFields, type FieldBlock } from "./field_block.ts";
export { type FieldsInit, HeaderFields } from "./headers.ts";
export { ConnectionLost, ContractError, HttpError, ProtocolError } from "./errors.ts";
export { type FetchApp, type FetchHandler, type FetchInfo, fromFetch } from "./from_fetch.ts";
export { type HostInfo, toFetch, type ToFetchOptions } from "./to_fetch.ts";
export type { InputBuffer } from "./input_buffer.ts";
export type { OutputBuffer } from "./output_buffer.ts";
export type { Corked } from "./cork.ts";
export type { FileSender } from "./send_file.ts";
export type { Puller } from "./pull.ts";
export type { Carrier } from "./carrier.ts";
export { AnswerOutput } from "./answer_output.ts";
export { Exchange } from "./exchange.ts";
export { contentTypeOf } from "./content_types.ts";
export { staticFiles } from "./static_files.ts";
export { reasonPhrase } from "./status.ts";
export type {
  Aborted,
  BodyChunk,
  EndOfRequest,
  Refused,
  RequestHead,
  WireEvent,
  WireLimits,
  WireProtocol,
} from "./wire.ts";
export { NEED_DATA, PAUSED } from "./wire.ts";
