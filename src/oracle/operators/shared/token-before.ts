/** @file Sequences moved along time, for programs that read the wrong token. */
import { pad } from '../../../tensor/primitives/pad.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import type { Value } from '../../../tensor/value.ts';

/** The token before each one of [b, t, …]; before the first, zeros. */
export const tokenBefore = (x: Value): Value =>
  pad(slice(x, 1, 0, Math.max(0, x.shape[1]! - 1)), 1, Math.min(1, x.shape[1]!), 0);
