/** @file Tests that calls are refused, each with its full message. */
import { expect, it } from 'vitest';
import { InputError } from '../../src/tensor/errors.ts';

/** A call that must be refused, and its full message. */
export type Refusal = readonly [call: () => unknown, message: string];

/** Passes an argument of a wrong type, as a JavaScript caller may. */
export const untyped = (x: unknown): never => x as never;

/** Registers one test for each refusal. */
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
