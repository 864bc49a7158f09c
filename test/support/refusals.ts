/** @file Tests that calls are refused, each with the whole message that it must get. */
import { expect, it } from 'vitest';
import { InputError } from '../../src/tensor/errors.ts';

/** A call that is refused, and the whole of the message that it must get. */
export type Refusal = readonly [call: () => unknown, message: string];

/** Passes an argument that the types refuse, as a caller without types may. */
export const untyped = (x: unknown): never => x as never;

/** A test for each refusal. */
export function refuses(refusals: readonly Refusal[]): void {
  it.each(refusals.map(([call, message]) => ({ call, message })))('$message', ({ call, message }) => {
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
