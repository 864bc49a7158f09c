/**
 * @file Normalised linear attention in two programs: one without divisors, and one that sums the keys and divides. What one program gives
 * the other is stored in the type of outputs, and so are both gradients of a query or key before they are added.
 */
import type { LinearAttention } from '../../nn/linear-attention/inputs.ts';
import { epsilon, type normalisedLinearAttention } from '../../nn/linear-attention/normalised.ts';
import { at } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { div } from '../../tensor/primitives/div.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { stored } from '../../tensor/primitives/stored.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import type { Value } from '../../tensor/value.ts';
import { cumulated } from './cumulated-logarithms.ts';

/** Marks what a program reads or writes. */
const kept = (x: Value): Value => stored(x, 'output');

/** The same function as `normalisedLinearAttention`. */
export const dividedApart: typeof normalisedLinearAttention =
  (attention: LinearAttention) =>
  ({ q, k, v }, before) => {
    const { output, state } = attention({ q: kept(q), k: kept(k), v }, before.state);
    const sums = kept(cumulated(kept(k), 2, { start: before.keySum }));
    const products = kept(mul(kept(q), sums));
    const divisors = kept(add(kept(sum(products, [3])), epsilon));
    const t = q.shape[2]!;
    return {
      output: div(kept(output), reshape(divisors, [...divisors.shape, 1])),
      state: { state, keySum: t === 0 ? before.keySum : at(sums, 2, t - 1) },
    };
  };
