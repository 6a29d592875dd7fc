/**
 * `${NAME}` and `${NAME:-default}` in the values of a config. Owns the notation; where variables
 * come from is the caller's business.
 *
 * A variable that is not set is an error, because an empty password or path is worse than a server
 * that does not start.
 *
 * @module
 */

/** Something wrong with one `${…}`. */
export interface SubstitutionProblem {
  /** What is wrong, without position. */
  readonly message: string;
  /** The part of the text that it is about. */
  readonly part: string;
}

/** What {@linkcode substitute} made of a text. */
export interface Substituted {
  /** The text with every variable put in; of no use if there are problems. */
  readonly text: string;
  /** What was wrong; empty if nothing. */
  readonly problems: readonly SubstitutionProblem[];
}

/** An escaped `$${`, a whole `${NAME…}`, or a `${` that begins nothing. */
const REFERENCE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/**
 * Puts environment variables into a text.
 *
 * @param text The text. `$${` stands for `${` itself.
 * @param env Looks a variable up.
 * @returns The new text. A default also takes the place of a variable that is set but empty, as in a shell.
 *
 * @example Usage
 * ```ts
 * import { substitute } from "./env_substitution.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const env = (name: string) => name === "PORT" ? "8080" : undefined;
 * assertEquals(substitute("http://${HOST:-127.0.0.1}:${PORT}", env).text, "http://127.0.0.1:8080");
 * assertEquals(substitute("$${PORT}", env).text, "${PORT}");
 * ```
 */
export function substitute(text: string, env: (name: string) => string | undefined): Substituted {
  const problems: SubstitutionProblem[] = [];
  const result = text.replace(REFERENCE, (part: string, name?: string, fallback?: string) => {
    if (part === "$${") return "${";
    if (name === undefined) {
      const message =
        'malformed "${": write ${NAME} or ${NAME:-default}, or $${ for the characters themselves';
      problems.push({ part, message });
      return part;
    }
    const value = env(name);
    if (fallback !== undefined) return value || fallback;
    if (value === undefined) {
      const message = `environment variable ${name} is not set; set it, or write \${${name}:-default}`;
      problems.push({ part, message });
    }
    return value ?? part;
  });
  return { text: result, problems };
}
