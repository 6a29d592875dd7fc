/**
 * What each state of a request does with each record: the whole policy of this wire as one table.
 *
 * Servers differ exactly here, and get it wrong where the answer is spread over ifs: one drops
 * questions about the connection because it looks the id up first, another starts a request twice
 * because PARAMS may end twice. Rule: no other file decides whether a record may come now;
 * `reader.ts` looks it up and does it.
 *
 * @module
 */
import { RecordType } from "./records.ts";

/** Where a request id stands. The columns of the table, in this order. */
export const enum State {
  /** Id 0: the connection itself. */
  Management,
  /** No request has this id: never begun, or over. */
  Absent,
  /** Begun; PARAMS has not ended. */
  Params,
  /** Known to the app; STDIN has not ended. */
  Body,
  /** Received whole; the answer has not ended. */
  Answering,
  /** Over. Never looked up: only held by whoever has not noticed yet. */
  Over,
}

/** What to do with a record. */
export const enum Action {
  /** Do what the record says. */
  Accept,
  /** Skip it: it is late, or not for a responder. Late STDIN after an early answer is normal. */
  Ignore,
  /** Say something to it, and skip it. */
  Answer,
  /** The peer lost count: close the connection. */
  Fatal,
}

const { Accept, Ignore, Answer, Fatal } = {
  Accept: Action.Accept,
  Ignore: Action.Ignore,
  Answer: Action.Answer,
  Fatal: Action.Fatal,
};

type Row = readonly Action[];

/** Everything that is not meant for us, and does no harm. */
const NOT_FOR_US: Row = [Ignore, Ignore, Ignore, Ignore, Ignore];

/** A type that FastCGI 1.0 does not know; §4.2 wants it answered on id 0. */
const UNKNOWN: Row = [Answer, Ignore, Ignore, Ignore, Ignore];

// deno-fmt-ignore
const TABLE: readonly Row[] = (() => {
  const rows: Row[] = Array(12).fill(NOT_FOR_US);
  //                                management  absent  params  body    answering
  rows[0] = UNKNOWN;
  rows[RecordType.BeginRequest] = [ Fatal,      Accept, Fatal,  Fatal,  Fatal  ];
  rows[RecordType.AbortRequest] = [ Ignore,     Ignore, Accept, Accept, Accept ];
  rows[RecordType.Params]       = [ Ignore,     Ignore, Accept, Ignore, Ignore ];
  // Before PARAMS has ended, nobody knows what STDIN belongs to: 400 for this request.
  // Of what comes after the whole body, only the end of STDIN counts.
  rows[RecordType.Stdin]        = [ Ignore,     Ignore, Answer, Accept, Accept ];
  rows[RecordType.GetValues]    = [ Answer,     Ignore, Ignore, Ignore, Ignore ];
  return rows;
})();

/**
 * Looks the policy up.
 *
 * @param state Where the record's id stands; not {@linkcode State.Over}.
 * @param type The record's type, 0 to 255.
 * @returns What to do with it.
 */
export function actionFor(state: State, type: number): Action {
  return (TABLE[type] ?? UNKNOWN)[state] as Action;
}
