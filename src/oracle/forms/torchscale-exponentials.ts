/** @file The tables of torchscale's retention by `exp(n log γ)`: each row of the decay matrix, times the inverse root of its sum. */
import { decaySums, powerSlack } from '../../nn/retention/decay-tables.ts';
import { distances } from '../../nn/retention/parallel.ts';
import type { DecayTables } from '../../nn/retention/torchscale.ts';
import { constantLike } from '../../tensor/operand.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { naturalPowers } from './exponential-powers.ts';

export const exponentialTables: DecayTables = {
  powers: naturalPowers,
  matrix(like, decay, t) {
    const rows = decaySums(decay, 0, t).map((total) => 1 / Math.sqrt(total));
    const normaliser = constantLike(like, rows, [decay.length, t, 1], powerSlack(t));
    return mul(naturalPowers(like, decay, distances(t), [t, t]), normaliser);
  },
};
