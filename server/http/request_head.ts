/**
 * A request head as apps get to see it: one string, and the parts that everybody asks for. Header fields
 * and authority are cut out of the string on first use.
 *
 * @module
 */
import { HeaderFields } from "../../twig/headers.ts";
import type { RequestHead } from "../../twig/wire.ts";

/** A head that `HeadParser` took. Plain fields: it is made once a request. */
export class HttpHead implements RequestHead {
  /** Discriminates the events of a wire. */
  readonly kind = "head";
  /** The number of the exchange that it was reported for last: the same head may come again. */
  exchange: number;
  /** The method, as sent. */
  readonly method: string;
  /** The request target, as sent. */
  readonly target: string;
  /** The path, as sent; `/` for an absolute target without one. */
  readonly path: string;
  /** The query, as sent, without `?`. */
  readonly query: string;
  /** `"HTTP/1.0"` or `"HTTP/1.1"`. */
  readonly protocol: string;
  /** Never: encryption is a front end's. */
  readonly secure = false;
  /** Body size in bytes; `undefined` if chunked. */
  readonly bodyLength: number | undefined;
  private readonly text: string;
  private readonly fieldsAt: number;
  private readonly authorityAt: number;
  private readonly authorityEnd: number;
  private host: string | undefined;
  private fields: HeaderFields | undefined;

  /** For `HeadParser` only: the decoded head and where its parts are. */
  constructor(
    text: string,
    fieldsAt: number,
    exchange: number,
    method: string,
    target: string,
    path: string,
    query: string,
    protocol: string,
    bodyLength: number | undefined,
    authorityAt: number,
    authorityEnd: number,
  ) {
    this.exchange = exchange;
    this.method = method;
    this.target = target;
    this.path = path;
    this.query = query;
    this.protocol = protocol;
    this.bodyLength = bodyLength;
    this.text = text;
    this.fieldsAt = fieldsAt;
    this.authorityAt = authorityAt;
    this.authorityEnd = authorityEnd;
    this.host = undefined;
    this.fields = undefined;
  }

  /** `host[:port]` of an absolute target, else of `Host`, else empty. */
  get authority(): string {
    return this.host ??= this.text.slice(this.authorityAt, this.authorityEnd);
  }

  /** The header fields, decoded on first use. */
  get headers(): HeaderFields {
    if (this.fields === undefined) {
      this.fields = HeaderFields.ofLines(this.text, this.fieldsAt);
      this.fields.seal("received");
    }
    return this.fields;
  }

  /** HTTP carries no CGI variables. */
  get env(): undefined {
    return undefined;
  }

  /** HTTP carries no CGI variables. */
  variable(): string {
    return "";
  }
}
