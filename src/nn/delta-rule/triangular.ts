/** @file Inverts unit lower triangular matrices. */
import { filledLike } from '../../tensor/operand.ts';
import { neg } from '../../tensor/ops.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import type { Value } from '../../tensor/value.ts';

/**
 * The inverse of `I + M` [b, h, t, s] for a strictly lower triangular M, of which only s < t is read: `[A 0; B D]⁻¹ = [A⁻¹ 0; −D⁻¹ B A⁻¹ D⁻¹]`,
 * down to blocks of one token. It is forward substitution in blocks.
 */
export function unitLowerInverse(m: Value): Value {
  const t = m.shape[2]!;
  if (t <= 1) return filledLike(m, 1, m.shape);
  const half = Math.ceil(t / 2);
  const block = (rows: readonly [number, number], columns: readonly [number, number]): Value =>
    slice(slice(m, 2, ...rows), 3, ...columns);
  const first = unitLowerInverse(block([0, half], [0, half]));
  const second = unitLowerInverse(block([half, t], [half, t]));
  const below = neg(einsum('bhtr,bhrs->bhts', second, einsum('bhtr,bhrs->bhts', block([half, t], [0, half]), first)));
  return concat([pad(first, 3, 0, t - half), concat([below, second], 3)], 2);
}
