/** @file Tables of mistakes: each call with the whole message that it must get. */
import { expect, it } from 'vitest';
import { InputError } from '../../src/tensor/errors.ts';

/** A mistake, and the whole of the message that it must get. */
export type Mistake = readonly [call: () => unknown, message: string];

/** What the types refuse, for callers without types. */
export const untyped = (x: unknown): never => x as never;

/** A test for each mistake. */
export function refuses(mistakes: readonly Mistake[]): void {
  it.each(mistakes.map(([call, message]) => ({ call, message })))('$message', ({ call, message }) => {
    let thrown: unknown;
    try {
      call();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(InputError);
    expect((thrown as Error).message).toBe(message);
  });
}
