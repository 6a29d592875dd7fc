/**
 * The access log: one line an exchange, written when it is over, many lines in one write.
 *
 * What a client sends is escaped before it is logged, or it could forge lines.
 *
 * @module
 */
import type { Exchange } from "../twig/exchange.ts";
import type { ErrorLog } from "./error_log.ts";
import { LineQueue } from "./line_queue.ts";
import { describeError } from "./say.ts";
import type { LogSettings } from "./settings.ts";
import { standardLines } from "./standard_lines.ts";

/** One finished exchange, as plain values. */
export interface AccessRecord {
  /** Milliseconds since the epoch when it began. */
  readonly time: number;
  /** Milliseconds that it took. */
  readonly duration: number;
  /** The client's address. */
  readonly remote: string;
  /** The user a front end authenticated, or empty. */
  readonly user: string;
  /** The method. */
  readonly method: string;
  /** `host[:port]` that was asked for. */
  readonly host: string;
  /** The target as sent. */
  readonly target: string;
  /** The protocol. */
  readonly protocol: string;
  /** The status; 0 if no head was sent. */
  readonly status: number;
  /** Bytes of body that were sent. */
  readonly bytes: number;
  /** Whether the answer is complete. */
  readonly complete: boolean;
  /** The `referer` field, or empty. */
  readonly referer: string;
  /** The `user-agent` field, or empty. */
  readonly agent: string;
}

function accessRecord(exchange: Exchange, now: number): AccessRecord {
  const { wireHead, remote } = exchange;
  const duration = Math.round(now - exchange.startedAt);
  return {
    // The clock that it was measured with does not know the time of day.
    time: Date.now() - duration,
    duration,
    remote: remote.address,
    user: remote.user,
    method: wireHead.method,
    host: wireHead.authority,
    target: wireHead.target,
    protocol: wireHead.protocol,
    status: exchange.output.sentStatus,
    bytes: exchange.output.sentBytes,
    complete: exchange.output.completed,
    referer: wireHead.headers.get("referer") ?? "",
    agent: wireHead.headers.get("user-agent") ?? "",
  };
}

/** Quote, backslash and everything that is not printable ASCII, as `\xHH`. */
function escape(text: string): string {
  return text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, (char) => {
    if (char === '"' || char === "\\") return "\\" + char;
    return "\\x" + (char.charCodeAt(0) & 0xff).toString(16).padStart(2, "0");
  });
}

/** `[22/Nov/2026:19:31:00 +0000]`, the time of the combined format. */
function commonTime(time: number): string {
  // Sun, 22 Nov 2026 19:31:00 GMT
  const [, day, month, year, clock] = new Date(time).toUTCString().split(" ");
  return `[${day}/${month}/${year}:${clock} +0000]`;
}

/**
 * The combined format of the Apache and NCSA servers.
 *
 * @param record The exchange.
 * @returns One line without its end.
 */
export function combinedLine(record: AccessRecord): string {
  return `${escape(record.remote) || "-"} - ${escape(record.user) || "-"} ${commonTime(record.time)} ` +
    `"${escape(record.method)} ${escape(record.target)} ${escape(record.protocol)}" ` +
    `${record.status || 499} ${record.bytes || "-"} "${escape(record.referer) || "-"}" "${
      escape(record.agent) || "-"
    }"`;
}

/** Control characters that JSON takes as they are; some terminals obey U+009B as others do `ESC [`. */
const RAW_CONTROL = /[\x7f-\x9f]/g;

/** One JSON object a line; `duration` in milliseconds, `time` in ISO 8601. */
function jsonLine(record: AccessRecord): string {
  return JSON.stringify({
    ...record,
    time: new Date(record.time).toISOString(),
    status: record.status || 499,
  }).replace(RAW_CONTROL, (char) => "\\u00" + char.charCodeAt(0).toString(16));
}

/** What stands in the place of lines that were lost; who reads objects finds one. */
function jsonMissing(count: number): string {
  return JSON.stringify({ time: new Date().toISOString(), missing: count });
}

/** Logs exchanges when they are over, without making a request wait. */
export class AccessLog {
  readonly #lines: LineQueue;
  readonly #format: (record: AccessRecord) => string;
  readonly #release: () => void;

  /**
   * @param lines Where lines go.
   * @param format How a line is made.
   * @param release Closes the file, if it is one.
   */
  constructor(lines: LineQueue, format: (record: AccessRecord) => string, release: () => void = () => {}) {
    this.#lines = lines;
    this.#format = format;
    this.#release = release;
  }

  /**
   * Logs an exchange.
   *
   * @param exchange One that is over.
   * @param now Milliseconds of `performance.now()`, as `exchange.startedAt` has them.
   */
  add(exchange: Exchange, now: number): void {
    this.#lines.add(this.#format(accessRecord(exchange, now)) + "\n");
  }

  /** Writes what is there, then lets go of the file. Resolves when that is done, or a second has passed. */
  async close(): Promise<void> {
    await this.#lines.flush();
    this.#release();
  }
}

/**
 * Opens the access log that the settings ask for. When its file takes no lines later, because a disk is full,
 * the error log is told why: once, and again if it has taken lines in between.
 *
 * @param settings Where and how.
 * @param errors The error log.
 * @returns The log, or `undefined` if it is off.
 * @throws {Error} If the file cannot be opened.
 */
export async function openAccessLog(
  settings: LogSettings,
  errors: ErrorLog,
): Promise<AccessLog | undefined> {
  if (settings.access === "off") return undefined;
  const { lines, terminal, release } = await openTarget(settings.access, errors);
  const combined = settings.format === "combined" || (settings.format === "auto" && terminal);
  if (!combined) lines.missing = jsonMissing;
  return new AccessLog(lines, combined ? combinedLine : jsonLine, release);
}

interface OpenTarget {
  readonly lines: LineQueue;
  readonly terminal: boolean;
  readonly release?: () => void;
}

async function openTarget(where: string, errors: ErrorLog): Promise<OpenTarget> {
  if (where === "stdout" || where === "stderr") {
    return { lines: standardLines(where), terminal: Deno[where].isTerminal() };
  }
  try {
    return openedFile(await Deno.open(where, { append: true, create: true }), where, errors);
  } catch (error) {
    throw new Error(`Cannot open the access log ${where}: ${(error as Error).message}`);
  }
}

function openedFile(file: Deno.FsFile, where: string, errors: ErrorLog): OpenTarget {
  let released = false;
  const failed = (error: unknown) => {
    // What connections that were cut have to log may come when the file is closed, which is no trouble of it.
    if (!released) errors.trouble(`Cannot write the access log ${where}: ${describeError(error)}`);
  };
  const release = () => {
    released = true;
    file.close();
  };
  return { lines: new LineQueue(file, true, failed), terminal: false, release };
}
