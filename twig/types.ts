/**
 * TWIG on one page: what an app is, what it may answer, what middleware is.
 *
 * The request and the response are classes of their own files; the normative rules are in
 * `docs/twig.md`, numbered, each with a test named after it.
 *
 * @module
 */
import type { TwigRequest } from "./request.ts";
import type { TwigResponse } from "./response.ts";

/** A piece of an answer: bytes, or text that is sent as UTF-8. */
export type Chunk = Uint8Array | string;

/**
 * What an app answers with: nothing, one chunk, or an iterator of chunks. An answer that is known
 * whole gets a `content-length`; from an iterator the next chunk is pulled when the last one was taken.
 */
export type Answer = Chunk | Iterable<Chunk> | AsyncIterable<Chunk> | null | undefined | void;

/**
 * A TWIG app: a function of a request and a response that returns its answer.
 *
 * @example Usage
 * ```ts
 * import type { App } from "@archangel/archangel/twig";
 * import { TestClient } from "@archangel/archangel/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const hello: App = (request, response) => {
 *   response.start(200, { "content-type": "text/plain" });
 *   return `Hello ${request.pathInfo}`;
 * };
 *
 * const answer = await new TestClient(hello).get("/world");
 * assertEquals(await answer.text(), "Hello /world");
 * ```
 */
export type App = (request: TwigRequest, response: TwigResponse) => Answer | PromiseLike<Answer>;

/** Wraps an app into another app. Plain function composition, nothing else. */
export type Middleware = (app: App) => App;

/** The client's end of the connection, as far as it is known. */
export interface Remote {
  /** IP address, or empty if there is none (a Unix socket). */
  readonly address: string;
  /** Host name, if the front end looked it up; else the address. */
  readonly host: string;
  /** Port; 0 if not known. */
  readonly port: number;
  /** The user a front end authenticated, or empty. */
  readonly user: string;
}

/** The server's end of the connection. */
export interface ServerInfo {
  /** Host name that the request is for, without port. */
  readonly name: string;
  /** IP address that took the connection; empty on a Unix socket. */
  readonly address: string;
  /** Port that took the connection; 0 on a Unix socket. */
  readonly port: number;
  /** The protocol that the client speaks: `"HTTP/1.1"`. */
  readonly protocol: string;
  /** The software: `"archangel/1.0.0"`. */
  readonly software: string;
}

/** What is known of the TLS connection of the client. */
export interface TlsInfo {
  /** TLS version such as `"TLSv1.3"`; empty if not known. */
  readonly protocol: string;
  /** Cipher name; empty if not known. */
  readonly cipher: string;
}
