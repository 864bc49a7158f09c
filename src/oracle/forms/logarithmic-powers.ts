/** @file Powers of real diagonal decays as exponentials: `a^τ = sign(a)^τ exp(τ log |a|)`. */
import type { Powers } from '../../nn/ssm/powers.ts';
import { constantLike } from '../../tensor/operand.ts';
import { abs } from '../../tensor/primitives/abs.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { log } from '../../tensor/primitives/log.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { select } from '../../tensor/primitives/select.ts';
import { sign } from '../../tensor/primitives/sign.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { mapTree } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';

/** Powers of decays [e, n]. They are NaN where a decay is 0. */
export const powersByLogarithm: Powers = (_form, a, count, order) =>
  mapTree(a, (x) => {
    const shape = [count, ...x.shape];
    const along = (entry: (τ: number) => number): Value => {
      const table = Float64Array.from({ length: count }, (_, i) => entry(order === 'rising' ? i : count - 1 - i));
      return broadcast(constantLike(x, table, [count, ...x.shape.map(() => 1)]), shape);
    };
    const isOdd = along((τ) => τ % 2);
    const sizes = exp(
      mul(
        log(abs(x)),
        along((τ) => τ),
      ),
    );
    return stored(mul(select(isOdd, sign(x), 1), sizes), 'decay');
  });
