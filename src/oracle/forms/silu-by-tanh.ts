/** @file SiLU by the hyperbolic tangent: `x ½ (1 + tanh(x/2))`. Its digits cancel where x is far below 0. */
import { withPullback } from '../../autograd/with-pullback.ts';
import { sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sigmoid } from '../../tensor/primitives/sigmoid.ts';
import type { Value } from '../../tensor/value.ts';

/** σ(x) as `½ (1 + t)`, where the primitives have t = tanh(x/2) as `2 σ(x) − 1`. */
const byTanh = (x: Value): Value => scale(add(sub(scale(sigmoid(x), 2), 1), 1), 0.5);

/** `x σ(x)`, elementwise, with the slope `σ (1 + x (1 − σ))`. */
export const siluByTanh = (input: Value): Value =>
  withPullback(
    {
      call: 'siluByTanh',
      f: (x: Value) => mul(x, byTanh(x)),
      pullback(x, _y, ct) {
        const σ = byTanh(x);
        return mul(ct, mul(σ, add(mul(x, sub(1, σ)), 1)));
      },
    },
    input,
  );

/** What a form by tanh says and loses. */
export const tanhText = {
  says: 'σ(x) as ½ (1 + tanh(x/2))',
  loses: 'in silu(x) where x is far below 0: 1 + tanh(x/2) cancels',
  isFaultThere: true,
} as const;
