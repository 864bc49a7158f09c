/** @file What the tests have to know of a primitive. */
import type fc from 'fast-check';
import type { Value } from '../../../src/tensor/value.ts';
import type { Dense } from '../../support/dense.ts';

/** One use of a primitive: its real operands, the call, and the same by loops. */
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
  /** How far from the loops the value may be, in units of 2⁻⁵² relative; equal unless given. */
  readonly ulps?: number;
  /** How far a right implementation may be from the loops, in units of its round-off relative; 16 unless given. */
  readonly roundings?: number;
}
