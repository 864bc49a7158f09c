/** @file Defines an entry of the table of primitives: how to draw a use, its expected value, and its derivatives. */
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
  /** Uses of the primitive; it is smooth near their operands, up to the order that is differentiated. */
  readonly uses: fc.Arbitrary<Use>;
  /** `smooth`: the tests differentiate once and twice. `flat`: the gradient is declared to be 0. */
  readonly derivative: 'smooth' | 'flat';
  /** Largest relative error against the loops in units of 2⁻⁵²; 0 unless given. */
  readonly ulps?: number;
  /** Largest relative error of a correct implementation against the loops, in units of its round-off; 16 unless given. */
  readonly roundings?: number;
}
