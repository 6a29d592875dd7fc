/**
 * What a client is told of an app that failed: the status, fields and text of an {@linkcode HttpError}; of anything
 * else a 500 without details, except in development.
 *
 * @module
 */
import { errorText } from "./error_text.ts";
import { isHttpError } from "./errors.ts";
import { HeaderFields } from "./headers.ts";
import { reasonPhrase } from "./status.ts";

/** An answer in place of the one that failed. */
export interface ErrorAnswer {
  /** The status. */
  readonly status: number;
  /** The header fields; those that an app chose have not been checked. */
  readonly fields: HeaderFields;
  /** The body, one or more lines. */
  readonly text: string;
}

/**
 * The status that an error stands for.
 *
 * @param error Anything thrown.
 * @returns That of an {@linkcode HttpError}, else 500.
 */
export function statusOfError(error: unknown): number {
  return isHttpError(error) ? error.status : 500;
}

/**
 * What to answer to a request that an app failed over.
 *
 * @param error What it threw.
 * @param development Whether to show details.
 * @returns The answer.
 */
export function errorAnswer(error: unknown, development: boolean): ErrorAnswer {
  const status = statusOfError(error);
  const fields = HeaderFields.from(isHttpError(error) ? error.headers : {});
  fields.set("content-type", "text/plain; charset=utf-8");
  // It was meant for another body.
  fields.delete("content-length");
  return { status, fields, text: textOf(error, status, development) + "\n" };
}

function textOf(error: unknown, status: number, development: boolean): string {
  if (status === 500 && development) return errorText(error);
  return isHttpError(error) && error.message !== "" ? error.message : reasonPhrase(status);
}
