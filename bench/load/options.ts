/**
 * What the command line of the load bench may say.
 *
 * @module
 */

/** How to run. */
export interface Options {
  /** Names of scenarios; all if empty. */
  readonly only: readonly string[];
  /** Names of contenders besides ours and the baseline; all if empty. */
  readonly rivals: readonly string[];
  /** Rounds. */
  readonly rounds: number;
  /** Seconds that each contender has in a round. */
  readonly seconds: number;
  /** Seconds of one turn. */
  readonly turn: number;
  /** Whether the result is stored. */
  readonly save: boolean;
  /** Folder to store it in, if not `bench/results`. */
  readonly to: string | undefined;
  /** Whether the baseline runs twice, to show what chance alone does. */
  readonly control: boolean;
  /** Cores of the servers, as `taskset -c` takes them. */
  readonly serverCores: string;
  /** Cores of the load. */
  readonly loadCores: string;
  /** Commit to compare with; `last` is the newest stored result. */
  readonly compare: string | undefined;
}

/** What `--help` prints. */
export const USAGE = `Usage: deno task bench load [FLAGS]

      --only NAMES      Scenarios, separated by commas; hello means hello-64 and hello-512. [default: all]
      --rivals NAMES    Who competes besides Archangel and Deno.serve, or none. [default: all]
      --rounds N        Rounds. [default: 5]
      --seconds N       Seconds for each contender in each round. [default: 2]
      --quick           The same as --rounds 3 --seconds 1 --rivals hono --no-save
      --turn N          Seconds of one turn; shorter ones than the default are mostly switching. [default: 0.1]
      --no-save         Do not store the result.
      --to FOLDER       Store the result there. [default: bench/results]
      --control         Run the baseline a second time, to show what chance alone does.
      --compare [REF]   Run another commit beside this one; "last" compares with the newest stored result.
                        [default: last]
      --cores S:L       Cores of the servers and of the load. [default: 0:1]
  -h, --help            Show this help.
`;

/**
 * Reads the command line.
 *
 * @param args The arguments.
 * @returns What they say; `undefined` if help is wanted.
 * @throws {Error} If a flag is not known or has no right value.
 */
export function parseOptions(args: readonly string[]): Options | undefined {
  const options = {
    only: [] as string[],
    rivals: [] as string[],
    rounds: 5,
    seconds: 2,
    turn: 0.1,
    save: true,
    to: undefined as string | undefined,
    control: false,
    serverCores: "0",
    loadCores: "1",
    compare: undefined as string | undefined,
  };
  const rest = args.flatMap((arg) => arg.startsWith("--") && arg.includes("=") ? splitOnce(arg, "=") : [arg]);
  const value = (flag: string) => {
    const next = rest.shift();
    if (next === undefined) throw new Error(`${flag} needs a value`);
    return next;
  };
  const valueOr = (otherwise: string) => /^[^-]/.test(rest[0] ?? "") ? rest.shift()! : otherwise;
  for (let flag = rest.shift(); flag !== undefined; flag = rest.shift()) {
    if (flag === "-h" || flag === "--help") return undefined;
    else if (flag === "--only") options.only = value(flag).split(",");
    else if (flag === "--rivals") options.rivals = value(flag).split(",");
    else if (flag === "--rounds") options.rounds = whole(flag, value(flag));
    else if (flag === "--seconds") options.seconds = positive(flag, value(flag));
    else if (flag === "--turn") options.turn = positive(flag, value(flag));
    else if (flag === "--quick") {
      Object.assign(options, { rounds: 3, seconds: 1, rivals: ["hono"], save: false });
    } else if (flag === "--no-save") options.save = false;
    else if (flag === "--to") Object.assign(options, { to: value(flag), save: true });
    else if (flag === "--control") options.control = true;
    else if (flag === "--compare") options.compare = valueOr("last");
    else if (flag === "--cores") [options.serverCores, options.loadCores] = cores(value(flag));
    else throw new Error(`Unknown flag ${flag}`);
  }
  return options;
}

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}

function positive(flag: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new Error(`${flag} needs a number above 0, not ${text}`);
  return number;
}

function whole(flag: string, text: string): number {
  const number = positive(flag, text);
  if (!Number.isInteger(number)) throw new Error(`${flag} needs a whole number, not ${text}`);
  return number;
}

function cores(text: string): [string, string] {
  const [server, load, more] = text.split(":");
  if (!server || !load || more !== undefined) throw new Error(`--cores needs SERVER:LOAD, not ${text}`);
  return [server, load];
}
