/** The error that every assertion throws, and the two pieces of text that all of them share. */

/** A failed assertion. */
export class AssertionError extends Error {
  override name = "AssertionError";

  /** Makes the error; unlike `Error`, it asks for a message. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** Ends a sentence with the caller's message, or with a full stop when there is none. */
export function sentence(text: string, message?: string): string {
  return message ? `${text}: ${message}` : `${text}.`;
}

/** Prints a value in full, since a cut-off value hides the very difference one is looking for. */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
  });
}
