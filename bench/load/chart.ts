import type { RunResult } from "./results.ts";
export function writeChart(_path: string, _run: RunResult): void {}
