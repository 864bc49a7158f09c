/** @file Family fla: kernels of flash-linear-attention in their plain, unoptimised form. */
import { vjp } from '../../autograd/vjp.ts';
import { emptyState } from '../../nn/retention/inputs.ts';
import { parallelRetention } from '../../nn/retention/parallel.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import { type Adapter, answer, once, realIn } from './case.ts';
import { choiceIn, integerIn } from './config.ts';

/** The decay the source gives head h, whatever the number of heads: `γ_h = 1 − 2^(−5−h)`. */
const decayOfHead = (h: number): number => 1 - 2 ** (-5 - h);

/**
 * Kind naive_retention: `o_n = d^(−1/2) Σ_{m≤n} γ_h^(n−m) (q_n·k_m) v_m`, all of it [b, h, t, ·], not rotated and not
 * normalised; the differentiated scalar is `Σ o ∘ probe_o`. Throws on another layout and on shapes unlike the config's.
 */
export const naiveRetention: Adapter = (testCase) => {
  const { config } = testCase;
  choiceIn(config, 'layout', ['BHTD']);
  const [b, h, t] = [integerIn(config, 'batch'), integerIn(config, 'heads'), integerIn(config, 'seq_len')];
  const [d, e] = [integerIn(config, 'dk'), integerIn(config, 'dv')];
  const inputs = {
    q: realIn(testCase, 'in/q', [b, h, t, d]),
    k: realIn(testCase, 'in/k', [b, h, t, d]),
    v: realIn(testCase, 'in/v', [b, h, t, e]),
  };
  const decay = Array.from({ length: h }, (_, head) => decayOfHead(head));
  const run = once(() =>
    vjp(
      ({ q, k, v }: typeof inputs) =>
        parallelRetention({ q: scale(q, d ** -0.5), k, v, decay }, emptyState({ q, v })).output,
      inputs,
    ),
  );
  const probe = once(() => realIn(testCase, 'in/probe_o', [b, h, t, e]));
  const gradient = once(() => run().pullback(probe()));
  return {
    tensors: {
      'out/o': () => answer(run().value),
      'out/scalar': () => answer(sum(mul(run().value, probe()), [0, 1, 2, 3])),
      'grad/in/q': () => answer(gradient().q),
      'grad/in/k': () => answer(gradient().k),
      'grad/in/v': () => answer(gradient().v),
    },
  };
};
