/**
 * A file as an answer. The path is opened when the answer is sent, not before, and read in pieces as
 * the socket takes them.
 *
 * What is known to be short is done at once: looking a file up, opening it, and reading one of up to
 * 64 KiB. With warm caches that takes 5 µs; handed to a thread and awaited, the same takes 30 to 60. The
 * price is that a disk that has to be waited for, or a network file system that does not answer, holds
 * up the whole worker. Longer files are read by a thread, so that their contents never do.
 *
 * @module
 */
import { HttpError } from "./errors.ts";

/** A part of a file, in bytes. */
export interface FileRange {
  /** Index of the first byte. */
  readonly start: number;
  /** Index after the last byte; what is past the end of the file is left out. Default: the end of the file. */
  readonly end?: number;
}

/** What is known of a file before it is opened, and what to do if that holds no more. */
export interface KnownFile {
  /** What a look at it has shown: a plain file. Bytes that it gets later are not sent. */
  readonly info: Deno.FileInfo;
  /**
   * There is another file in its place, or less of it than is to be sent. May change the head.
   *
   * @param info The file that was opened.
   * @returns The part of it to send; `undefined` for all.
   */
  changed(info: Deno.FileInfo): FileRange | undefined;
}

/**
 * Read size in bytes. Over loopback 256 KiB pieces cost 0.77 of the time of 64 KiB pieces, and
 * larger ones gain little.
 */
const PIECE = 256 * 1024;
/** Files up to this size are read at once, in bytes. */
const SHORT = 64 * 1024;

/** Files that are open, and how many may be, in this process. */
let open = 0;
let mostOpen = Infinity;

/**
 * Bounds how many long files may be open at a time: each is held for as long as its client takes, and a process
 * without descriptors cannot go on. For whoever knows the limits of the process.
 *
 * @param most How many. Default: any number.
 */
export function limitOpenFiles(most: number = Infinity): void {
  mostOpen = most;
}

/** A file, or a part of one, to be returned by an app or iterated over. Made by `response.file`. */
export class FileBody implements AsyncIterable<Uint8Array> {
  readonly #path: string | URL;
  readonly #range: FileRange | undefined;
  readonly #known: KnownFile | undefined;
  #file: Deno.FsFile | undefined;
  #left = 0;

  /**
   * Names a file, and opens nothing yet.
   *
   * @param path The file.
   * @param range The part of it. Default: all.
   * @param known What is known of it. Default: nothing.
   * @throws {RangeError} If a bound of the range is no index.
   */
  constructor(path: string | URL, range?: FileRange, known?: KnownFile) {
    if (range !== undefined) checkRange(range, path);
    this.#path = path;
    this.#range = range;
    this.#known = known;
  }

  /** How many bytes are still to be read; known once `open` has returned. */
  get size(): number {
    return this.#left;
  }

  /**
   * Opens the file, which iteration does by itself when this has not been called. Whoever calls this
   * and does not read to the end has to `close`.
   *
   * @throws {HttpError} 503 if too many are open and this one is longer than 64 KiB.
   * @throws {Deno.errors.NotFound} If there is no such file.
   * @throws {Deno.errors.IsADirectory} If it is a folder.
   * @throws {Deno.errors.NotSupported} If it is a pipe, a socket or a device.
   */
  open(): void {
    // A pipe would keep whoever opens it waiting.
    if (this.#known === undefined) requirePlain(Deno.statSync(this.#path), this.#path);
    const file = Deno.openSync(this.#path, { read: true });
    try {
      // What was opened may be newer than what was looked at.
      const info = requirePlain(file.statSync(), this.#path);
      const { start, end } = this.#part(info);
      if (start > 0) file.seekSync(start, Deno.SeekMode.Start);
      this.#left = Math.max(0, end - start);
      // A short one is read and closed at once.
      if (this.#left > SHORT && open >= mostOpen) throw tooManyFiles();
      this.#file = file;
      open++;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** What is to be sent of a file, which may be newer than what is known. */
  #part(info: Deno.FileInfo): Required<FileRange> {
    const known = this.#known;
    let range = this.#range;
    let { size } = info;
    if (known !== undefined) {
      if (isAnother(info, known.info) || size < (range?.end ?? known.info.size)) range = known.changed(info);
      else size = Math.min(size, known.info.size);
    }
    return { start: Math.min(range?.start ?? 0, size), end: Math.min(range?.end ?? size, size) };
  }

  /** Closes the file, if it is open. */
  close(): void {
    if (this.#file === undefined) return;
    this.#file.close();
    this.#file = undefined;
    open--;
  }

  /**
   * Reads what comes next, at once if the rest is short. The file has to be open.
   *
   * @param memory Where to, at most.
   * @returns How many bytes were read; 0 at the end, also of a file that has shrunk.
   */
  read(memory: Uint8Array): number | Promise<number> {
    const file = this.#file;
    if (file === undefined || this.#left === 0) return 0;
    const into = memory.length > this.#left ? memory.subarray(0, this.#left) : memory;
    if (this.#left <= SHORT) return this.#count(file.readSync(into));
    return file.read(into).then((size) => this.#count(size));
  }

  #count(size: number | null): number {
    this.#left -= size ?? 0;
    return size ?? 0;
  }

  /**
   * Reads the file piece by piece; each piece is memory of its own.
   *
   * @throws {Deno.errors.NotFound} If there is no such file.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    if (this.#file === undefined) this.open();
    try {
      for (;;) {
        const memory = new Uint8Array(Math.min(PIECE, this.#left));
        const size = await this.read(memory);
        if (size === 0) return;
        yield size === memory.length ? memory : memory.subarray(0, size);
      }
    } finally {
      this.close();
    }
  }
}

/** An index before the start, with `slice` in mind, would send more than was meant. */
function checkRange({ start, end = Infinity }: FileRange, path: string | URL): void {
  const isIndex = (value: number) => Number.isInteger(value) && value >= 0;
  if (isIndex(start) && (end === Infinity || isIndex(end))) return;
  const to = end === Infinity ? "the end" : end;
  throw new RangeError(
    `Cannot send bytes ${start} to ${to} of ${path}: an index is a whole number, 0 or more`,
  );
}

/** Whether two looks at one path have shown two files. Systems that do not number files do not tell. */
function isAnother(now: Deno.FileInfo, before: Deno.FileInfo): boolean {
  return now.ino !== before.ino || now.dev !== before.dev;
}

function tooManyFiles(): HttpError {
  return new HttpError(503, "Too many files are being sent", { "retry-after": "1" });
}

function requirePlain(info: Deno.FileInfo, path: string | URL): Deno.FileInfo {
  if (info.isFile) return info;
  if (info.isDirectory) throw new Deno.errors.IsADirectory(`Cannot send a folder: ${path}`);
  throw new Deno.errors.NotSupported(`Cannot send what is not a plain file: ${path}`);
}
