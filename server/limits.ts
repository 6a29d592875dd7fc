/**
 * Every size, count and time that bounds what a peer can make this server do, and the attack each
 * one stops. The settings table (`settings_table.ts`) documents and parses them; this file is what
 * the connection loop and the cores are given.
 *
 * @module
 */
import type { WireLimits } from "../twig/wire.ts";

/** Sizes and counts. Bytes unless the name says otherwise. */
export interface Limits extends WireLimits {
  /** Connections open at once in one worker; further ones wait in the kernel's queue. */
  readonly connections: number;
  /** Requests answered on one connection before it is closed; spreads load over new workers. */
  readonly requestsPerConnection: number;
}

/** Deadlines in milliseconds. None of them runs while an app computes an answer. */
export interface Timeouts {
  /** From the first byte (or the accept) to the end of the request head. Stops slowloris. */
  readonly header: number;
  /** Longest gap between two pieces of a request body. Stops slow posts. */
  readonly body: number;
  /** A kept connection without a request. Frees memory. */
  readonly idle: number;
  /** Longest time a write may make no progress. Stops slow readers. */
  readonly write: number;
  /** How long to read and drop after an early error answer, so that the client can read it. */
  readonly linger: number;
  /** Graceful stop: after this, what is still open is cut. */
  readonly drain: number;
  /** A new worker has to be ready within this, and an app loaded that its first request needs. */
  readonly boot: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** The defaults of {@linkcode Limits}. */
export const DEFAULT_LIMITS: Limits = {
  targetBytes: 8 * KiB,
  headerBytes: 32 * KiB,
  headerFields: 100,
  bodyBytes: 16 * MiB,
  drainBytes: 256 * KiB,
  openExchanges: 256,
  connections: 16384,
  requestsPerConnection: 100_000,
};

/** The defaults of {@linkcode Timeouts}, in milliseconds. */
export const DEFAULT_TIMEOUTS: Timeouts = {
  header: 10_000,
  body: 20_000,
  idle: 15_000,
  write: 20_000,
  linger: 2_000,
  drain: 30_000,
  boot: 30_000,
};
