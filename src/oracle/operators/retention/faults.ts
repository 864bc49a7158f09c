/** @file Faults of retention, modelled on real bugs: the initial and final state, incomplete chunks, decay, gradients. */

import { chunkwiseRetention } from '../../../nn/retention/chunkwise.ts';
import { decayPowers } from '../../../nn/retention/decay-tables.ts';
import { parallelRetention } from '../../../nn/retention/parallel.ts';
import { recurrentRetention } from '../../../nn/retention/recurrent.ts';
import { constantLike, zerosLike } from '../../../tensor/operand.ts';
import { chunks } from '../../../tensor/ops.ts';
import { abs } from '../../../tensor/primitives/abs.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { batchFaultsOf, zeroed } from '../../batch-faults.ts';
import { ofSequence, statesByName, statesOf } from '../../batchable.ts';
import { faultsOf } from '../../fault.ts';
import { scaledQueries } from '../shared/query-scale.ts';
import { withFaultsOfScale } from '../shared/query-scale-faults.ts';
import { retaining } from '../shared/retention.ts';
import { retention } from './operator.ts';

/** Makes γ of each head a constant that broadcasts to values [b, h, t, e]. */
const gammas = (x: Value, decay: readonly number[]): Value =>
  constantLike(x, Float64Array.from(decay), [decay.length, 1, 1]);

const rounded = (x: Value): Value => {
  const lost = x.on.read(x.data).map((number) => Math.fround(number) - number);
  return add(x, constantLike(x, lost, x.shape));
};

/** Replaces each token by the next one, and the last by zeros. */
const next = (x: Value): Value => pad(slice(x, 2, 1, x.shape[2]!), 2, 0, 1);

export const retentionFaults = [
  ...faultsOf(
    retention,
    withFaultsOfScale(retention, [
      {
        mode: 'parallel',
        name: 'decay-once-too-often',
        says: 'a token decays in the step that writes it: S_t = γ (S_{t−1} + kᵀv)',
        rejectedBy: ['definition', 'modes', 'derivative', 'dyadic'],
        program: retaining(({ v, state, ...rest }) =>
          parallelRetention({ ...rest, v: mul(v, gammas(v, rest.decay)) }, state),
        ),
      },
      {
        mode: 'parallel',
        name: 'state-ignored',
        says: 'starts from zero and ignores the given state',
        rejectedBy: ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
        program: retaining(({ state, ...rest }) => {
          const { output, state: own } = parallelRetention(rest, zerosLike(state));
          return { output, state: own };
        }),
      },
      {
        mode: 'parallel',
        name: 'state-not-decayed',
        says: 'reads the initial state without its powers of γ',
        rejectedBy: ['definition', 'resumable'],
        program: retaining(({ state, ...rest }) => {
          const { output } = parallelRetention(rest, zerosLike(state));
          const carried = einsum('bhtd,bhde->bhte', rest.q, state);
          return { output: add(output, carried), state: parallelRetention(rest, state).state };
        }),
      },
      {
        mode: 'recurrent',
        name: 'last-token-not-stored',
        says: 'hands over the state before the last token',
        rejectedBy: ['definition', 'resumable', 'decoding'],
        program: retaining(({ state, ...rest }) => {
          const { output } = recurrentRetention(rest, state);
          const [q, k, v] = [rest.q, rest.k, rest.v].map((x) => slice(x, 2, 0, Math.max(0, x.shape[2]! - 1))) as [
            Value,
            Value,
            Value,
          ];
          return { output, state: recurrentRetention({ q, k, v, decay: rest.decay }, state).state };
        }),
      },
      {
        mode: 'parallel',
        name: 'future-leaks',
        says: 'a score reaches one token ahead',
        rejectedBy: ['definition', 'causal'],
        program: retaining(({ state, ...rest }) => {
          const ahead = einsum('bhtd,bhtd->bht', rest.q, next(rest.k));
          const leak = einsum('bht,bhte->bhte', ahead, next(rest.v));
          const result = parallelRetention(rest, state);
          return { ...result, output: add(result.output, leak) };
        }),
      },
      {
        mode: 'chunkwise',
        name: 'carry-lost',
        says: 'every chunk starts from the initial state; the final state, computed apart, is right',
        rejectedBy: ['definition', 'modes', 'chunks'],
        program: retaining(({ chunkSize, decay, q, k, v, state }) => {
          const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
          const outputs = qs.map(
            (part, i) => parallelRetention({ q: part, k: ks[i]!, v: vs[i]!, decay }, state).output,
          );
          return { output: concat(outputs, 2), state: parallelRetention({ q, k, v, decay }, state).state };
        }),
      },
      {
        mode: 'chunkwise',
        name: 'padding-decays-state',
        says: 'zeros that fill the last chunk decay the state like tokens',
        rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
        program: retaining(({ chunkSize, decay, q, k, v, state }) => {
          const t = q.shape[2]!;
          const missing = (chunkSize - (t % chunkSize)) % chunkSize;
          const [qs, ks, vs] = [q, k, v].map((x) => pad(x, 2, 0, missing)) as [Value, Value, Value];
          const result = chunkwiseRetention(chunkSize)({ q: qs, k: ks, v: vs, decay }, state);
          return { output: slice(result.output, 2, 0, t), state: result.state };
        }),
      },
      {
        mode: 'parallel',
        name: 'state-detached',
        says: 'no gradient reaches the initial state',
        rejectedBy: ['modes', 'derivative', 'resumable'],
        program: retaining(({ state, ...rest }) => parallelRetention(rest, stopGradient(state))),
      },
      {
        mode: 'chunkwise',
        name: 'gradient-stops-at-chunks',
        says: 'forward exact, but no gradient crosses a chunk boundary',
        rejectedBy: ['modes', 'chunks', 'derivative', 'dyadic'],
        program: retaining(({ chunkSize, decay, q, k, v, state }) => {
          const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
          let s = state;
          const outputs = qs.map((part, i) => {
            const result = parallelRetention({ q: part, k: ks[i]!, v: vs[i]!, decay }, s);
            s = i + 1 < qs.length ? stopGradient(result.state) : result.state;
            return result.output;
          });
          return { output: concat(outputs, 2), state: s };
        }),
      },
      {
        mode: 'parallel',
        name: 'heads-share-decay',
        says: "every head uses the first one's γ",
        rejectedBy: ['definition', 'permutes'],
        program: retaining(({ state, decay, ...rest }) =>
          parallelRetention({ ...rest, decay: decay.map(() => decay[0]!) }, state),
        ),
      },
      {
        mode: 'recurrent',
        name: 'batch-shares-state',
        says: 'every sequence starts from the state of the first',
        rejectedBy: ['definition', 'permutes'],
        program: retaining(({ state, ...rest }) =>
          recurrentRetention(rest, broadcast(slice(state, 0, 0, 1), state.shape)),
        ),
      },
      {
        mode: 'parallel',
        name: 'output-normalised',
        says: 'outputs divided by their size, as a hidden norm does',
        rejectedBy: ['definition', 'linear'],
        program: retaining(({ state, ...rest }) => {
          const result = parallelRetention(rest, state);
          return { ...result, output: div(result.output, add(abs(result.output), 1)) };
        }),
      },
      {
        mode: 'parallel',
        name: 'powers-by-exp',
        says: 'γⁿ as exp(n log γ): right within rounding, not to the bit',
        rejectedBy: ['dyadic'],
        program: retaining(({ decay, q, k, v, state }) => {
          const t = q.shape[2]!;
          const exact = decayPowers(decay, t + 1);
          const skew = Float64Array.from({ length: decay.length * t }, (_, i) => {
            const [h, n] = [Math.floor(i / t), (i % t) + 1];
            return Math.exp(n * Math.log(decay[h]!)) / exact[h * (t + 1) + n]!;
          });
          const result = parallelRetention({ decay, q, k, v }, state);
          return { ...result, output: mul(result.output, constantLike(q, skew, [decay.length, t, 1])) };
        }),
      },
      {
        mode: 'recurrent',
        name: 'single-precision',
        says: 'computed in f32 but declared f64',
        rejectedBy: ['definition'],
        program: retaining(({ state, ...rest }) => {
          const result = recurrentRetention(rest, state);
          return { output: rounded(result.output), state: rounded(result.state) };
        }),
      },
    ]),
  ),
  ...batchFaultsOf(retention, [
    {
      mode: 'parallel',
      name: 'padding-decays-state',
      says: 'padding has keys and values of 0, but decays the state like tokens',
      rejectedBy: ['padded'],
      program: (inputs, { batch, decay, scale }) => {
        const scaled = scaledQueries(inputs, { scale });
        const [q, k, v] = [scaled.q, scaled.k, scaled.v].map((x) => zeroed(x, batch)) as [Value, Value, Value];
        const { output, state } = parallelRetention({ q, k, v, decay }, concat(statesOf(inputs, batch, 'state'), 0));
        return { output, ...statesByName(batch.spans.map((_, i) => ({ state: slice(state, 0, i, i + 1) }))) };
      },
    },
    {
      mode: 'parallel',
      name: 'boundaries-ignored',
      says: 'a packed row is read as one sequence; only the final states are right',
      rejectedBy: ['packed'],
      program: (inputs, settings, run) => {
        const { q, k, v } = scaledQueries(inputs, settings);
        const { output } = parallelRetention({ q, k, v, decay: settings.decay }, inputs[ofSequence('state', 0)]!);
        return { ...run(inputs, settings), output };
      },
    },
  ]),
];
