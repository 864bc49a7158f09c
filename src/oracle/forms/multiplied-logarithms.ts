/**
 * @file Powers of γ as exponentials of differences of products: `γ^{t−s} = exp(t log γ − s log γ)`, as gated kernels compute them if
 * the gate is the same at each token. A fused multiply-add rounds one of both products, so that not even the decay of a token on itself
 * is exactly 1.
 */
import type { Left } from '../../nn/linear-attention/parallel.ts';
import { constantLike } from '../../tensor/operand.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { select } from '../../tensor/primitives/select.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import type { Value } from '../../tensor/value.ts';
import { along, maskOf } from './token-pairs.ts';

/** Products of decays from logarithms [..., t, ...] that are equal along their time axis. */
export function byMultipliedLogarithms(logs: Value, axis: number): Left {
  const t = logs.shape[axis]!;
  const counts = Float64Array.from({ length: t }, (_, i) => i + 1);
  const products = mul(logs, constantLike(logs, counts, [t, ...logs.shape.slice(axis + 1).map(() => 1)]));
  const differences = sub(along(products, axis, 't'), along(products, axis, 's'));
  const seen = add(maskOf(differences, axis, 'before'), maskOf(differences, axis, 'same'));
  return {
    ofTokens: select(seen, stored(exp(select(seen, differences, 0)), 'decay'), 0),
    ofState: stored(exp(products), 'decay'),
  };
}
