/**
 * The types of settings whose values are places on the disk: modules, files, folders, log files. They
 * make relative paths absolute and look whether there is what there should be.
 *
 * @module
 */
import { didYouMean } from "./nearest.ts";
import { filePath, fileUrl, folderOf, resolvePath } from "./paths.ts";
import { type Grant, PERMISSION_NAMES } from "./permissions.ts";
import { type Kind, mustBe, Refusal, type Surroundings } from "./setting_kinds.ts";

/** A module: a path, or a URL that Deno can import. The value is a URL. */
export const moduleFile: Kind<string> = {
  name: "module",
  expects: "the path or URL of a module",
  format: String,
  parse(text, around) {
    if (REMOTE.test(text)) return checkUrl(text);
    const absolute = absolutePath(text, around);
    expectAt(absolute, "file", around, "; a folder is served by static");
    return fileUrl(absolute);
  },
};

/** A module or a folder, told apart by looking. */
export const moduleOrFolder: Kind<{ kind: "auto" | "static"; location: string }> = {
  name: "module or folder",
  expects: "the path or URL of a module, or the path of a folder",
  format: ({ location }) => location,
  parse(text, around) {
    const folder = !REMOTE.test(text) && around.look(absolutePath(text, around)) === "folder";
    return folder
      ? { kind: "static", location: absolutePath(text, around) }
      : { kind: "auto", location: moduleFile.parse(text, around) };
  },
};

const REMOTE = /^(https?|npm|jsr|data):/;

function checkUrl(text: string): string {
  if (!URL.canParse(text)) throw mustBe(moduleFile.expects, text);
  return text;
}

function absolutePath(text: string, around: Surroundings): string {
  if (text === "" || text.includes("\0")) throw mustBe("a path", text);
  if (!text.startsWith("file:")) return resolvePath(around.folder, text);
  try {
    return filePath(text);
  } catch {
    throw mustBe("a path", text);
  }
}

/** A file that exists. The value is its absolute path. */
export const existingFile: Kind<string> = existing("file");

/** A folder that exists. The value is its absolute path. */
export const existingFolder: Kind<string> = existing("folder");

function existing(what: "file" | "folder"): Kind<string> {
  return {
    name: what,
    expects: `the path of a ${what}`,
    format: String,
    parse(text, around) {
      const absolute = absolutePath(text, around);
      expectAt(absolute, what, around);
      return absolute;
    },
  };
}

function expectAt(path: string, wanted: "file" | "folder", around: Surroundings, otherwise = ""): void {
  const found = around.look(path);
  if (found === wanted) return;
  if (found === "nothing") throw new Refusal(`does not exist: ${path}`);
  if (found === "locked") throw new Refusal(`may not be read by this user: ${path}`);
  if (found === "denied") {
    throw new Refusal(`may not be read: ${path} (Deno needs --allow-read for it, and for what it links to)`);
  }
  throw new Refusal(`must be a ${wanted}, and ${path} is a ${found}${otherwise}`);
}

/** A permission of Deno, for one thing or as a whole. */
export const permission: Kind<Grant> = {
  name: "permission",
  expects: "a permission such as env=NAME, net=HOST:PORT or read=PATH",
  format: ({ name, value }) => value === undefined ? name : `${name}=${value}`,
  parse(text, around) {
    const [, written, value] = /^([a-z]+)(?:=(.+))?$/.exec(text) ?? [];
    const name = PERMISSION_NAMES.find((name) => name === written);
    if (name === undefined) {
      throw mustBe(permission.expects, text, didYouMean(written ?? "", PERMISSION_NAMES));
    }
    if (value === undefined) return { name };
    const isPath = name === "read" || name === "write" || name === "ffi";
    return { name, value: isPath ? absolutePath(value, around) : value };
  },
};

const LOG_WORDS = ["off", "stdout", "stderr"];
/** Where /dev/stdout and its kind are. What they lead to is open already, and may be a pipe. */
const OPEN_ALREADY = /^\/(dev|proc)\//;

/** Where log lines go. A file is an absolute path. */
export const logTarget: Kind<string> = {
  name: "off | stdout | stderr | file",
  expects: "off, stdout, stderr, or the path of a file such as ./access.log",
  format: String,
  parse(text, around) {
    if (LOG_WORDS.includes(text)) return text;
    // Without the slash a mistyped word would quietly become a file.
    if (!text.includes("/") || text.endsWith("/")) {
      throw mustBe(logTarget.expects, text, didYouMean(text, LOG_WORDS));
    }
    const absolute = absolutePath(text, around);
    // Writing to a file does not take the permission to look around.
    if (around.look(folderOf(absolute)) !== "denied") expectAt(folderOf(absolute), "folder", around);
    const found = around.look(absolute);
    if (found === "folder") throw new Refusal(`must be a file, and ${absolute} is a folder`);
    // To open it takes until somebody reads it, which may be for ever.
    if (found === "pipe" && !OPEN_ALREADY.test(absolute)) {
      throw new Refusal(
        `must be a file, and ${absolute} is a pipe: write stdout, and archangel serve | PROGRAM`,
      );
    }
    const why = found === "file" ? around.whyReadOnly(absolute) : undefined;
    if (why !== undefined) throw new Refusal(`cannot be written: ${absolute} (${why})`);
    return absolute;
  },
};
