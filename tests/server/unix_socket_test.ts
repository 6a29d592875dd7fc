/** Unix sockets of the file system: whose path it is, what happens to what is there, and what is left behind. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ListenError } from "../../server/errors.ts";
import { listen } from "../../server/listener.ts";
import { bindUnix } from "../../server/unix_socket.ts";
import { WaitingSockets } from "../../server/waiting_sockets.ts";
import type { UnixAddress } from "../../server/settings.ts";
import { delay } from "../support/delay.ts";

const options = { held: [], wait: false };

function addressOf(path: string, changes: Partial<UnixAddress> = {}): UnixAddress {
  return { protocol: "fcgi", transport: "unix", path, mode: 0o660, group: undefined, ...changes };
}

/** A test with a folder of its own. */
function inFolder(name: string, run: (folder: string) => Promise<void> | void): void {
  Deno.test(name, async () => {
    const folder = await Deno.makeTempDir({ prefix: "archangel_test_" });
    try {
      await run(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

/** Everything in a folder. */
function filesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Whether somebody answers. */
async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

/** A socket whose process is gone: bound, moved away from the name that closing unlinks, and closed. */
function leaveStale(path: string): void {
  using _listener = Deno.listen({ transport: "unix", path: path + "~" });
  Deno.renameSync(path + "~", path);
}

/** A group that this user may give a file to: for root, one that is not its own. */
function otherGroup(): string {
  return String(Deno.uid() === 0 ? 65_533 : Deno.gid());
}

inFolder("bindUnix() leaves one file, with its mode, and takes it away again", async (folder) => {
  const socket = await bindUnix(addressOf(`${folder}/s`, { mode: 0o620 }), options);
  assertEquals(filesIn(folder), ["s"]);
  assertEquals(Deno.lstatSync(`${folder}/s`).mode! & 0o777, 0o620);
  assert(await answers(`${folder}/s`));
  socket.remove();
  socket.listener.close();
  assertEquals(filesIn(folder), []);
});

inFolder("bindUnix() gives it to a group, by number or name", async (folder) => {
  const gid = Deno.gid()!;
  const name = Deno.readTextFileSync("/etc/group").split("\n").find((line) =>
    line.split(":")[2] === String(gid)
  );
  for (const group of [String(gid), name!.split(":")[0]!]) {
    const { listener } = await bindUnix(addressOf(`${folder}/${group}`, { group }), options);
    assertEquals(Deno.lstatSync(`${folder}/${group}`).gid, gid);
    listener.close();
  }
});

/** Runs while whoever looks is told of each change of a file's mode or group, with its path, before it is made. */
async function watching(
  look: (change: "chown" | "chmod", path: string) => void,
  run: () => Promise<void>,
): Promise<void> {
  const { chmodSync, chownSync } = Deno;
  Deno.chmodSync = (path, mode) => (look("chmod", String(path)), chmodSync(path, mode));
  Deno.chownSync = (path, uid, gid) => (look("chown", String(path)), chownSync(path, uid, gid));
  try {
    await run();
  } finally {
    Object.assign(Deno, { chmodSync, chownSync });
  }
}

inFolder("bindUnix() lets nobody in before the mode says who may, whatever the umask is", async (folder) => {
  const umask = Deno.umask(0);
  try {
    Deno.chmodSync(folder, 0o777);
    for (const wait of [false, true]) {
      const changes: string[] = [];
      const look = (change: string, path: string) => {
        changes.push(change);
        assertEquals(Deno.lstatSync(path.slice(0, path.lastIndexOf("/"))).mode! & 0o077, 0);
      };
      await watching(look, async () => {
        const address = addressOf(`${folder}/s`, { group: otherGroup() });
        const { listener, remove } = await bindUnix(address, { held: [], wait });
        const [file, ...others] = filesIn(folder);
        assertEquals([others, Deno.lstatSync(`${folder}/${file}`).mode! & 0o777], [[], 0o660]);
        remove();
        listener.close();
      });
      // The other way round, this process's own group would be let in for a moment.
      assertEquals(changes, Deno.uid() === 0 ? ["chown", "chmod"] : ["chmod"]);
    }
  } finally {
    Deno.umask(umask);
  }
});

inFolder("a bound socket takes another mode and group, and gets its own group back", async (folder) => {
  const path = `${folder}/s`;
  const { listener, change, remove } = await bindUnix(addressOf(path), options);
  const seen = () => {
    const { mode, gid } = Deno.lstatSync(path);
    return [mode! & 0o777, gid];
  };
  const [, own] = seen();
  const group = otherGroup();
  change(addressOf(path, { mode: 0o600, group }));
  assertEquals(seen(), [0o600, Number(group)]);
  const error = assertThrows(() => change(addressOf(path, { group: "no-such-group" })), ListenError);
  assertEquals(error.message, `Cannot listen on fcgi+unix:${path}: there is no group "no-such-group"`);
  assertEquals(seen(), [0o600, Number(group)]);
  change(addressOf(path, { mode: 0o666 }));
  assertEquals(seen(), [0o666, own]);
  remove();
  // Whatever is there by now is somebody else's.
  Deno.writeTextFileSync(path, "", { mode: 0o644 });
  change(addressOf(path));
  assertEquals(seen()[0], 0o644);
  listener.close();
});

inFolder("bindUnix() leaves nothing behind when the group does not exist", async (folder) => {
  const error = await assertRejects(
    () => bindUnix(addressOf(`${folder}/s`, { group: "no-such-group" }), options),
    ListenError,
  );
  assertEquals(error.message, `Cannot listen on fcgi+unix:${folder}/s: there is no group "no-such-group"`);
  await delay(50);
  assertEquals(filesIn(folder), []);
});

inFolder("bindUnix() replaces a socket on which nobody answers", async (folder) => {
  leaveStale(`${folder}/s`);
  assert(!await answers(`${folder}/s`));
  const { listener } = await bindUnix(addressOf(`${folder}/s`), options);
  assert(await answers(`${folder}/s`));
  listener.close();
});

inFolder("bindUnix() leaves a socket alone on which somebody answers", async (folder) => {
  using _other = Deno.listen({ transport: "unix", path: `${folder}/s` });
  const error = await assertRejects(() => bindUnix(addressOf(`${folder}/s`), options), ListenError);
  assertEquals(error.message, `Cannot listen on fcgi+unix:${folder}/s: another process answers on it`);
  assert(await answers(`${folder}/s`));
});

inFolder("bindUnix() leaves a socket alone that it may not connect to, and says so", async (folder) => {
  leaveStale(`${folder}/s`);
  const { connect } = Deno;
  // Root may connect to every socket.
  Deno.connect = (() => Promise.reject(new Deno.errors.PermissionDenied())) as never;
  try {
    const error = await assertRejects(() => bindUnix(addressOf(`${folder}/s`), options), ListenError);
    assertEquals(
      error.message,
      `Cannot listen on fcgi+unix:${folder}/s: there is a socket that this user may not connect to, ` +
        "so nobody knows whether it is in use: if it is not, remove it",
    );
  } finally {
    Deno.connect = connect;
  }
  assertEquals(filesIn(folder), ["s"]);
});

inFolder("bindUnix() leaves every file alone that is no socket", async (folder) => {
  Deno.writeTextFileSync(`${folder}/file`, "precious");
  Deno.mkdirSync(`${folder}/folder`);
  Deno.symlinkSync("/nowhere", `${folder}/link`);
  for (const name of ["file", "folder", "link"]) {
    for (const held of [[], [`${folder}/${name}`]]) {
      const error = await assertRejects(
        () => bindUnix(addressOf(`${folder}/${name}`), { held, wait: false }),
        ListenError,
      );
      assert(error.message.endsWith(`/${name}: there is a file that is not a socket`));
    }
  }
  assertEquals(Deno.readTextFileSync(`${folder}/file`), "precious");
  assertEquals(filesIn(folder), ["file", "folder", "link"]);
});

inFolder("bindUnix() says which folder is missing, or is none", async (folder) => {
  Deno.writeTextFileSync(`${folder}/file`, "");
  const message = async (path: string) =>
    (await assertRejects(() => bindUnix(addressOf(path), options), ListenError)).message;
  assert((await message(`${folder}/no/s`)).endsWith(`there is no folder ${folder}/no`));
  assert((await message(`${folder}/file/s`)).endsWith(`${folder}/file is not a folder`));
});

inFolder("bindUnix() takes every path up to 107 bytes, however short its last name", async (folder) => {
  for (const name of ["s", "sock", "a-rather-long-name.sock"]) {
    for (const size of [107, 106, 104, 97]) {
      const deep = `${folder}/${"d".repeat(size - folder.length - name.length - 2)}`;
      Deno.mkdirSync(deep);
      const path = `${deep}/${name}`;
      assertEquals(path.length, size);
      const socket = await bindUnix(addressOf(path), options);
      assert(await answers(path));
      socket.remove();
      socket.listener.close();
      assertEquals(filesIn(deep), []);
      Deno.removeSync(deep);
    }
  }
  const error = await assertRejects(
    () => bindUnix(addressOf(`${folder}/${"x".repeat(107 - folder.length)}`), options),
    ListenError,
  );
  assert(error.message.endsWith("its path has 108 bytes, and that of a socket at most 107"));
});

inFolder(
  "a path is taken over without a gap, and closing the old socket keeps the new one",
  async (folder) => {
    const path = `${folder}/s`;
    const rising = { held: [path], wait: false, reusePort: false, worker: 1 };
    let serving = await listen(addressOf(path), { ...rising, held: [] });
    for (let generation = 2; generation <= 5; generation++) {
      const next = await listen(addressOf(path), rising);
      next.accept((conn) => conn.close(), () => undefined, () => {});
      serving.close();
      // Closing unlinks late.
      await delay(20);
      assert(await answers(path));
      serving = next;
    }
    serving.close();
    assertEquals(filesIn(folder), []);
  },
);

inFolder("a socket that waits is put into its place, or removed with its worker", async (folder) => {
  const path = `${folder}/s`;
  const old = await bindUnix(addressOf(path), options);
  const waiting = new WaitingSockets();
  const next = await bindUnix(addressOf(path), { held: [path], wait: true });
  const lost = await bindUnix(addressOf(path), { held: [path], wait: true });
  assertEquals(filesIn(folder).length, 3);
  const { ino } = Deno.lstatSync(path);
  waiting.add(1, [lost.waiting!]);
  waiting.drop(1);
  assertEquals(filesIn(folder).length, 2);
  waiting.add(2, [next.waiting!]);
  assertEquals(Deno.lstatSync(path).ino, ino);
  assertEquals(waiting.placeAll(), []);
  assertEquals(filesIn(folder), ["s"]);
  assert(Deno.lstatSync(path).ino !== ino);
  old.remove();
  old.listener.close();
  assert(await answers(path));
  waiting.drop(2);
  assert(await answers(path));
  next.remove();
  assertEquals(filesIn(folder), []);
  next.listener.close();
  lost.listener.close();
});

inFolder("a socket that cannot be put into its place is said", (folder) => {
  const waiting = new WaitingSockets();
  waiting.add(1, [{ from: `${folder}/gone`, to: `${folder}/s` }]);
  const [trouble] = waiting.placeAll();
  assert(trouble!.startsWith(`Cannot put a socket into its place at ${folder}/s: `));
});

inFolder("{worker} becomes the worker's number", async (folder) => {
  const listener = await listen(addressOf(`${folder}/{worker}-{worker}.sock`), {
    ...options,
    reusePort: false,
    worker: 12,
  });
  assertEquals(filesIn(folder), ["12-12.sock"]);
  listener.close();
  assertEquals(filesIn(folder), []);
});

inFolder("a drain takes the path away first, then serves whom the kernel has let in", async (folder) => {
  const path = `${folder}/s`;
  const listener = await listen(addressOf(path), { ...options, reusePort: false, worker: 1 });
  const clients = await Promise.all(
    Array.from({ length: 20 }, () => Deno.connect({ transport: "unix", path })),
  );
  let served = 0;
  listener.accept(
    (conn) => {
      served++;
      conn.close();
    },
    () => undefined,
    () => {},
  );
  const drained = listener.drain();
  assertEquals(filesIn(folder), []);
  await drained;
  assertEquals(served, 20);
  for (const client of clients) client.close();
});
