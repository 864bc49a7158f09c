/** @file The one error class: what a caller did wrong, in one line that names the call, the values and the remedy. */

/** A mistake in what the library was given, as opposed to a fault in the library. Its message is fit to be shown as it is. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Throws an {@link InputError}. */
export function fail(message: string): never {
  throw new InputError(message);
}
