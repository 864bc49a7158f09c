/** @file Defines the error for callers: one line that names the call, the values and the remedy. */

/** An error in the caller's input, not a bug of the library. Its message can be shown to users as it is. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Throws an {@link InputError}. */
export function fail(message: string): never {
  throw new InputError(message);
}
