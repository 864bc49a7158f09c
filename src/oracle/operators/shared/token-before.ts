/** @file Shifts sequences by one token, for faults that read the previous token. */
import { pad } from '../../../tensor/primitives/pad.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import type { Value } from '../../../tensor/value.ts';

/** Replaces each token of x [b, t, …] by the previous one, and the first by zeros. */
export const tokenBefore = (x: Value): Value =>
  pad(slice(x, 1, 0, Math.max(0, x.shape[1]! - 1)), 1, Math.min(1, x.shape[1]!), 0);
