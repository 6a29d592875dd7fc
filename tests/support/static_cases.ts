/**
 * What a client may ask of a folder of files, and has to get: one table for every way there is to them, with curl as
 * the client. The files are as old as it takes for their tags to be strong.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type App, staticFiles } from "../../twig/mod.ts";
import { runCurl } from "./curl.ts";
import { delay } from "./delay.ts";
import { Folder } from "./folder.ts";

const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const MODIFIED = "Thu, 29 Feb 2024 12:34:56 GMT";
const EARLIER = "Thu, 29 Feb 2024 12:34:55 GMT";
/** How long a file has to be left alone until its tag is strong, and a little more. */
const SETTLED_MS = 2_100;

/** A request for `letters.txt`, 26 bytes, or `empty.txt`. */
interface Case {
  readonly title: string;
  /** Arguments of curl; `TAG` stands for the file's tag. */
  readonly args: readonly string[];
  readonly file?: "letters.txt" | "empty.txt";
  readonly status: number;
  /** Default: that of an error, which nobody looks at. */
  readonly body?: string;
  readonly length?: number;
  readonly range?: string;
}

const CASES: readonly Case[] = [
  { title: "all", args: [], status: 200, body: LETTERS },
  { title: "the head", args: ["-I"], status: 200, body: "", length: 26 },
  { title: "no bytes, head", args: ["-I"], file: "empty.txt", status: 200, body: "", length: 0 },
  { title: "no bytes", args: [], file: "empty.txt", status: 200, body: "", length: 0 },

  { title: "the same tag", args: ["-H", "If-None-Match: TAG"], status: 304, body: "" },
  { title: "the same tag, head", args: ["-I", "-H", "If-None-Match: TAG"], status: 304, body: "" },
  { title: "the same tag, weak", args: ["-H", "If-None-Match: W/TAG"], status: 304, body: "" },
  { title: "another tag", args: ["-H", 'If-None-Match: "x"'], status: 200, body: LETTERS },
  { title: "the same time", args: ["-z", MODIFIED], status: 304, body: "" },
  { title: "the same time, head", args: ["-I", "-z", MODIFIED], status: 304, body: "" },
  { title: "an earlier time", args: ["-z", EARLIER], status: 200, body: LETTERS },
  {
    title: "the same time and another tag",
    args: ["-H", `If-Modified-Since: ${MODIFIED}`, "-H", 'If-None-Match: "x"'],
    status: 200,
    body: LETTERS,
  },
  { title: "only another version", args: ["-H", 'If-Match: "x"'], status: 412 },
  { title: "only this version", args: ["-H", "If-Match: TAG"], status: 200, body: LETTERS },
  { title: "nothing newer than it is", args: ["-H", `If-Unmodified-Since: ${EARLIER}`], status: 412 },

  { title: "first bytes", args: ["-r", "0-2"], status: 206, body: "abc", range: "bytes 0-2/26" },
  { title: "middle bytes", args: ["-r", "3-3"], status: 206, body: "d", range: "bytes 3-3/26" },
  { title: "the rest", args: ["-r", "20-"], status: 206, body: "uvwxyz", range: "bytes 20-25/26" },
  { title: "last bytes", args: ["-r", "-3"], status: 206, body: "xyz", range: "bytes 23-25/26" },
  {
    title: "more last bytes than there are",
    args: ["-r", "-99"],
    status: 206,
    body: LETTERS,
    range: "bytes 0-25/26",
  },
  { title: "bytes beyond the end", args: ["-r", "24-99"], status: 206, body: "yz", range: "bytes 24-25/26" },
  { title: "a part behind the end", args: ["-r", "26-"], status: 416, range: "bytes */26" },
  { title: "no last bytes", args: ["-H", "Range: bytes=-0"], status: 416, range: "bytes */26" },
  { title: "a part of nothing", args: ["-r", "0-"], file: "empty.txt", status: 416, range: "bytes */0" },
  { title: "last bytes of nothing", args: ["-r", "-5"], file: "empty.txt", status: 200, body: "", length: 0 },
  { title: "several parts", args: ["-r", "0-1,3-4"], status: 200, body: LETTERS },
  {
    title: "a part that ends before it begins",
    args: ["-H", "Range: bytes=4-2"],
    status: 200,
    body: LETTERS,
  },
  { title: "a part in another unit", args: ["-H", "Range: lines=0-1"], status: 200, body: LETTERS },
  { title: "a part, head", args: ["-I", "-H", "Range: bytes=0-2"], status: 200, body: "", length: 26 },

  {
    title: "a part of this version",
    args: ["-r", "3-5", "-H", "If-Range: TAG"],
    status: 206,
    body: "def",
    range: "bytes 3-5/26",
  },
  {
    title: "a part of what has this time",
    args: ["-r", "3-5", "-H", `If-Range: ${MODIFIED}`],
    status: 206,
    body: "def",
    range: "bytes 3-5/26",
  },
  {
    title: "a part of another version",
    args: ["-r", "3-5", "-H", 'If-Range: "x"'],
    status: 200,
    body: LETTERS,
  },
  { title: "a part by a weak tag", args: ["-r", "3-5", "-H", "If-Range: W/TAG"], status: 200, body: LETTERS },
  {
    title: "a part of what has another time",
    args: ["-r", "3-5", "-H", `If-Range: ${EARLIER}`],
    status: 200,
    body: LETTERS,
  },
  {
    title: "a part, and it has all",
    args: ["-r", "3-5", "-H", "If-None-Match: TAG"],
    status: 304,
    body: "",
  },
];

/** A folder of files, and the app that serves it. */
export class StaticSite extends Folder {
  readonly app: App;

  private constructor() {
    super({ "letters.txt": LETTERS, "empty.txt": "" });
    this.app = staticFiles(this.path);
    const time = new Date(MODIFIED);
    for (const name of ["letters.txt", "empty.txt"]) Deno.utimeSync(`${this.path}/${name}`, time, time);
  }

  /** Makes one. */
  static async settled(): Promise<StaticSite> {
    const site = new StaticSite();
    await delay(SETTLED_MS);
    return site;
  }
}

interface Answered {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
  readonly body: string;
}

async function ask(url: string, args: readonly string[]): Promise<Answered> {
  const { code, out, err } = await runCurl(["-i", ...args, url]);
  const end = out.indexOf("\r\n\r\n");
  assert(code === 0 && end > 0, `curl ended with ${code}: ${err}`);
  const [line, ...fields] = out.slice(0, end).split("\r\n");
  const pairs = fields.map((field) => [field.split(":")[0]!.toLowerCase(), field.replace(/^[^:]*: */, "")]);
  const map = new Map(pairs as [string, string][]);
  return { status: Number(line!.split(" ")[1]), fields: map, body: out.slice(end + 4) };
}

/**
 * Asks for everything in the table, one step each.
 *
 * @param url Where the folder is, with a slash at the end.
 * @param except Titles of what somebody on the way answers by itself.
 */
export async function checkStaticSite(
  t: Deno.TestContext,
  url: string,
  except: readonly string[] = [],
): Promise<void> {
  for (const { title, args, file = "letters.txt", status, body, length, range } of CASES) {
    if (except.includes(title)) continue;
    await t.step(title, async () => {
      const plain = await ask(url + file, []);
      const tag = plain.fields.get("etag")!;
      assertMatch(tag, /^"[^"]+"$/);
      const answer = await ask(url + file, args.map((arg) => arg.replace("TAG", tag)));
      assertEquals([answer.status, answer.fields.get("content-range")], [status, range]);
      if (body !== undefined) assertEquals(answer.body, body);
      if (status === 200 || status === 206) {
        assertEquals(answer.fields.get("content-length"), String(length ?? body!.length));
        assertEquals(answer.fields.get("accept-ranges"), "bytes");
        assertEquals(answer.fields.get("last-modified"), MODIFIED);
      }
      if (status === 304) assertEquals(answer.fields.get("content-type"), undefined);
      if (status < 400) assertEquals(answer.fields.get("etag"), tag);
    });
  }
}
