import { type Case, type Cut, readCases, runCase } from "../support/fcgi_script.ts";
import { Random } from "../support/random.ts";

const folder = new URL("../corpus/fcgi/", import.meta.url);

function randomCut(seed: number): Cut {
  return (size) => {
    const random = new Random(seed);
    const sizes: number[] = [];
    for (let left = size; left > 0; left -= sizes.at(-1) as number) {
      sizes.push(Math.min(left, random.below(24) + 1));
    }
    return sizes;
  };
}

const CUTS: Record<string, Cut> = {
  "whole": (size) => [size],
  "byte by byte": (size) => Array(size).fill(1),
  "by eights, three off": (size) => {
    const sizes = [Math.min(3, size)];
    for (let left = size - 3; left > 0; left -= 8) sizes.push(Math.min(8, left));
    return sizes;
  },
  "at random, seed 1": randomCut(1),
  "at random, seed 2": randomCut(2),
};

function test(file: string, one: Case): void {
  Deno.test(`FastCGI corpus, ${file}: ${one.title}`, () => {
    for (const [name, cut] of Object.entries(CUTS)) {
      try {
        runCase(one, cut);
      } catch (error) {
        throw new Error(`fed ${name}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
}

const files = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".txt"))
  .sort();
for (const file of files) {
  for (const one of readCases(Deno.readTextFileSync(new URL(file, folder)))) test(file.slice(0, -4), one);
}
