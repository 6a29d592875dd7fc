/**
 * The requests that are open on one FastCGI connection: found by id when a record comes in, by
 * exchange number when an answer goes out.
 *
 * Ids are the peer's and are used again at once; exchange numbers are ours and never are. A number
 * is a serial with the id in its lowest 16 bits, so one map serves both and a late command for a
 * request that is over finds nothing.
 *
 * @module
 */
import { ParamsCollector } from "./params.ts";
import { State } from "./states.ts";

const ID_RANGE = 0x10000;

/** One request, from BEGIN_REQUEST until its END_REQUEST. */
export class FcgiRequest {
  /** The request id on the wire. */
  readonly id: number;
  /** The exchange number. */
  readonly number: number;
  /** Whether the web server keeps the connection after this request (FCGI_KEEP_CONN). */
  readonly keepConnection: boolean;
  /** What has come of PARAMS. */
  readonly params: ParamsCollector;
  /** Where it stands. */
  state: State = State.Params;
  /** Whether its PARAMS had not ended when the connection last looked. */
  overdue = false;
  /** Body bytes that CONTENT_LENGTH promises; `undefined` if it does not. */
  expected: number | undefined = undefined;
  /** Body bytes that have come. */
  received = 0;
  /** Whether the method is HEAD. */
  isHead = false;
  /** Whether the head of the answer is encoded. */
  headSent = false;
  /** Whether the answer has no body, whatever the app yields. */
  bodyless = false;

  /**
   * @param id The request id.
   * @param number The exchange number.
   * @param keepConnection Whether FCGI_KEEP_CONN is set.
   * @param paramsBytes Most bytes of PARAMS.
   */
  constructor(id: number, number: number, keepConnection: boolean, paramsBytes: number) {
    this.id = id;
    this.number = number;
    this.keepConnection = keepConnection;
    this.params = new ParamsCollector(paramsBytes);
  }
}

/** All open requests of a connection, and whether more may come. */
export class OpenRequests implements Iterable<FcgiRequest> {
  /** True once the connection closes as soon as none is open. */
  last = false;
  /** Bytes of PARAMS that are held for those whose PARAMS have not ended. */
  paramsBytes = 0;
  /** How many of them have not come to the end of their PARAMS. */
  unread = 0;
  /** The oldest: most front ends send one request at a time, and for that one no map is kept. */
  #first: FcgiRequest | undefined;
  /** The others, in order. */
  readonly #others: Map<number, FcgiRequest> = new Map();
  #serial = 0;
  #cutIds: Set<number> | undefined;

  /** How many are open. */
  get size(): number {
    return this.#others.size + (this.#first === undefined ? 0 : 1);
  }

  /** True when all is said: the connection is to close. */
  get done(): boolean {
    return this.last && this.size === 0;
  }

  /**
   * @param id A request id.
   * @returns A new exchange number for it.
   */
  nextNumber(id: number): number {
    return ++this.#serial * ID_RANGE + id;
  }

  /**
   * Adds a request.
   *
   * @param request The request; no other one of its id is open.
   */
  add(request: FcgiRequest): void {
    this.unread++;
    if (this.size === 0) this.#first = request;
    else this.#others.set(request.id, request);
  }

  /**
   * @param id A request id.
   * @returns The open request that has it.
   */
  withId(id: number): FcgiRequest | undefined {
    return this.#first?.id === id ? this.#first : this.#others.get(id);
  }

  /**
   * @param exchange An exchange number.
   * @returns The request, if it is still open.
   */
  find(exchange: number): FcgiRequest | undefined {
    const request = this.withId(exchange % ID_RANGE);
    return request?.number === exchange ? request : undefined;
  }

  /**
   * The PARAMS of a request have ended.
   *
   * @param request The request.
   */
  read(request: FcgiRequest): void {
    this.unread--;
    request.state = State.Body;
  }

  /**
   * A request is over: its id is free again.
   *
   * @param request The request, which need not have been added.
   */
  close(request: FcgiRequest): void {
    this.paramsBytes -= request.params.size;
    if (request.state === State.Params && this.withId(request.id) === request) this.unread--;
    request.state = State.Over;
    if (this.#first === request) this.#first = undefined;
    else this.#others.delete(request.id);
    if (!request.keepConnection) this.last = true;
  }

  /**
   * A request's answer is cut: without its END_REQUEST the peer cannot use the id again, and if it does, an answer
   * would look like the rest of this one. The connection closes when the others are over.
   *
   * @param request The request.
   */
  cut(request: FcgiRequest): void {
    this.close(request);
    this.last = true;
    (this.#cutIds ??= new Set()).add(request.id);
  }

  /**
   * @param id A request id.
   * @returns Whether an answer that had it was cut.
   */
  wasCut(id: number): boolean {
    return this.#cutIds !== undefined && this.#cutIds.has(id);
  }

  /** The open ones, oldest first. They may be closed on the way. */
  *[Symbol.iterator](): IterableIterator<FcgiRequest> {
    if (this.#first !== undefined) yield this.#first;
    yield* this.#others.values();
  }
}
