/** A temporary folder with files in it; goes away with `using`. */

import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** The folder. */
export class Folder implements Disposable {
  /** Absolute path. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "archangel_" });

  /** @param files Texts by path, such as `site/index.html`. */
  constructor(files: Record<string, string> = {}) {
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  /** Writes a file and the folders around it. */
  write(name: string, text: string): void {
    const path = join(this.path, name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }

  /** The URL of a file. */
  url(name: string): URL {
    return pathToFileURL(join(this.path, name));
  }

  /** Removes the folder. */
  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
