/**
 * A carrier that writes down what an exchange tells it, in order, so that tests see what a wire would
 * be asked to send and when. Nothing is encoded; the peer takes everything unless a test says no.
 *
 * @module
 */
import { type App, type Carrier, type Chunk, Exchange, HeaderFields } from "../../twig/mod.ts";
import type { Remote, RequestHead, ServerInfo } from "../../twig/mod.ts";
import { delay } from "./delay.ts";

/** What was told, as one readable line each: `head 200 5`, `data hello`, `flush`, `end`. */
export type Note = string;

/** Options of {@linkcode record}. */
export interface RecordOptions {
  /** What differs from a plain `GET /`. */
  readonly head?: Partial<RequestHead>;
  /** How many characters of the path are the mount's. Default 0. */
  readonly prefixLength?: number;
  /** Largest request body in bytes. Default: no limit. */
  readonly bodyLimit?: number;
  /** Show errors in answers. Default `false`. */
  readonly development?: boolean;
  /** The peer takes nothing until `makeRoom`. Default `false`. */
  readonly full?: boolean;
  /** Others answer on the same wire. Default `false`. */
  readonly shared?: boolean;
}

const decoder = new TextDecoder();

/** Records one exchange. */
export class RecordingCarrier implements Carrier {
  /** Everything in order. */
  readonly notes: Note[] = [];
  /** The field lines of the head. */
  fields = "";
  /** What would have been logged. */
  readonly errors: unknown[] = [];
  /** How often the exchange waited until everything was written, for memory that may change. */
  waitedForAll = 0;
  /** Called when the app wants body bytes. */
  onWantBody: (exchange: Exchange) => void = () => {};
  readonly development: boolean;
  readonly shared: boolean;
  readonly #over = Promise.withResolvers<void>();

  #room: PromiseWithResolvers<void> | undefined;

  constructor(development: boolean, full: boolean, shared: boolean) {
    this.development = development;
    this.shared = shared;
    if (full) this.#room = Promise.withResolvers();
  }

  /** The peer takes what is there, and everything from now on. */
  makeRoom(): void {
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Resolves when the exchange has ended or was cut. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** The body that was sent. */
  get sent(): string {
    return this.notes.filter((note) => note.startsWith("data ")).map((note) => note.slice(5)).join("");
  }

  wantBody(exchange: Exchange): void {
    this.notes.push("want body");
    this.onWantBody(exchange);
  }

  informational(_exchange: Exchange, status: number, fields: string): void {
    this.notes.push(`informational ${status} ${fields.trim()}`);
  }

  head(_exchange: Exchange, status: number, fields: string, length: number | undefined): void {
    this.fields = fields;
    this.notes.push(`head ${status} ${length ?? "unknown length"}`);
  }

  data(_exchange: Exchange, chunk: Chunk): number {
    const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
    this.notes.push(`data ${decoder.decode(bytes)}`);
    return bytes.length;
  }

  end(_exchange: Exchange, trailers: string): void {
    this.notes.push(`end ${trailers.trim()}`.trim());
    this.#over.resolve();
  }

  whole(
    exchange: Exchange,
    status: number,
    fields: string,
    length: number | undefined,
    _hasDate: boolean,
    chunk: Chunk,
  ): void {
    this.head(exchange, status, fields, length);
    if (chunk.length > 0) exchange.output.sentBytes = this.data(exchange, chunk);
    this.end(exchange, "");
  }

  cut(): void {
    this.notes.push("cut");
    this.#over.resolve();
  }

  flush(): void {
    this.notes.push("flush");
  }

  drained(all: boolean): Promise<void> | undefined {
    if (this.#room !== undefined && all) this.waitedForAll++;
    return this.#room?.promise;
  }

  closeAfter(): void {
    this.notes.push("close after");
  }

  report(_exchange: Exchange, error: unknown): void {
    this.errors.push(error);
  }

  remoteOf(): Remote {
    return { address: "192.0.2.1", host: "192.0.2.1", port: 4711, user: "" };
  }

  serverOf(): ServerInfo {
    return {
      name: "localhost",
      address: "127.0.0.1",
      port: 8000,
      protocol: "HTTP/1.1",
      software: "archangel",
    };
  }
}

/** Runs `app` on a recording carrier. */
export function record(
  app: App,
  options: RecordOptions = {},
): { carrier: RecordingCarrier; exchange: Exchange } {
  const carrier = new RecordingCarrier(
    options.development ?? false,
    options.full ?? false,
    options.shared ?? false,
  );
  const { bodyLimit = Infinity, prefixLength = 0 } = options;
  const exchange = new Exchange(carrier, requestHead(options.head), app, prefixLength, bodyLimit);
  exchange.run();
  return { carrier, exchange };
}

/** A request's head as a wire reports it: a plain `GET /`, with changes. */
export function requestHead(changes: Partial<RequestHead> = {}): RequestHead {
  return {
    kind: "head",
    exchange: 1,
    method: "GET",
    target: changes.path ?? "/",
    path: "/",
    query: "",
    authority: "localhost",
    protocol: "HTTP/1.1",
    secure: false,
    bodyLength: 0,
    headers: new HeaderFields(),
    env: undefined,
    variable: () => "",
    ...changes,
  };
}

/** Lets everything run that is not waiting for the test: timers of 0 ms, and what they start. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await delay(1);
}
