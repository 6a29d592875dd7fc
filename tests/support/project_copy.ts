/** A copy of the project as somebody who has just fetched it would find it: nothing cached, nothing generated. */

import { join } from "node:path";
import { ROOT } from "./packages.ts";

/** A temporary folder with the project in it; goes away with `using`. */
export class ProjectCopy implements Disposable {
  /** Absolute path. */
  readonly folder: string = Deno.makeTempDirSync({ prefix: "archangel-" });

  /** Copies everything but hidden files, which is where the caches and what is generated are. */
  constructor() {
    for (const { name } of Deno.readDirSync(ROOT)) {
      if (!name.startsWith(".")) copy(join(ROOT, name), join(this.folder, name));
    }
  }

  /** Removes the folder. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.folder, { recursive: true });
  }
}

function copy(from: string, to: string): void {
  if (!Deno.statSync(from).isDirectory) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const entry of Deno.readDirSync(from)) {
    // Sockets and the like are left out.
    if (entry.isFile || entry.isDirectory) copy(join(from, entry.name), join(to, entry.name));
  }
}
