/**
 * Notices changed files, for reloads in development, and tells of them once nothing has changed for a
 * moment: saving one file makes several events, and saving all of them many. `watched_files.ts` says
 * which files matter; what is done about a change is no concern of this one.
 *
 * Loaded only in development. Timers run only between a change and its telling.
 *
 * @module
 */
import { isGranted, ownPermissions } from "./permissions.ts";
import { describeError } from "./say.ts";
import type { Settings } from "./settings.ts";
import { WatchedFiles } from "./watched_files.ts";

/** How long nothing must have changed before a change is told, in milliseconds. */
export const QUIET_TIME = 150;

/** Hears what a {@linkcode Watch} notices. */
export interface WatchListener {
  /** Files have changed; this is the first of them. */
  changed(file: string): void;
  /** Something cannot be watched. */
  say(text: string): void;
}

/** Watches the files of some settings until it is closed. */
export class Watch {
  readonly #listener: WatchListener;
  readonly #said = new Set<string>();
  #watchers: Deno.FsWatcher[] = [];
  #first: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param listener Hears of changes and of trouble. */
  constructor(listener: WatchListener) {
    this.#listener = listener;
  }

  /**
   * Watches the files of these settings from now on, and no others. The folders are looked up anew each
   * time, as one may have been removed and made again.
   *
   * @param settings The settings; nothing is watched unless they say `development`.
   */
  follow(settings: Settings): void {
    const before = this.#watchers;
    this.#watchers = [];
    if (settings.development && !this.#closed) this.#open(new WatchedFiles(settings));
    for (const watcher of before) watcher.close();
  }

  /** Stops for good; nothing is told any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #open(files: WatchedFiles): void {
    for (const { path, recursive } of files.folders) {
      try {
        // Asked first, because Deno would ask the person at the terminal.
        if (!isGranted({ name: "read", value: path }, ownPermissions)) throw new Error("it may not be read");
        const watcher = Deno.watchFs(path, { recursive });
        this.#watchers.push(watcher);
        this.#hear(watcher, files, path);
      } catch (error) {
        this.#fail(path, error);
      }
    }
  }

  async #hear(watcher: Deno.FsWatcher, files: WatchedFiles, folder: string): Promise<void> {
    try {
      for await (const { kind, paths } of watcher) {
        const file = kind === "access" ? undefined : paths.find((path) => files.has(path));
        if (file !== undefined) this.#note(file);
      }
    } catch (error) {
      this.#fail(folder, error);
    }
  }

  #note(file: string): void {
    if (this.#closed) return;
    this.#first ??= file;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), QUIET_TIME);
  }

  #tell(): void {
    const file = this.#first!;
    this.#first = undefined;
    this.#listener.changed(file);
  }

  #fail(folder: string, error: unknown): void {
    const text = `Cannot watch ${folder} for changes: ${describeError(error)}`;
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#listener.say(text);
  }
}
