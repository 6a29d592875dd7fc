/**
 * Answers about the connection itself: the records of id 0 (FastCGI 1.0 §4). They may come at any
 * time, also between the records of requests; HAProxy asks first thing on every connection.
 *
 * @module
 */
import type { OutputBuffer } from "../twig/output_buffer.ts";
import { ProtocolError } from "../twig/errors.ts";
import { encodeParams, type Params } from "./params.ts";
import { RecordType, writeManagement } from "./records.ts";

/** What the answers are made of. */
export interface Capacity {
  /** Connections open at once. */
  readonly connections: number;
  /** Requests open at once on one connection. */
  readonly openExchanges: number;
}

/**
 * Answers GET_VALUES: of the names asked for, those that are known, each once, so that the answer is
 * small whatever the question (§4.1).
 *
 * FCGI_MAX_REQS is what one connection takes, since HAProxy, who asks, opens that many on it.
 *
 * @param out Where to.
 * @param question The pairs of the question, or `undefined` if they cannot be read.
 * @param capacity What to say.
 * @throws {ProtocolError} If the question cannot be read.
 */
export function answerValues(out: OutputBuffer, question: Params | undefined, capacity: Capacity): void {
  if (question === undefined) {
    throw new ProtocolError(0, "bad-get-values", "Cannot read GET_VALUES: a length leads out of it");
  }
  const asked = new Set<string>();
  for (let i = 0; i < question.size; i++) asked.add(question.name(i));
  const known: [string, string][] = [
    ["FCGI_MAX_CONNS", String(capacity.connections)],
    ["FCGI_MAX_REQS", String(capacity.openExchanges)],
    ["FCGI_MPXS_CONNS", capacity.openExchanges > 1 ? "1" : "0"],
  ];
  writeManagement(
    out,
    RecordType.GetValuesResult,
    encodeParams(known.filter(([name]) => asked.has(name))),
  );
}

/**
 * Answers a management record of a type that FastCGI 1.0 does not have (§4.2).
 *
 * @param out Where to.
 * @param type The type.
 */
export function answerUnknownType(out: OutputBuffer, type: number): void {
  writeManagement(out, RecordType.UnknownType, Uint8Array.of(type, 0, 0, 0, 0, 0, 0, 0));
}
