/**
 * Every message between the supervisor and a worker, and how it travels.
 *
 * Down, messages use the worker's stdin. That pipe is also the death pact: it reaches its end the
 * moment the supervisor is gone, however it went, and the worker ends itself.
 *
 * Up, they use the worker's stderr, or its stdout when the access log goes to stderr. The other of
 * the two is inherited, so access lines reach the real stream without passing through the
 * supervisor, and "is this a terminal" is answered truthfully. What else a worker writes on the
 * shared stream (warnings, `console.error`, a crash of the runtime) is passed on, line by line. A third
 * channel was measured and is dearer: two workers are up after 2.3 times the start of an empty
 * program this way, 2.5 with a Unix socket (which also needs a secret and permissions of its own),
 * and 5.5 with the `ipc` pipe of `node:child_process`.
 *
 * A message is one JSON text in a record (`records.ts`), so it can be told from text around it. Each is
 * checked on arrival.
 *
 * @module
 */
import { encodeRecord } from "./records.ts";
import type { ListenAddress, Settings } from "./settings.ts";
import type { WaitingSocket } from "./unix_socket.ts";

/** What a worker is to be. */
export interface Assignment {
  /** Its place, from 1 to the number of workers. */
  readonly worker: number;
  /** Number of its generation, counted up from 1. */
  readonly generation: number;
  /**
   * What it is started for: `first` at the start of everything, `rising` to take over from an older
   * generation, `replacement` beside workers of its own generation.
   */
  readonly role: Role;
  /** Everything to serve. */
  readonly settings: Settings;
}

/** See {@linkcode Assignment.role}. */
export type Role = typeof ROLES[number];

const ROLES = ["first", "rising", "replacement"] as const;

/** The first message to a worker. */
export interface Boot extends Assignment {
  /** Discriminates {@linkcode ToWorker}. */
  readonly type: "boot";
  /** What its messages have to begin with. */
  readonly key: string;
  /** Paths of Unix sockets that older workers hold: it may take over these and no others. */
  readonly held: readonly string[];
}

/** Asks a worker to take nothing new, finish what is in flight, and end. */
export interface Drain {
  /** Discriminates {@linkcode ToWorker}. */
  readonly type: "drain";
  /** Whether nobody takes over, so that connections at rest need not be kept open for a moment. */
  readonly stopping: boolean;
}

/** What a supervisor says to a worker. */
export type ToWorker = Boot | Drain;

/** A worker accepts connections. */
export interface Ready {
  /** Discriminates {@linkcode ToSupervisor}. */
  readonly type: "ready";
  /** The addresses as bound. */
  readonly addresses: readonly ListenAddress[];
  /** Its Unix sockets that are not in their places yet: the supervisor is to move them. */
  readonly waiting: readonly WaitingSocket[];
}

/** A worker cannot serve and is about to end. */
export interface BootFailed {
  /** Discriminates {@linkcode ToSupervisor}. */
  readonly type: "bootFailed";
  /** Why, for the person who reads the log; may have several lines. */
  readonly reason: string;
}

/** What a worker says to its supervisor. */
export type ToSupervisor = Ready | BootFailed;

/** Thrown for a message that is not one of the above. */
export class ControlError extends Error {
  /** Always `"ControlError"`. */
  override readonly name = "ControlError";
}

/**
 * The stream of a worker that carries its messages, chosen so that access lines never pass through
 * the supervisor.
 *
 * @param access The setting `log.access`.
 * @returns `stdout` if the access log goes to stderr, else `stderr`.
 */
export function controlStream(access: string): "stdout" | "stderr" {
  return access === "stderr" ? "stdout" : "stderr";
}

/**
 * Turns a message into the bytes to write.
 *
 * @param message The message.
 * @param key The secret from {@linkcode Boot}, or `""` on the way down.
 * @returns One record.
 * @throws {ControlError} If a number in it is not finite, which JSON would silently turn into null.
 *
 * @example Usage
 * ```ts
 * import { encodeMessage, parseToWorker } from "./control.ts";
 * import { RecordReader } from "./records.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const drain = { type: "drain", stopping: true } as const;
 * const [record] = new RecordReader("").push(encodeMessage(drain, "")).records;
 * assertEquals(parseToWorker(record!), drain);
 * ```
 */
export function encodeMessage(message: ToWorker | ToSupervisor, key: string): Uint8Array<ArrayBuffer> {
  return encodeRecord(JSON.stringify(message, refuseNonFinite), key);
}

function refuseNonFinite(name: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw new ControlError(`Cannot encode message: ${name} is ${value}`);
  }
  return value;
}

/**
 * Checks a message that reached a worker. The settings in it are only looked at from outside: they
 * were checked when the config was read, and no one but the supervisor holds this pipe.
 *
 * @param json One record.
 * @returns The message.
 * @throws {ControlError} If it is none.
 */
export function parseToWorker(json: string): ToWorker {
  const message = parseObject(json);
  switch (message.type) {
    case "boot":
      return {
        type: "boot",
        worker: wholeNumber(message, "worker"),
        generation: wholeNumber(message, "generation"),
        role: roleOf(message),
        key: text(message, "key"),
        held: textsOf(message, "held"),
        settings: settingsOf(message),
      };
    case "drain":
      return { type: "drain", stopping: message["stopping"] === true };
    default:
      throw new ControlError(`Cannot read message: unknown type ${JSON.stringify(message.type)}`);
  }
}

/**
 * Checks a message that reached the supervisor.
 *
 * @param json One record.
 * @returns The message.
 * @throws {ControlError} If it is none.
 */
export function parseToSupervisor(json: string): ToSupervisor {
  const message = parseObject(json);
  switch (message.type) {
    case "ready":
      return { type: "ready", addresses: addressesOf(message), waiting: waitingOf(message) };
    case "bootFailed":
      return { type: "bootFailed", reason: text(message, "reason") };
    default:
      throw new ControlError(`Cannot read message: unknown type ${JSON.stringify(message.type)}`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

function parseObject(json: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new ControlError("Cannot read message: not JSON", { cause });
  }
  if (!isObject(value)) throw new ControlError("Cannot read message: not an object");
  return value;
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wholeNumber(message: Fields, key: string): number {
  const value = message[key];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new ControlError(`Cannot read message: ${key} is not a whole number`);
  }
  return value;
}

function text(message: Fields, key: string): string {
  const value = message[key];
  if (typeof value !== "string") throw new ControlError(`Cannot read message: ${key} is not text`);
  return value;
}

function roleOf(message: Fields): Role {
  const role = ROLES.find((name) => name === message.role);
  if (role === undefined) throw new ControlError("Cannot read message: role is unknown");
  return role;
}

function settingsOf(message: Fields): Settings {
  const value = message.settings;
  const whole = isObject(value) && Array.isArray(value.listen) && isObject(value.apps) &&
    Array.isArray(value.routes) && isObject(value.limits) && isObject(value.timeouts) && isObject(value.log);
  if (!whole) throw new ControlError("Cannot read message: settings are not whole");
  return value as unknown as Settings;
}

function addressesOf(message: Fields): ListenAddress[] {
  const value = message.addresses;
  if (!Array.isArray(value) || !value.every(isAddress)) {
    throw new ControlError("Cannot read message: addresses are not listen addresses");
  }
  return value;
}

function textsOf(message: Fields, key: string): string[] {
  const value = message[key];
  if (!Array.isArray(value) || !value.every((each) => typeof each === "string")) {
    throw new ControlError(`Cannot read message: ${key} is not a list of texts`);
  }
  return value;
}

function waitingOf({ waiting }: Fields): WaitingSocket[] {
  if (!Array.isArray(waiting) || !waiting.every(isObject)) {
    throw new ControlError("Cannot read message: waiting is not a list of sockets");
  }
  return waiting.map((socket) => ({ from: text(socket, "from"), to: text(socket, "to") }));
}

function isAddress(value: unknown): value is ListenAddress {
  if (!isObject(value) || (value.protocol !== "http" && value.protocol !== "fcgi")) return false;
  if (value.transport === "unix") return typeof value.path === "string";
  return value.transport === "tcp" && typeof value.hostname === "string" && typeof value.port === "number";
}
