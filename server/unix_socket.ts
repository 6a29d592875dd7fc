/**
 * Unix sockets: how a path becomes ours, and how it is given back.
 *
 * A socket is bound in a folder that only this user may enter, given its group and mode, and then renamed into
 * place. So nobody gets in before the mode says who may; a path is taken over without a moment in which it is
 * not there; and closing the old socket, which unlinks the name that it was bound to, cannot remove the
 * new one. Whoever only may take over when others are ready, too, waits beside the path until then.
 *
 * What is at the path already is left alone if it is no socket, or if somebody answers on it. What
 * nobody answers on was left behind by a process that was killed, and is replaced.
 *
 * @module
 */
import { ListenError } from "./errors.ts";
import { formatAddress } from "./address.ts";
import { LONGEST_UNIX_PATH } from "./listen_address.ts";
import { folderOf } from "./paths.ts";
import type { UnixAddress } from "./settings.ts";
import { within } from "./within.ts";

/** How long whoever has the path gets to answer before it counts as taken, in milliseconds. */
const PROBE_LIMIT = 1000;
/** A name of this size is not met twice. It may have to be shorter, hence the attempts. */
const NAME_SIZE = 12;
const NAME_ATTEMPTS = 100;
/** What a socket is called in the folder that it is bound in. */
const IN_BOX = "/s";

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

/** The file of a bound Unix socket. */
export interface SocketFile {
  /** Where it waits, if it does. */
  readonly waiting: WaitingSocket | undefined;
  /** Removes it from its path, unless there is another one by now. */
  remove(): void;
  /**
   * Gives it another mode and group, unless there is another one by now.
   *
   * @param address The same path, with mode and group.
   * @throws {ListenError} If there is no such group, or it is not this user's.
   */
  change(address: UnixAddress): void;
}

/** A bound Unix socket. */
export interface UnixSocket extends SocketFile {
  /** The listener. */
  readonly listener: Deno.Listener;
}

/** A socket that has neither mode nor group yet. */
interface Bound {
  readonly listener: Deno.Listener;
  /** Where it is. */
  readonly name: string;
  /** The folder that only it is in, which is to go when it has left. */
  readonly box: string | undefined;
  /** Where it may wait. */
  readonly beside: string;
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
    const bound = bind(path);
    try {
      return place(address, bound, options.wait);
    } catch (error) {
      bound.listener.close();
      throw error;
    } finally {
      if (bound.box !== undefined) Deno.removeSync(bound.box, { recursive: true });
    }
  } catch (error) {
    throw whyNot(error, address);
  }
}

/**
 * Looks whether a Unix socket could get to its path, as far as that can be told without making one.
 *
 * @param address Where; `{worker}` is replaced already.
 * @returns What is in its way; `undefined` if nothing is, or if Deno does not let this process look.
 */
export function inTheWay(address: UnixAddress): ListenError | undefined {
  try {
    Deno.lstatSync(`${folderOf(address.path)}/.`);
    expectSocket(lstat(address.path));
    return undefined;
  } catch (error) {
    return error instanceof Deno.errors.NotCapable ? undefined : whyNot(error, address);
  }
}

function place(address: UnixAddress, { listener, name, beside }: Bound, wait: boolean): UnixSocket {
  const to = address.path;
  const { ino, gid } = Deno.lstatSync(name);
  giveTo(name, address, gid);
  Deno.renameSync(name, wait ? beside : to);
  return {
    listener,
    waiting: wait ? { from: beside, to } : undefined,
    remove: () => [beside, to].forEach((path) => removeIfSame(path, ino)),
    change(address) {
      try {
        if (lstat(to)?.ino === ino) giveTo(to, address, gid);
      } catch (error) {
        throw whyNot(error, address);
      }
    },
  };
}

/**
 * Sets group and mode, in this order: the mode is meant for that group, and not for the one before.
 *
 * @param own The group that it has if none is asked for.
 */
function giveTo(path: string, { mode, group }: UnixAddress, own: number | null): void {
  const wanted = group === undefined ? own : groupId(group);
  if (wanted !== Deno.lstatSync(path).gid) Deno.chownSync(path, null, wanted);
  Deno.chmodSync(path, mode);
}

/** A bound socket lets in whom the umask does, until it has its mode: so first where nobody else gets at it. */
function bind(path: string): Bound {
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const room = LONGEST_UNIX_PATH - byteLength(folder);
  if (room < NAME_SIZE + IN_BOX.length) return bindBeside(folder, Math.min(room, NAME_SIZE));
  const box = folder + randomName(NAME_SIZE);
  Deno.mkdirSync(box, { mode: 0o700 });
  try {
    const name = box + IN_BOX;
    const listener = Deno.listen({ transport: "unix", path: name });
    return { listener, name, box, beside: folder + randomName(NAME_SIZE) };
  } catch (error) {
    Deno.removeSync(box);
    throw error;
  }
}

/** Binds a name that is not longer than allowed, where a folder more does not fit. */
function bindBeside(folder: string, room: number): Bound {
  for (let attempt = 1;; attempt++) {
    const name = folder + randomName(room);
    try {
      return { listener: Deno.listen({ transport: "unix", path: name }), name, box: undefined, beside: name };
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
  expectSocket(info);
  if (!held.includes(path) && await answers(path)) throw new Error("another process answers on it");
}

function expectSocket(info: Deno.FileInfo | undefined): void {
  if (info?.isSocket === false) throw new Error("there is a file that is not a socket");
}

function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Why another user's socket is left alone, be it in use or not. */
const LOCKED =
  "there is a socket that this user may not connect to, so nobody knows whether it is in use: if it is not, remove it";

/** Whether somebody answers; who takes too long over it is there, too. Throws if that cannot be asked. */
async function answers(path: string): Promise<boolean> {
  let taken = true;
  const probe = Deno.connect({ transport: "unix", path }).then(
    (conn) => conn.close(),
    (error) => {
      if (error instanceof Deno.errors.PermissionDenied) throw new Error(LOCKED);
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

function whyNot(error: unknown, address: UnixAddress): ListenError {
  return error instanceof ListenError
    ? error
    : new ListenError(formatAddress(address), reason(error, address.path));
}

function reason(error: unknown, path: string): string {
  const folder = folderOf(path);
  if (error instanceof Deno.errors.NotFound) return `there is no folder ${folder}`;
  if (error instanceof Deno.errors.NotADirectory) return `${folder} is not a folder`;
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied: the folder has to be writable, and the group one of this user's";
  }
  return error instanceof Error ? error.message : String(error);
}
