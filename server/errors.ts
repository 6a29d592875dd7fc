/**
 * Errors of start-up. They are for whoever runs the server, never for a client, and no app sees
 * them: what goes wrong while serving is in `twig/errors.ts`.
 *
 * @module
 */
import { withoutColours } from "../twig/errors.ts";

/** One thing that is wrong with the config. */
export interface ConfigProblem {
  /** Where in the settings: `"limits.body"`, `"apps.blog.twig"`; `""` is the whole document. */
  readonly key: string;
  /** Line in the file, counted from 1; 0 if the settings did not come from a file. */
  readonly line: number;
  /** Column in the line, counted from 1 in UTF-16 code units; 0 without a file. */
  readonly column: number;
  /** What is wrong, without position: `unknown key "worker"; did you mean "workers"?`. */
  readonly message: string;
  /** All of it for people: `FILE:LINE:COLUMN: message`, then the source line and carets under it. */
  readonly report: string;
}

/**
 * Thrown when the settings cannot be used. Holds every problem that was found, not the first one;
 * its message is all the reports, one below the other.
 *
 * @example Usage
 * ```ts
 * import { ConfigError } from "./errors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new ConfigError([
 *   { key: "workers", line: 1, column: 10, message: "too many", report: "a.yaml:1:10: too many" },
 * ]);
 * assertEquals(error.message, "a.yaml:1:10: too many");
 * ```
 */
export class ConfigError extends Error {
  /** Always `"ConfigError"`. */
  override readonly name = "ConfigError";
  /** What is wrong, in the order of the file; at least one. */
  readonly problems: readonly ConfigProblem[];

  /**
   * Collects what is wrong.
   *
   * @param problems What is wrong, in the order in which to show it; at least one.
   */
  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map((problem) => problem.report).join("\n"));
    this.problems = problems;
  }
}

/** Thrown when an app's module cannot be loaded: says which app, which module, and why. */
export class AppLoadError extends Error {
  /** Always `"AppLoadError"`. */
  override readonly name = "AppLoadError";
  /** The app's name in the config. */
  readonly app: string;
  /** The module's URL, or the folder of a static app. */
  readonly location: string;

  /**
   * Says which app, from where, and why not.
   *
   * @param app The app's name in the config.
   * @param location The module's URL, or the folder of a static app.
   * @param cause What went wrong.
   */
  constructor(app: string, location: string, cause: unknown) {
    const why = withoutColours(cause instanceof Error ? cause.message : String(cause));
    super(`Cannot load app ${JSON.stringify(app)} from ${location}: ${why}`, { cause });
    this.app = app;
    this.location = location;
  }
}

/** Thrown when an address cannot be bound: says which and why. */
export class ListenError extends Error {
  /** Always `"ListenError"`. */
  override readonly name = "ListenError";
  /** The address as the config writes it. */
  readonly address: string;

  /**
   * Says which address, and why not.
   *
   * @param address The address as the config writes it.
   * @param why What is the matter, to follow a colon.
   */
  constructor(address: string, why: string) {
    super(`Cannot listen on ${address}: ${why}`);
    this.address = address;
  }
}

/**
 * Why the system did not let an address be bound, for a {@linkcode ListenError}.
 *
 * @param error What `Deno.listen` threw.
 * @param address The address as the config writes it.
 * @returns What is the matter, to follow a colon.
 */
export function whyNotBound(error: unknown, address: string): string {
  const { AddrInUse, AddrNotAvailable, PermissionDenied } = Deno.errors;
  if (error instanceof AddrInUse) {
    const other = address.replace(/\d+$/, (port) => String(port === "65535" ? 65_534 : Number(port) + 1));
    return `the port is taken by another program; name another with --listen ${other} or the setting listen`;
  }
  if (error instanceof AddrNotAvailable) return "this machine has no such address";
  if (error instanceof PermissionDenied) {
    return "this user may not use the port (those below 1024 need root or CAP_NET_BIND_SERVICE)";
  }
  return error instanceof Error ? error.message : String(error);
}
