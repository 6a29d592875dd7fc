/**
 * Unix sockets: how a path becomes ours, and how it is given back.
 *
 * A socket is bound under a name of its own, given its mode and group, and then renamed into place.
 * So nobody gets in before the mode says who may; a path is taken over without a moment in which it is
 * not there; and closing the old socket, which unlinks the name that it was bound to, cannot remove the
 * new one. Whoever only may take over when others are ready, too, waits under that name until then.
 *
 * What is at the path already is left alone if it is no socket, or if somebody answers on it. What
 * nobody answers on was left behind by a process that was killed, and is replaced.
 *
 * @module
 */
import { ListenError } from "./errors.ts";
import { formatAddress } from "./address.ts";
import { LONGEST_UNIX_PATH } from "./listen_address.ts";
import type { UnixAddress } from "./settings.ts";
import { within } from "./within.ts";

/** How long whoever has the path gets to answer before it counts as taken, in milliseconds. */
const PROBE_LIMIT = 1000;
/** A name of this size is not met twice. It may have to be shorter, hence the attempts. */
const NAME_SIZE = 12;
const NAME_ATTEMPTS = 100;

/** A socket that is bound but not in its place yet. */
export interface WaitingSocket {
  /** Where it is. */
  readonly from: string;
  /** Where it is to be. */
  readonly to: string;
}

/** Who else may be at the path. */
export interface UnixOptions {
  /** Paths on which one of us answers, and is to be replaced. */
  readonly held: readonly string[];
  /** Whether to wait under the other name until somebody else does the renaming. */
  readonly wait: boolean;
}

/** A bound Unix socket. */
export interface UnixSocket {
  /** The listener. */
  readonly listener: Deno.Listener;
  /** Where it waits, if it does. */
  readonly waiting: WaitingSocket | undefined;
  /** Removes it from its path, unless there is another one by now. */
  remove(): void;
}

/**
 * Binds a Unix socket.
 *
 * @param address Where, with mode and group; `{worker}` is replaced already.
 * @param options Who else may be there.
 * @returns The socket.
 * @throws {ListenError} If the path is not ours to take, is too long, or its folder is missing.
 */
export async function bindUnix(address: UnixAddress, options: UnixOptions): Promise<UnixSocket> {
  const { path } = address;
  try {
    checkLength(path);
    await checkPlace(path, options.held);
    const { listener, name } = bindBeside(path);
    try {
      return place(address, listener, name, options.wait);
    } catch (error) {
      listener.close();
      throw error;
    }
  } catch (error) {
    throw error instanceof ListenError ? error : new ListenError(formatAddress(address), reason(error, path));
  }
}

function place(address: UnixAddress, listener: Deno.Listener, from: string, wait: boolean): UnixSocket {
  const to = address.path;
  Deno.chmodSync(from, address.mode);
  if (address.group !== undefined) Deno.chownSync(from, null, groupId(address.group));
  const { ino } = Deno.lstatSync(from);
  if (!wait) Deno.renameSync(from, to);
  const remove = () => [from, to].forEach((path) => removeIfSame(path, ino));
  return { listener, waiting: wait ? { from, to } : undefined, remove };
}

/** Binds a name in the same folder that is not longer than allowed, however long the path's is. */
function bindBeside(path: string): { listener: Deno.Listener; name: string } {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const room = Math.min(NAME_SIZE, LONGEST_UNIX_PATH - byteLength(folder));
  for (let attempt = 1;; attempt++) {
    const name = folder + randomName(room);
    try {
      return { listener: Deno.listen({ transport: "unix", path: name }), name };
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse) || attempt === NAME_ATTEMPTS) throw error;
    }
  }
}

function randomName(size: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(size));
  const text = Array.from(bytes, (byte) => (byte % 36).toString(36)).join("");
  return size === NAME_SIZE ? "." + text.slice(1) : text;
}

function checkLength(path: string): void {
  const size = byteLength(path);
  if (size <= LONGEST_UNIX_PATH) return;
  throw new Error(`its path has ${size} bytes, and that of a socket at most ${LONGEST_UNIX_PATH}`);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

async function checkPlace(path: string, held: readonly string[]): Promise<void> {
  const info = lstat(path);
  if (info === undefined) return;
  if (!info.isSocket) throw new Error("there is a file that is not a socket");
  if (!held.includes(path) && await answers(path)) throw new Error("another process answers on it");
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Whether somebody answers; who takes too long over it is there, too. */
async function answers(path: string): Promise<boolean> {
  let taken = true;
  const probe = Deno.connect({ transport: "unix", path }).then(
    (conn) => conn.close(),
    (error) => {
      // A full queue also refuses, but with another error than nobody being there.
      taken = !(error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.NotFound);
    },
  );
  await within(PROBE_LIMIT, probe);
  return taken;
}

function removeIfSame(path: string, ino: number | null): void {
  try {
    if (lstat(path)?.ino === ino) Deno.removeSync(path);
  } catch {
    // Somebody else removed it meanwhile, or the folder is no longer ours.
  }
}

/** The number of a group, by name from /etc/group. */
function groupId(group: string): number {
  if (/^[0-9]+$/.test(group)) return Number(group);
  for (const line of Deno.readTextFileSync("/etc/group").split("\n")) {
    const [name, , id] = line.split(":");
    if (name === group && id !== undefined) return Number(id);
  }
  throw new Error(`there is no group ${JSON.stringify(group)}`);
}

function reason(error: unknown, path: string): string {
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  if (error instanceof Deno.errors.NotFound) return `there is no folder ${folder}`;
  if (error instanceof Deno.errors.NotADirectory) return `${folder} is not a folder`;
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied: the folder has to be writable, and the group one of this user's";
  }
  return error instanceof Error ? error.message : String(error);
}
