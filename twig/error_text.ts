/**
 * What a development error page shows of an error: its message, and those frames of its stack that are
 * the author's. The server's own say only how it came to call the app; they are shown where there are
 * no others: then the app broke a rule, and the server's frame says which check found that.
 *
 * @module
 */
import { withoutColours } from "./errors.ts";

/** How many errors are shown, each the cause of the one before. */
const DEEPEST = 5;

/** Where the modules of this server are: its folders, or the one file that it was bundled into. */
const OURS = import.meta.url.endsWith("/twig/error_text.ts")
  ? ["twig/", "router/", "fcgi/", "server/", "mod.ts"].map((path) =>
    new URL(`../${path}`, import.meta.url).href
  )
  : [import.meta.url];

const FRAME = /^ +at /;
/** A frame of the runtime. */
const RUNTIME = /(?:\(| at )(?:<anonymous>|native|(?:ext|node):[^\n]*)\)?$/;

/** An error, or what caused one. */
interface Part {
  /** Its name and message. */
  readonly head: string;
  readonly frames: readonly string[];
  /** Those frames that are not the server's. */
  readonly foreign: readonly string[];
}

/**
 * Writes an error for whoever wrote the app.
 *
 * @param error Anything thrown.
 * @returns Several lines, without a line feed at the end.
 */
export function errorText(error: unknown): string {
  try {
    return textOf(error);
  } catch {
    return "something that has no text"; // Such as Object.create(null).
  }
}

function textOf(error: unknown): string {
  const parts = [partOf(error)];
  for (let each = error; each instanceof Error && each.cause !== undefined && parts.length < DEEPEST;) {
    parts.push(partOf(each.cause, each));
    each = each.cause;
  }
  const isTold = parts.some(({ foreign }) => foreign.length > 0);
  const shown = (part: Part) => isTold ? part.foreign : part === parts[0] ? part.frames : [];
  return parts.flatMap((part) => [part.head, ...shown(part)]).filter((line) => line !== "").join("\n");
}

/** @param effect What this caused, whose message may have said it all. */
function partOf(error: unknown, effect?: Error): Part {
  const lead = effect === undefined ? "" : "caused by ";
  if (!(error instanceof Error)) return { head: lead + String(error), frames: [], foreign: [] };
  const message = withoutColours(String(error.message));
  const stack = withoutColours(String(error.stack ?? error));
  // Lines of the message may look like frames.
  const end = stack.includes(message) ? stack.indexOf(message) + message.length : 0;
  const frames = stack.slice(end).split("\n").filter((line) => FRAME.test(line));
  const isRepeated = message !== "" && withoutColours(String(effect?.message)).endsWith(message);
  const head = end > 0 ? stack.slice(0, end) : String(error);
  return { head: isRepeated ? "" : lead + head, frames, foreign: withoutOurs(frames) };
}

/** What the runtime did on its way from the server to the app is as little news. */
function withoutOurs(frames: readonly string[]): string[] {
  const foreign = frames.filter((frame) => !OURS.some((place) => frame.includes(place)));
  return foreign.slice(0, foreign.findLastIndex((frame) => !RUNTIME.test(frame)) + 1);
}
