/**
 * The types that a setting can have: how its text is read, which texts are refused and why, and how
 * a value is written in help and documentation. A kind knows neither the name of the setting nor
 * where the text came from; file and flags are read by the same kinds.
 *
 * @module
 */
import { Router } from "../router/mod.ts";
import { formatAddress } from "./address.ts";
import { type ListenUrl, parseListenUrl } from "./listen_address.ts";
import { didYouMean } from "./nearest.ts";
import { formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

/** What a relative path or a file's existence depends on. */
export interface Surroundings {
  /** Absolute folder that relative paths start from. */
  readonly folder: string;
  /**
   * Looks at a path.
   *
   * @param path Absolute path.
   * @returns What is there; `denied` if Deno, `locked` if the system does not let this process look.
   */
  look(path: string): "file" | "folder" | "pipe" | "nothing" | "denied" | "locked";
  /**
   * Tries whether a file takes further lines. It is not changed.
   *
   * @param path Absolute path of a file that is there.
   * @returns Why not; `undefined` if it does, or if Deno does not let this process try.
   */
  whyReadOnly(path: string): string | undefined;
  /**
   * Looks an environment variable up.
   *
   * @param name Its name.
   * @returns Its value, or `undefined` if it is not set.
   * @throws {Refusal} If this process may not read it.
   */
  env(name: string): string | undefined;
}

/** Thrown by a kind. Its message completes a sentence that begins with the setting's name. */
export class Refusal extends Error {
  /** Always `"Refusal"`. */
  override readonly name = "Refusal";
}

/** The type of a setting. */
export interface Kind<T> {
  /** What the documentation calls it: `"size"`. */
  readonly name: string;
  /** What is accepted, to follow "must be": `"a size such as 64KiB, from 1KiB to 1GiB"`. */
  readonly expects: string;
  /**
   * Reads a value.
   *
   * @param text The text, environment variables put in.
   * @param around What it may depend on.
   * @returns The value.
   * @throws {Refusal} If it is none.
   */
  parse(text: string, around: Surroundings): T;
  /**
   * Writes a value as the config would.
   *
   * @param value The value.
   * @returns Its text.
   */
  format(value: T): string;
}

/**
 * A number with a unit or without, within bounds.
 *
 * @param name What the documentation calls it.
 * @param example A valid text.
 * @param read Reads the text; `undefined` refuses it.
 * @param format Writes the value.
 * @param range Smallest and largest value.
 */
function bounded(
  name: string,
  example: string,
  read: (text: string) => number | undefined,
  format: (value: number) => string,
  [min, max]: Range,
): Kind<number> {
  const expects = `${example}, from ${format(min)} to ${format(max)}`;
  return {
    name,
    expects,
    format,
    parse(text) {
      const value = read(text);
      if (value === undefined) throw mustBe(expects, text);
      if (value < min || value > max) throw mustBe(`from ${format(min)} to ${format(max)}`, text);
      return value;
    },
  };
}

/** Smallest and largest value, both allowed. */
export type Range = readonly [min: number, max: number];

/**
 * A size in bytes.
 *
 * @param range Bounds in bytes.
 */
export function size(range: Range): Kind<number> {
  return bounded("size", "a size such as 64KiB", parseSize, formatSize, range);
}

/**
 * A time span in milliseconds.
 *
 * @param range Bounds in milliseconds.
 */
export function duration(range: Range): Kind<number> {
  return bounded("duration", "a duration such as 10s or 1m30s", parseDuration, formatDuration, range);
}

/**
 * A whole number.
 *
 * @param range Bounds.
 */
export function count(range: Range): Kind<number> {
  return bounded("number", "a whole number", parseCount, String, range);
}

function parseCount(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** `true` or `false`. */
export const truth: Kind<boolean> = {
  name: "true or false",
  expects: "true or false",
  format: String,
  parse(text) {
    if (text !== "true" && text !== "false") throw mustBe("true or false", text);
    return text === "true";
  },
};

/**
 * One of a few words.
 *
 * @param words The words.
 */
export function choice<const W extends string>(...words: W[]): Kind<W> {
  const expects = `one of ${words.join(", ")}`;
  return {
    name: words.join(" | "),
    expects,
    format: String,
    parse(text) {
      const found = words.find((word) => word === text);
      if (found === undefined) throw mustBe(expects, text, didYouMean(text, words));
      return found;
    },
  };
}

/**
 * A number of processes, or `auto`.
 *
 * @param range Bounds of the number.
 */
export function processes(range: Range): Kind<number | "auto"> {
  const number = count(range);
  const expects = `auto or ${number.expects}`;
  return {
    name: "auto | number",
    expects,
    format: String,
    parse(text, around) {
      if (text === "auto") return "auto";
      if (parseCount(text) === undefined) throw mustBe(expects, text, didYouMean(text, ["auto"]));
      return number.parse(text, around);
    },
  };
}

/** The URL of a listener. */
export const listenUrl: Kind<ListenUrl> = {
  name: "listener",
  expects: "a listener such as http://0.0.0.0:8000 or fcgi+unix:/run/archangel.sock",
  format: formatAddress,
  parse(text, around) {
    try {
      return parseListenUrl(text, around.folder);
    } catch (error) {
      throw refusalOf(error);
    }
  },
};

/** The mode of a file, in octal. */
export const fileMode: Kind<number> = {
  name: "file mode",
  expects: "a file mode in octal such as 0660",
  format: (mode) => mode.toString(8).padStart(4, "0"),
  parse(text) {
    if (!/^(0o?)?[0-7]{3}$/.test(text)) throw mustBe(fileMode.expects, text);
    return parseInt(text.slice(-3), 8);
  },
};

/** The name of an operating system's group, or its number. */
export const groupName: Kind<string> = {
  name: "group",
  expects: "the name or number of a group",
  format: String,
  parse(text) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text)) throw mustBe(groupName.expects, text);
    return text;
  },
};

/** The name of an app of this config. */
export const appName: Kind<string> = {
  name: "app name",
  expects: "the name of an app",
  format: String,
  parse(text) {
    if (!APP_NAME.test(text)) throw mustBe(appName.expects, text);
    return text;
  },
};

/** What an app may be called: it appears in logs, messages and metrics. */
export const APP_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

/** A host name, or `*.` and a host name. */
export const hostPattern: Kind<string> = {
  name: "host",
  expects: "a host name, or *. and a host name",
  format: String,
  parse(text) {
    checkMount({ host: text, path: "/" });
    return text.toLowerCase().replace(/\.$/, "");
  },
};

/** A path prefix, without slash at its end. */
export const pathPrefix: Kind<string> = {
  name: "path",
  expects: "a path such as / or /blog",
  format: String,
  parse(text) {
    // `/blog/` means what `/blog` means, and people write both.
    const path = /[^/]\/$/.test(text) ? text.slice(0, -1) : text;
    checkMount({ host: undefined, path });
    const before = /^(.*)\/\*{1,2}$/.exec(path)?.[1];
    if (before !== undefined) {
      throw new Refusal(
        `cannot be ${JSON.stringify(text)}: a path is a prefix already; write ${before || "/"}`,
      );
    }
    return path;
  },
};

/** The router is asked, so that what it would refuse at start is refused here. */
function checkMount(place: { host: string | undefined; path: string }): void {
  try {
    new Router([{ ...place, app: "" }]);
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Cannot mount (on host|at) /, "") : error;
    throw new Refusal(`cannot be ${reason}`);
  }
}

/** The value of a header field, or nothing. */
export const fieldText: Kind<string> = {
  name: "text",
  expects: "up to 100 printable ASCII characters",
  format: (value) => value === "" ? '""' : value,
  parse(text) {
    if (!/^(?:[!-~](?:[ -~]{0,98}[!-~])?)?$/.test(text)) throw mustBe(fieldText.expects, text);
    return text;
  },
};

/**
 * The usual refusal.
 *
 * @param expects What is accepted, to follow "must be".
 * @param text What was written.
 * @param suggestion What to put behind it, as `didYouMean` returns.
 * @returns The refusal.
 */
export function mustBe(expects: string, text: string, suggestion = ""): Refusal {
  const got = text === "" ? "nothing" : JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
  return new Refusal(`must be ${expects}, got ${got}${suggestion}`);
}

function refusalOf(error: unknown): Refusal {
  return new Refusal(error instanceof Error ? error.message : String(error));
}
