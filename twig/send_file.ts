/**
 * Sends an open file piece by piece, in memory that is used again once the peer has taken a piece.
 *
 * @module
 */
import { giveMemory, takeMemory } from "./file_memory.ts";
import type { FileBody } from "./files.ts";

/** Files up to this size are read and sent at once, in bytes: the carrier copies what is so short. */
const AT_ONCE = 16 * 1024;

/** What sending a file needs of the exchange that it is done for. */
export interface FileSender {
  /** Whether nothing more will be sent. */
  readonly over: boolean;
  /** Sends a piece; returns whether all of it was still to come by what was declared. */
  sendDeclared(piece: Uint8Array): boolean;
  /** More came than was declared. */
  endExcess(): void;
  /** Resolves when the peer has taken every piece; `undefined` if it has. */
  allTaken(): Promise<void> | undefined;
  /** The file has been read to its end. */
  ended(): void;
}

/**
 * Sends a file, whose head has left, and closes it.
 *
 * @param sender For whom.
 * @param file The file, open.
 * @throws {Error} If it cannot be read.
 */
export async function sendFile(sender: FileSender, file: FileBody): Promise<void> {
  const { size } = file;
  const memory = size <= AT_ONCE ? new Uint8Array(size) : takeMemory(size);
  try {
    for (let more = true; more;) {
      const read = file.read(memory);
      const length = typeof read === "number" ? read : await read;
      if (sender.over) return;
      if (length > 0 && !sender.sendDeclared(memory.subarray(0, length))) return sender.endExcess();
      more = length > 0 && file.size > 0;
      if (!more) {
        file.close();
        sender.ended();
      }
      const taken = size <= AT_ONCE ? undefined : sender.allTaken();
      if (taken !== undefined) await taken;
      if (more && sender.over) return;
    }
    // What is given up early may still be on its way out.
    giveMemory(memory);
  } finally {
    file.close();
  }
}
