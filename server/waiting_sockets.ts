/**
 * The Unix sockets of workers that boot to take over. Each waits beside its path (`unix_socket.ts`)
 * until all workers of its generation are ready; then the supervisor puts them into their places, before
 * it lets the old workers go. So a generation that cannot boot leaves the paths as they were, and there
 * is no moment without somebody listening.
 *
 * @module
 */
import { describeError } from "./say.ts";
import type { WaitingSocket } from "./unix_socket.ts";

/** The waiting sockets of all workers. */
export class WaitingSockets {
  readonly #byWorker = new Map<number, readonly WaitingSocket[]>();

  /**
   * Takes note of what a worker said when it was ready.
   *
   * @param id Which worker.
   * @param sockets Its sockets that wait.
   */
  add(id: number, sockets: readonly WaitingSocket[]): void {
    if (sockets.length > 0) this.#byWorker.set(id, sockets);
  }

  /**
   * Puts all of them into their places.
   *
   * @returns What went wrong, for the log; nearly always nothing.
   */
  placeAll(): string[] {
    const troubles: string[] = [];
    for (const { from, to } of [...this.#byWorker.values()].flat()) {
      try {
        Deno.renameSync(from, to);
      } catch (error) {
        troubles.push(`Cannot put a socket into its place at ${to}: ${describeError(error)}`);
      }
    }
    this.#byWorker.clear();
    return troubles;
  }

  /**
   * A worker is gone: if its sockets still wait, they do so in vain.
   *
   * @param id Which worker.
   */
  drop(id: number): void {
    for (const { from } of this.#byWorker.get(id) ?? []) {
      try {
        Deno.removeSync(from);
      } catch {
        // It removed them itself.
      }
    }
    this.#byWorker.delete(id);
  }
}
