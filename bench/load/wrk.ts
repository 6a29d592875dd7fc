/**
 * wrk, the load generator: how it is called, and what it says.
 *
 * @module
 */

/** One load, whoever is to bear it. */
export interface Load {
  /** Connections kept open. */
  readonly connections: number;
  /** Path and query. A contender may have another. */
  readonly path: string;
  /** Lua script in `bench/load/wrk`, for what is more than a plain GET. */
  readonly script?: string;
}

/** What wrk measured. Latencies in milliseconds. */
export interface WrkReport {
  /** Answers received. */
  readonly requests: number;
  /** Seconds that wrk ran. */
  readonly seconds: number;
  /** Median latency. */
  readonly p50: number;
  /** 99th percentile of the latency. */
  readonly p99: number;
  /** Largest latency. */
  readonly max: number;
  /** Answers that are not 2xx or 3xx, and connections that failed. */
  readonly errors: number;
}

/** No answer at all for so long counts as an error; far above any pause that the bench itself makes. */
const TIMEOUT = "60s";

/**
 * The command for a load.
 *
 * @param load What to send.
 * @param url Scheme, host and port of the server, and the path.
 * @param seconds How long.
 * @param latency Whether percentiles are wanted.
 * @returns Program and arguments.
 */
export function wrkCommand(load: Load, url: string, seconds: number, latency = true): string[] {
  const script = load.script === undefined
    ? []
    : ["-s", new URL(`./wrk/${load.script}`, import.meta.url).pathname];
  return [
    "wrk",
    ...["-t", "1", "-c", String(load.connections), "-d", `${seconds}s`, "--timeout", TIMEOUT],
    ...(latency ? ["--latency"] : []),
    ...script,
    url,
  ];
}

const UNITS: Record<string, number> = { us: 1e-3, ms: 1, s: 1e3, m: 60e3, h: 3600e3 };

/** A time as wrk writes it, `1.25ms`, in milliseconds. */
export function parseTime(text: string): number {
  const [, number, unit] = /^([\d.]+)(us|ms|s|m|h)$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`Cannot parse time of wrk: ${JSON.stringify(text)}`);
  return Number(number) * UNITS[unit!]!;
}

/**
 * Parses what wrk prints.
 *
 * @param text Its output.
 * @returns The figures.
 * @throws {Error} If it is not a report of wrk; with the text.
 */
export function parseWrk(text: string): WrkReport {
  const total = /^\s*(\d+) requests in ([\d.]+(?:us|ms|s|m|h)),/m.exec(text);
  if (total === null) throw new Error(`Cannot parse report of wrk:\n${text}`);
  const percentile = (name: string) =>
    parseTime(new RegExp(`^\\s+${name}%\\s+(\\S+)`, "m").exec(text)?.[1] ?? "0us");
  const socket = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const status = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  return {
    requests: Number(total[1]),
    seconds: parseTime(total[2]!) / 1000,
    p50: percentile("50"),
    p99: percentile("99"),
    max: parseTime(/^\s+Latency\s+\S+\s+\S+\s+(\S+)/m.exec(text)?.[1] ?? "0us"),
    errors: [...(socket ?? []).slice(1), status?.[1] ?? 0].reduce<number>((sum, n) => sum + Number(n), 0),
  };
}

/**
 * What a generator printed.
 *
 * @param command What was run.
 * @param output How it ended.
 * @returns Its standard output.
 * @throws {Error} If it did not end well; with the end of what it printed to standard error.
 */
export function outputOf(command: readonly string[], output: Deno.CommandOutput): string {
  const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) => new TextDecoder().decode(bytes));
  if (output.success) return stdout!;
  const how = output.signal === null ? `exit code ${output.code}` : output.signal;
  throw new Error(`Its load (${command.join(" ")}) ended with ${how}:\n${lastLines(stderr! || stdout!)}`);
}

/** The end of what a program printed: enough to see what went wrong. */
export function lastLines(text: string, count = 15): string {
  const lines = text.trimEnd().split("\n");
  return (lines.length > count ? ["…"] : []).concat(lines.slice(-count)).join("\n");
}
