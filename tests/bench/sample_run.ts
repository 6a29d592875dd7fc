import type { ContenderResult, RunResult, Sample, ScenarioResult } from "../../bench/load/results.ts";

function contender(name: string, title: string, samples: Sample[]): ContenderResult {
  return { name, title, samples, peakMemory: 50e6 };
}

/** A small scenario: ours costs 1.2 of the baseline in the median, from 1 to 1.5. */
export const HELLO: ScenarioResult = {
  name: "hello-64",
  about: "Hello, World!, 64 connections",
  contenders: [
    contender("archangel", "Archangel", [{ cpu: 3, p99: 1 }, { cpu: 1.2, p99: 1 }, { cpu: 4, p99: 9 }]),
    contender("deno_serve", "Deno.serve", [{ cpu: 2, p99: 1 }, { cpu: 1, p99: 1 }, { cpu: 4, p99: 1 }]),
    contender("hono", "Hono <on> Deno.serve", [{ cpu: 2.4 }, { cpu: 1.2 }, { cpu: 4.8 }]),
    contender("node_http", "Node http", [{ cpu: 20 }, { cpu: 10 }, { cpu: 40 }]),
  ],
  missing: ["nginx, for want of nginx"],
  foreign: 0.25,
};

/** A run of it. */
export const RUN: RunResult = {
  date: "2026-03-04T05:06:07.000Z",
  commit: "abc1234",
  machine: {
    cpu: "A & B",
    cpus: 2,
    memory: 2 ** 33,
    kernel: "Linux 6",
    versions: { Deno: "2.9.6" },
    load: 0.5,
  },
  method: { rounds: 3, seconds: 1, cores: "0:1" },
  scenarios: [HELLO],
};
