/**
 * What a wire (HTTP/1.1, FastCGI) has to offer so that one connection loop can serve it: a pure
 * protocol core. Bytes go into `input`, events are pulled with `next()`, commands are encoded into
 * an {@linkcode OutputBuffer}. No core awaits, reads a clock, owns a socket or writes a log.
 *
 * Pulling is the flow control: a core that is not asked for the next event parses no further. Every
 * event and command carries the number of its exchange: HTTP has one live at a time, FastCGI many.
 *
 * @module
 */
import type { InputBuffer } from "./input_buffer.ts";
import type { OutputBuffer } from "./output_buffer.ts";
import type { ProtocolError } from "./errors.ts";
import type { HeaderFields } from "./headers.ts";

/** `next()` has used up the input: read more bytes, then ask again. */
export const NEED_DATA = 0;
/** `next()` will not go on until the current exchange has been answered (HTTP only). */
export const PAUSED = 1;

/** A request's head, complete and checked. What is not always needed is decoded on first use. */
export interface RequestHead {
  /** Discriminates {@linkcode WireEvent}. */
  readonly kind: "head";
  /**
   * The number of this exchange on its connection; none is used twice, so that a late command for an
   * exchange that is over cannot hit another one. FastCGI: its lowest 16 bits are the request id. To be
   * read before the next event is asked for, since a head that comes again may be the same object.
   */
  readonly exchange: number;
  /** The method, as sent: `"GET"`. */
  readonly method: string;
  /** The request target as sent: `/a%20b?q=1`, `http://host/a`, `*`. */
  readonly target: string;
  /** The path as sent, still percent-encoded: begins with `/`, or is `*` for `OPTIONS *`. */
  readonly path: string;
  /** The query as sent, without `?`; empty if there is none. */
  readonly query: string;
  /** `host[:port]` that the request is for: from an absolute target, else `Host`, else empty. */
  readonly authority: string;
  /** `"HTTP/1.0"` or `"HTTP/1.1"`: what the client of the first server speaks. */
  readonly protocol: string;
  /** Whether the client came by `https`, as far as this wire knows (FastCGI: `HTTPS=on`). */
  readonly secure: boolean;
  /** Body size in bytes: 0 if there is none, `undefined` if it is not known before its end. */
  readonly bodyLength: number | undefined;
  /** The header fields in order, names in lower case. Decoded on first use. */
  readonly headers: HeaderFields;
  /** The CGI variables as received over FastCGI, in order, last one wins; `undefined` over HTTP. */
  readonly env: Readonly<Record<string, string>> | undefined;
  /**
   * One CGI variable, without making `env`.
   *
   * @param name Its name.
   * @returns Its value; `""` if there is none.
   */
  variable(name: string): string;
}

/** A piece of a request's body. The bytes belong to whoever receives the event. */
export interface BodyChunk {
  /** Discriminates {@linkcode WireEvent}. */
  readonly kind: "data";
  /** The number of the exchange. */
  readonly exchange: number;
  /** The bytes; never empty. */
  readonly chunk: Uint8Array;
}

/**
 * A request is complete. Follows every head that was not aborted, also when there is no body.
 * FastCGI: comes no more once the exchange has been answered, nor does any other event of it.
 */
export interface EndOfRequest {
  /** Discriminates {@linkcode WireEvent}. */
  readonly kind: "end";
  /** The number of the exchange. */
  readonly exchange: number;
  /** Trailer fields of a chunked body, never merged into the header fields (RFC 9110 §6.5.1). */
  readonly trailers: HeaderFields | undefined;
}

/**
 * This exchange is over before its time: FCGI_ABORT_REQUEST, or the input ended inside the request,
 * or its body broke a limit or its promised length. Commands for it do nothing from now on: what the
 * peer has to be told, the core has put into `output`.
 */
export interface Aborted {
  /** Discriminates {@linkcode WireEvent}. */
  readonly kind: "abort";
  /** The number of the exchange. */
  readonly exchange: number;
  /** Why, for the app. */
  readonly reason: string;
  /**
   * The rule that the peer broke, for the logs, and the status that the core has answered with: 0 if it has not, for
   * the head of an answer was sent. `undefined` if no rule was broken.
   */
  readonly error: ProtocolError | undefined;
}

/**
 * A request was refused before there was a head to report, and the core has put the answer into
 * `output`. Only where one bad request leaves the connection good (FastCGI): for the logs.
 */
export interface Refused {
  /** Discriminates {@linkcode WireEvent}. */
  readonly kind: "refused";
  /** The number of the exchange. */
  readonly exchange: number;
  /** What was wrong, and the status that was answered; status 0 if END_REQUEST says it all. */
  readonly error: ProtocolError;
}

/** What a core reports. */
export type WireEvent = RequestHead | BodyChunk | EndOfRequest | Aborted | Refused;

/** Sizes and counts that a core enforces. All finite; `server/limits.ts` holds the defaults. */
export interface WireLimits {
  /** The longest target, in bytes (414). Over FastCGI the front end limits it. */
  readonly targetBytes: number;
  /** Whole head in bytes, request line included (431). FastCGI: all PARAMS, up to 8 times this. */
  readonly headerBytes: number;
  /** Header fields of one head (431), and trailer fields. FastCGI: pairs, up to 50 times this. */
  readonly headerFields: number;
  /** Largest body in bytes (413). */
  readonly bodyBytes: number;
  /** Unread body bytes that are read and dropped to keep the connection (else it closes). */
  readonly drainBytes: number;
  /** FastCGI: exchanges open at once on one connection (else OVERLOADED). */
  readonly openExchanges: number;
}

/** A pure protocol core; one instance per connection. */
export interface WireProtocol {
  /** Received bytes. The connection appends, the core consumes. */
  readonly input: InputBuffer;

  /**
   * What the core has to say of its own accord while `next` reads: the answer to a question about
   * the connection itself (FCGI_GET_VALUES), the end of a request that was refused or aborted. The
   * connection writes it like everything else, and gives this very buffer as `out` to the commands,
   * so that one order holds.
   */
  readonly output: OutputBuffer;

  /**
   * The value of the `Date` field for the next head, set by the connection, since a core has no
   * clock: an IMF-fixdate (RFC 9110 §5.6.7). Cores whose peer adds its own ignore it.
   */
  date: string;

  /**
   * Field lines that every answer of this server gets, each ended by CRLF, set by the connection: its
   * `server` field. Cores whose peer has a name of its own ignore them.
   */
  extraFields: string;

  /**
   * True once this connection takes no further request: after the output is written it has to be
   * closed (gracefully: FIN first, then read and drop for a bounded time).
   */
  readonly closing: boolean;

  /**
   * Why `head` or `whole` refused the request instead of answering it: what has arrived of its body is
   * malformed. The client has been told, and the connection is `closing`.
   */
  readonly refusal: ProtocolError | undefined;

  /** True if `input` must go on to be read while exchanges are open, to see aborts and new ones. */
  readonly multiplexed: boolean;

  /** True at rest: no exchange open and no request begun, so that closing now loses nothing. */
  readonly idle: boolean;

  /**
   * Whether the peer, as it said, sends nothing more. Else what it sends while we close would be answered with a reset,
   * and what it has not received of an answer would be lost.
   */
  readonly peerDone: boolean;

  /**
   * Whether requests have begun whose heads are not there yet, while others come and go. Never where one
   * request comes after the other: there, what is begun is all that is waited for.
   */
  readonly headsPending: boolean;

  /**
   * Answers those requests with 408 whose heads were pending at the last call already. A core has no clock:
   * the connection calls it as often as heads may take to arrive.
   *
   * @returns What was given up.
   */
  giveUpHeads(): Refused[];

  /**
   * The next thing that the input says.
   *
   * @returns An event, or {@linkcode NEED_DATA}, or {@linkcode PAUSED}.
   * @throws {ProtocolError} If the peer broke the protocol. Then call `refuse` and close.
   */
  next(): WireEvent | typeof NEED_DATA | typeof PAUSED;

  /**
   * The peer sent its FIN. The next `next()` reports an abort if a request was cut short. If others
   * wait for their answers, the core does what `probe` does.
   */
  endOfInput(): void;

  /**
   * Puts something harmless into `output`, if this wire has such a thing: a peer that is gone answers it with a
   * reset. For when nothing is read, so that its leaving cannot be seen.
   */
  probe(): void;

  /** No request after the ones already begun: answer with `Connection: close`, as a drain does. */
  stop(): void;

  /**
   * The app wants the body of this exchange: over HTTP sends `100 Continue` if the client waits for
   * it (RFC 9110 §10.1.1). Calling it again does nothing.
   *
   * @param exchange The number of the exchange.
   * @param out Where to encode it.
   */
  wantBody(exchange: number, out: OutputBuffer): void;

  /**
   * Encodes an interim answer (1xx other than 101). Does nothing for a peer that cannot take one.
   *
   * @param exchange The number of the exchange.
   * @param status 102 to 199.
   * @param fields Checked field lines, each ended by CRLF.
   * @param out Where to encode it.
   */
  informational(exchange: number, status: number, fields: string, out: OutputBuffer): void;

  /**
   * Encodes the head of the final answer. The framing is the core's business: `length` bytes of body
   * will follow, or an unknown number if it is `undefined`. For HEAD, 204 and 304 no data may follow.
   *
   * @param exchange The number of the exchange.
   * @param status 200 to 999.
   * @param fields Checked field lines, each ended by CRLF, without any connection or framing field.
   * @param length Bytes of body that will follow; `undefined` if not known. For HEAD: what GET would send.
   * @param hasDate Whether `fields` has a Date field already.
   * @param out Where to encode it.
   */
  head(
    exchange: number,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
    out: OutputBuffer,
  ): void;

  /**
   * Encodes a piece of the answer's body. An empty chunk encodes to nothing.
   *
   * @param exchange The number of the exchange.
   * @param chunk Bytes, or text to be sent as UTF-8.
   * @param out Where to encode it.
   * @returns How many bytes of body that was.
   */
  data(exchange: number, chunk: Uint8Array | string, out: OutputBuffer): number;

  /**
   * The answer is complete.
   *
   * @param exchange The number of the exchange.
   * @param trailers Checked trailer field lines, each ended by CRLF, or `""`.
   * @param out Where to encode it.
   */
  end(exchange: number, trailers: string, out: OutputBuffer): void;

  /**
   * Encodes a whole answer: as `head`, `data` and `end` do, without looking for the exchange three times,
   * and in as few pieces as the wire allows. Most answers are whole.
   *
   * @param exchange The number of the exchange.
   * @param status 200 to 999.
   * @param fields As for `head`.
   * @param length Bytes of body, which `chunk` has; `undefined` to leave its framing to the core.
   * @param hasDate Whether `fields` has a Date field already.
   * @param chunk The whole body; may be empty. Left out where no body is allowed.
   * @param out Where to encode it.
   * @returns How many bytes of body that was.
   */
  whole(
    exchange: number,
    status: number,
    fields: string,
    length: number | undefined,
    hasDate: boolean,
    chunk: Uint8Array | string,
    out: OutputBuffer,
  ): number;

  /**
   * The answer failed after its head left: nothing more may be sent for it, and the client must be
   * able to see that it is cut. Makes the connection `closing` (at once, or, multiplexed, when the
   * other exchanges have ended).
   *
   * @param exchange The number of the exchange.
   */
  cut(exchange: number): void;

  /**
   * The peer broke the protocol: encodes the last answer, if one may still be given, and makes the
   * connection `closing`.
   *
   * @param error What `next` threw, or what the connection found (a deadline).
   * @param out Where to encode it.
   * @returns Whether the peer is told.
   */
  refuse(error: ProtocolError, out: OutputBuffer): boolean;
}
