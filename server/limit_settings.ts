/**
 * The part of the settings table that bounds what a client can do: sizes, counts and times. The defaults
 * are in `limits.ts`.
 *
 * @module
 */
import { DEFAULT_LIMITS, DEFAULT_TIMEOUTS } from "./limits.ts";
import * as kinds from "./setting_kinds.ts";
import { section, setting } from "./settings_row.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** The largest bound on bodies that can be asked for, in bytes. */
export const LARGEST_BODY: number = 1024 * 1024 * MiB;

/** The rows, in the order in which the documentation shows them. */
export const LIMIT_SETTINGS = [
  section({
    key: "limits",
    section: "group",
    otherwise: "the defaults below",
    summary: "Sizes and counts that a client cannot exceed.",
    reason:
      "Each one stops an attack or a mistake that would otherwise take all memory. None can be switched off.",
  }),
  setting({
    key: "limits.body",
    kind: kinds.size([0, LARGEST_BODY]),
    default: DEFAULT_LIMITS.bodyBytes,
    summary: "Largest request body, for apps that set none of their own (413).",
    reason:
      "Bodies are streamed, so this bounds what an app may be made to collect, not what a connection holds.",
  }),
  setting({
    key: "limits.target_bytes",
    kind: kinds.size([256, MiB]),
    default: DEFAULT_LIMITS.targetBytes,
    summary: "Longest request target: path and query (414).",
    reason:
      "RFC 9112 §3 asks for 8000 octets at least. Over FastCGI it is the front end that holds clients " +
      "to a limit.",
  }),
  setting({
    key: "limits.header_bytes",
    kind: kinds.size([KiB, 16 * MiB]),
    default: DEFAULT_LIMITS.headerBytes,
    summary: "Largest request head, request line included (431).",
    reason: "Browsers with many cookies send 16 KiB. Every connection may hold this much before an app is " +
      "asked, and over FastCGI 8 times as much for a request, 32 times for all that have begun: front ends add variables of their own.",
  }),
  setting({
    key: "limits.header_fields",
    kind: kinds.count([1, 10_000]),
    default: DEFAULT_LIMITS.headerFields,
    summary: "Most header fields in a request; over FastCGI, 50 times as many CGI variables (431).",
    reason: "Front ends add a few dozen; thousands of tiny fields cost more time than their bytes suggest.",
  }),
  setting({
    key: "limits.drain_bytes",
    kind: kinds.size([0, 64 * MiB]),
    default: DEFAULT_LIMITS.drainBytes,
    summary: "Most bytes of an unread body that are read and dropped to keep the connection.",
    reason: "Reading on is cheaper than a new connection, up to a point; past it the connection closes.",
  }),
  setting({
    key: "limits.open_exchanges",
    kind: kinds.count([1, 65_535]),
    default: DEFAULT_LIMITS.openExchanges,
    summary:
      "Most FastCGI requests open at once on one connection; with 1 it says that it does not multiplex.",
    reason: "More are answered with 503 and FCGI_OVERLOADED. Front ends that do not multiplex have one.",
  }),
  setting({
    key: "limits.connections",
    kind: kinds.count([1, 1_000_000]),
    default: DEFAULT_LIMITS.connections,
    summary: "Most connections open at once in one worker.",
    reason: "Further ones wait in the kernel's queue. `ulimit -n` less an eighth counts where it is lower.",
  }),
  setting({
    key: "limits.requests_per_connection",
    kind: kinds.count([1, 1_000_000_000]),
    default: DEFAULT_LIMITS.requestsPerConnection,
    summary: "Requests answered on one connection before it is closed.",
    reason: "Lets long-lived connections of a front end spread over workers that started later.",
  }),
  section({
    key: "timeouts",
    section: "group",
    otherwise: "the defaults below",
    summary: "How long to wait for whom.",
    reason: "None of them runs while an app computes its answer.",
  }),
  setting({
    key: "timeouts.header",
    kind: kinds.duration([1, HOUR]),
    default: DEFAULT_TIMEOUTS.header,
    summary:
      "From the first byte of a request to the end of its head (408), and until a new connection sends one.",
    reason: "Stops clients that send a head byte by byte to hold connections (slowloris).",
  }),
  setting({
    key: "timeouts.body",
    kind: kinds.duration([1, HOUR]),
    default: DEFAULT_TIMEOUTS.body,
    summary: "Longest gap between two pieces of a request body (408).",
    reason: "It starts anew with every piece, so a slow line is no problem, only a silent one.",
  }),
  setting({
    key: "timeouts.idle",
    kind: kinds.duration([1, 24 * HOUR]),
    default: DEFAULT_TIMEOUTS.idle,
    summary: "How long a kept connection may be without a request.",
    reason: "Should be longer than the same setting of a front end, or that one meets closed connections.",
  }),
  setting({
    key: "timeouts.write",
    kind: kinds.duration([1, HOUR]),
    default: DEFAULT_TIMEOUTS.write,
    summary: "Longest time in which a client takes nothing of an answer.",
    reason: "Stops clients that ask for much and read nothing.",
  }),
  setting({
    key: "timeouts.linger",
    kind: kinds.duration([0, 60 * SECOND]),
    default: DEFAULT_TIMEOUTS.linger,
    summary: "How long to go on reading after an early error answer.",
    reason: "A connection closed with unread data is reset, and the client might lose the answer. " +
      "At a reload an idle connection gets as long for a request that is on its way.",
  }),
  setting({
    key: "timeouts.drain",
    kind: kinds.duration([0, HOUR]),
    default: DEFAULT_TIMEOUTS.drain,
    summary: "How long a stop or reload waits for requests in flight.",
    reason: "Afterwards they are cut. Service managers should wait a little longer before they kill.",
  }),
  setting({
    key: "timeouts.boot",
    kind: kinds.duration([SECOND, HOUR]),
    default: DEFAULT_TIMEOUTS.boot,
    summary: "A new worker has to be ready within this, and an app loaded that its first request needs.",
    reason:
      "Otherwise the worker counts as broken, and at a reload the old ones go on serving; the request is " +
      "answered 500, and the log names the app.",
  }),
] as const;
