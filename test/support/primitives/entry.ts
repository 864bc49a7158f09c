/** @file The interface of a primitive's entry in the table: how to draw a use, its expected value, its derivatives. */
import type fc from 'fast-check';
import type { Value } from '../../../src/tensor/value.ts';
import type { Dense } from '../dense.ts';

/** One use of a primitive: its real operands, the call, and the expected value by loops. */
export interface Use {
  readonly operands: readonly Dense[];
  readonly call: (...xs: readonly Value[]) => Value;
  readonly naive: (...xs: readonly Dense[]) => Dense;
}

export interface Entry {
  /** Uses around whose operands the primitive is smooth, as far as it is differentiated. */
  readonly uses: fc.Arbitrary<Use>;
  /** `smooth`: differentiated once and twice. `flat`: declared to have no derivative; its gradient is 0. */
  readonly derivative: 'smooth' | 'flat';
  /** Largest relative error against the loops in units of 2⁻⁵²; 0 unless given. */
  readonly ulps?: number;
  /** Largest relative error of a correct implementation against the loops, in units of its round-off; 16 unless given. */
  readonly roundings?: number;
}
