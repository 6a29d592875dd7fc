/**
 * Which files matter to a reload: the config, and what lies in the folders of the apps' modules or
 * below. What modules import from elsewhere is not known here. Files of static apps are read anew
 * for every request, so their folders are left out.
 *
 * What this process itself writes is left out, too: a reload prints lines, and if those were a change, it
 * would reload for ever. Which file is behind stdout or stderr nobody says, so files are compared with it.
 *
 * @module
 */
import type { Stats } from "node:fs";
import { filePath, folderOf } from "./paths.ts";
import { isGranted, ownPermissions } from "./permissions.ts";
import type { Settings } from "./settings.ts";

/** Hidden files, packages, the lock file that Deno writes while workers boot, and backups of editors. */
const OVERLOOKED = /^\.|^node_modules$|^deno\.lock$|~$/;

/** Descriptors of stdout and stderr. */
const STANDARD_STREAMS = [1, 2];

/** A folder to watch. */
export interface WatchedFolder {
  /** Absolute path, without symbolic links: some systems tell of changes so. */
  readonly path: string;
  /** Whether all below it is watched too. */
  readonly recursive: boolean;
}

/** Which files matter to some settings. Reads symbolic links and the numbers of files, but no file. */
export class WatchedFiles {
  readonly #config: string | undefined;
  readonly #log: string | undefined;
  readonly #code: readonly string[];
  readonly #static: readonly string[];
  readonly #outputs: readonly number[];

  /**
   * @param settings The settings.
   * @param outputs Open descriptors of what this process writes to. Default: stdout and stderr.
   */
  constructor({ source, log, apps }: Settings, outputs: readonly number[] = STANDARD_STREAMS) {
    this.#outputs = outputs;
    const all = Object.values(apps);
    const modules = all.filter(({ kind, location }) => kind !== "static" && location.startsWith("file:"));
    this.#config = source === undefined ? undefined : realFile(source);
    this.#log = /[\\/]/.test(log.access) ? realFile(log.access) : undefined;
    this.#code = modules.map(({ location }) => realFolder(folderOf(filePath(location))));
    this.#static = all.filter(({ kind }) => kind === "static").map(({ location }) => realFolder(location));
  }

  /** The folders to watch, none of them below another that is watched with all below it. */
  get folders(): WatchedFolder[] {
    // A whole disk is too much: of an app that lies in its root, only the files beside it.
    const code = this.#code.map((path) => ({ path, recursive: folderOf(path) !== path }));
    const config = this.#config === undefined ? [] : [{ path: folderOf(this.#config), recursive: false }];
    return [...code, ...config].filter(({ path }, at, all) =>
      !all.some((other, index) =>
        (other.recursive && other.path !== path && isIn(other.path, path)) ||
        (other.path === path && index < at)
      )
    );
  }

  /**
   * Whether a file matters. Where folders of modules and of static files lie in each other, the
   * innermost counts.
   *
   * @param path Absolute path of what changed.
   */
  has(path: string): boolean {
    if (path === this.#config) return true;
    const code = innermost(this.#code, path);
    if (code === undefined || path === this.#log) return false;
    const within = innermost(this.#static, path);
    if (within !== undefined && within.length > code.length) return false;
    if (path.slice(code.length).split(/[\\/]/).some((name) => OVERLOOKED.test(name))) return false;
    return !isOneOf(this.#outputs, path);
  }
}

/** Whether a file, by whatever name, is the one behind one of these descriptors. */
function isOneOf(descriptors: readonly number[], path: string): boolean {
  const { fstatSync, lstatSync } = nodeFiles();
  const file = identity(() => lstatSync(path));
  return file !== undefined &&
    descriptors.some((descriptor) => identity(() => fstatSync(descriptor)) === file);
}

/** Device and inode; `undefined` if there is no such file or the system numbers files otherwise. */
function identity(stat: () => Stats): string | undefined {
  try {
    const { dev, ino } = stat();
    // The numbers of Windows are longer than a number is exact, so that two files may seem to be one.
    return ino > 0 && Number.isSafeInteger(ino) ? `${dev}:${ino}` : undefined;
  } catch {
    return undefined; // It was removed, which is a change like any other.
  }
}

/**
 * Deno itself has no `fstat` for its streams, and lets nobody look at `/dev/fd` without all permissions.
 * Node's needs none. It takes some 40 ms to load, which the first change can wait for, but no start: neither
 * one in development nor, in a bundle that has everything in one file, any other.
 */
function nodeFiles(): typeof import("node:fs") {
  const { process } = globalThis as unknown as { process: typeof import("node:process") };
  return process.getBuiltinModule("node:fs");
}

function innermost(folders: readonly string[], path: string): string | undefined {
  return folders.filter((folder) => isIn(folder, path)).sort((one, other) => other.length - one.length)[0];
}

/** Whether a path is a folder or below it. */
function isIn(folder: string, path: string): boolean {
  const base = folder.replace(/[\\/]$/, "");
  return path.startsWith(base) && /^([\\/]|$)/.test(path.slice(base.length));
}

/** A file by the real path of its folder: a file itself may be replaced by a link at any time. */
function realFile(path: string): string {
  const folder = folderOf(path);
  return realFolder(folder) + path.slice(folder.length);
}

function realFolder(path: string): string {
  try {
    return isGranted({ name: "read", value: path }, ownPermissions) ? Deno.realPathSync(path) : path;
  } catch {
    return path; // It is missing, and whoever watches it will say so.
  }
}
