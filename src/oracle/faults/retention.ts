/** @file Wrong retentions, after bugs that were found in the wild: hand-off of the state, ragged chunks, decay, gradients. */
import { chunkwiseRetention } from '../../nn/retention/chunkwise.ts';
import { decayPowers, decaySums } from '../../nn/retention/decay-tables.ts';
import type { RetentionResult } from '../../nn/retention/inputs.ts';
import { normalisedRetention } from '../../nn/retention/normalised.ts';
import { parallelRetention } from '../../nn/retention/parallel.ts';
import { recurrentRetention } from '../../nn/retention/recurrent.ts';
import { normalisedDecayMatrix } from '../../nn/retention/torchscale.ts';
import { input } from '../../tensor/input.ts';
import { constantLike, zerosLike } from '../../tensor/operand.ts';
import { chunks, div } from '../../tensor/ops.ts';
import { abs } from '../../tensor/primitives/abs.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { minimum } from '../../tensor/primitives/minimum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { sum } from '../../tensor/primitives/sum.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import type { RetentionSettings } from '../operators/retention.ts';

interface Inputs extends RetentionSettings {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly state: Value;
}

/** A fault of one of the retention operators. */
const fault = (
  operator: string,
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: Inputs) => RetentionResult,
): Fault<RetentionSettings> => ({
  operator,
  mode,
  name,
  says,
  rejectedBy,
  program: ({ q, k, v, state }, settings) => ({ ...run({ q: q!, k: k!, v: v!, state: state!, ...settings }) }),
});

/** γ of each head beside values [b, h, …] of rank 4. */
const gammas = (x: Value, decay: readonly number[]): Value =>
  constantLike(x, Float64Array.from(decay), [decay.length, 1, 1]);

const rounded = (x: Value): Value =>
  input(
    x.on.root,
    x.on.read(x.data).map((number) => Math.fround(number)),
    x.shape,
  );

/** The token after each one; after the last, zeros. */
const next = (x: Value): Value => pad(slice(x, 2, 1, x.shape[2]!), 2, 0, 1);

const plainFaults = [
  fault(
    'retention',
    'parallel',
    'decay-once-too-often',
    'a token decays in the step that writes it: S_t = γ (S_{t−1} + kᵀv)',
    ['definition', 'modes', 'derivative', 'dyadic'],
    ({ v, state, ...rest }) => parallelRetention({ ...rest, v: mul(v, gammas(v, rest.decay)) }, state),
  ),
  fault(
    'retention',
    'parallel',
    'state-ignored',
    'starts from an empty state whatever it is given',
    ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
    ({ state, ...rest }) => {
      const { output, state: own } = parallelRetention(rest, zerosLike(state));
      return { output, state: own };
    },
  ),
  fault(
    'retention',
    'parallel',
    'state-not-decayed',
    'reads the initial state without its powers of γ',
    ['definition', 'resumable'],
    ({ state, ...rest }) => {
      const { output } = parallelRetention(rest, zerosLike(state));
      const carried = einsum('bhtd,bhde->bhte', rest.q, state);
      return { output: add(output, carried), state: parallelRetention(rest, state).state };
    },
  ),
  fault(
    'retention',
    'recurrent',
    'last-token-not-stored',
    'hands over the state before the last token',
    ['definition', 'resumable', 'decoding'],
    ({ state, ...rest }) => {
      const { output } = recurrentRetention(rest, state);
      const [q, k, v] = [rest.q, rest.k, rest.v].map((x) => slice(x, 2, 0, Math.max(0, x.shape[2]! - 1))) as [
        Value,
        Value,
        Value,
      ];
      return { output, state: recurrentRetention({ q, k, v, decay: rest.decay }, state).state };
    },
  ),
  fault(
    'retention',
    'parallel',
    'future-leaks',
    'a score reaches one token ahead',
    ['definition', 'causal'],
    ({ state, ...rest }) => {
      const ahead = einsum('bhtd,bhtd->bht', rest.q, next(rest.k));
      const leak = einsum('bht,bhte->bhte', ahead, next(rest.v));
      const result = parallelRetention(rest, state);
      return { ...result, output: add(result.output, leak) };
    },
  ),
  fault(
    'retention',
    'chunkwise',
    'carry-lost',
    'every chunk starts from the initial state',
    ['definition', 'modes', 'chunks'],
    ({ chunkSize, decay, q, k, v, state }) => {
      const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
      const outputs = qs.map((part, i) => parallelRetention({ q: part, k: ks[i]!, v: vs[i]!, decay }, state).output);
      return { output: concat(outputs, 2), state: parallelRetention({ q, k, v, decay }, state).state };
    },
  ),
  fault(
    'retention',
    'chunkwise',
    'padding-decays-state',
    'zeros that fill the last chunk decay the state like tokens',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    ({ chunkSize, decay, q, k, v, state }) => {
      const t = q.shape[2]!;
      const missing = (chunkSize - (t % chunkSize)) % chunkSize;
      const [qs, ks, vs] = [q, k, v].map((x) => pad(x, 2, 0, missing)) as [Value, Value, Value];
      const result = chunkwiseRetention(chunkSize)({ q: qs, k: ks, v: vs, decay }, state);
      return { output: slice(result.output, 2, 0, t), state: result.state };
    },
  ),
  fault(
    'retention',
    'parallel',
    'state-detached',
    'no gradient reaches the initial state',
    ['modes', 'derivative', 'resumable'],
    ({ state, ...rest }) => parallelRetention(rest, stopGradient(state)),
  ),
  fault(
    'retention',
    'chunkwise',
    'gradient-stops-at-chunks',
    'forward exact, but no gradient crosses a chunk boundary',
    ['modes', 'chunks', 'derivative', 'dyadic'],
    ({ chunkSize, decay, q, k, v, state }) => {
      const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
      let s = state;
      const outputs = qs.map((part, i) => {
        const result = parallelRetention({ q: part, k: ks[i]!, v: vs[i]!, decay }, s);
        s = i + 1 < qs.length ? stopGradient(result.state) : result.state;
        return result.output;
      });
      return { output: concat(outputs, 2), state: s };
    },
  ),
  fault(
    'retention',
    'parallel',
    'heads-share-decay',
    "every head uses the first one's γ",
    ['definition', 'permutes'],
    ({ state, decay, ...rest }) => parallelRetention({ ...rest, decay: decay.map(() => decay[0]!) }, state),
  ),
  fault(
    'retention',
    'recurrent',
    'batch-shares-state',
    'every sequence starts from the state of the first',
    ['definition', 'permutes'],
    ({ state, ...rest }) => recurrentRetention(rest, broadcast(slice(state, 0, 0, 1), state.shape)),
  ),
  fault(
    'retention',
    'parallel',
    'output-normalised',
    'outputs divided by their size, as a hidden norm does',
    ['definition', 'linear'],
    ({ state, ...rest }) => {
      const result = parallelRetention(rest, state);
      return { ...result, output: div(result.output, add(abs(result.output), 1)) };
    },
  ),
  fault(
    'retention',
    'parallel',
    'powers-by-exp',
    'γⁿ as exp(n log γ): right within rounding, not to the bit',
    ['dyadic'],
    ({ decay, q, k, v, state }) => {
      const t = q.shape[2]!;
      const exact = decayPowers(decay, t + 1);
      const skew = Float64Array.from({ length: decay.length * t }, (_, i) => {
        const [h, n] = [Math.floor(i / t), (i % t) + 1];
        return Math.exp(n * Math.log(decay[h]!)) / exact[h * (t + 1) + n]!;
      });
      const result = parallelRetention({ decay, q, k, v }, state);
      return { ...result, output: mul(result.output, constantLike(q, skew, [decay.length, t, 1])) };
    },
  ),
  fault(
    'retention',
    'recurrent',
    'single-precision',
    'computed in f32 but declared f64',
    ['definition'],
    ({ state, ...rest }) => {
      const result = recurrentRetention(rest, state);
      return { output: rounded(result.output), state: rounded(result.state) };
    },
  ),
];

const normalisedFaults = [
  fault(
    'decayRetention',
    'recurrent',
    'position-restarts',
    'λ is counted from the first token of the call',
    ['definition', 'resumable', 'decoding'],
    ({ state, ...rest }) => normalisedRetention('decay', { name: 'recurrent' }, rest, state, { position: 0, path: '' }),
  ),
  fault(
    'decayRetention',
    'parallel',
    'root-missing',
    'divided by λ instead of √λ',
    ['definition', 'modes', 'derivative'],
    ({ state, position, ...rest }) => {
      const once = normalisedRetention('decay', { name: 'parallel' }, rest, state, { position, path: '' });
      const rows = decaySums(rest.decay, position, rest.q.shape[2]!).map((total) => 1 / Math.sqrt(total));
      const again = constantLike(rest.q, rows, [rest.decay.length, rest.q.shape[2]!, 1]);
      return { ...once, output: mul(once.output, again) };
    },
  ),
  fault(
    'torchscaleRetention',
    'parallel',
    'rows-not-divided',
    'the clamped row sum is left out',
    ['definition'],
    ({ state, position, ...rest }) =>
      normalisedRetention('decay', { name: 'parallel' }, rest, state, { position, path: '' }),
  ),
  fault(
    'torchscaleRetention',
    'parallel',
    'divisor-differentiated',
    'the row sum is differentiated like anything else',
    ['derivative'],
    ({ q, k, v, decay, state }) => {
      const [, h, t] = q.shape as readonly [number, number, number, number];
      const weights = constantLike(q, normalisedDecayMatrix(decay, t), [h, t, t]);
      const scores = mul(einsum('bhtd,bhsd->bhts', q, k), weights);
      const divisor = minimum(maximum(sum(abs(scores), [3]), 1), 5e4);
      const output = einsum('bhts,bhse->bhte', div(scores, reshape(divisor, [...divisor.shape, 1])), v);
      return { output, state: parallelRetention({ q, k, v, decay }, state).state };
    },
  ),
  fault(
    'torchscaleRetention',
    'chunkwise',
    'state-size-ignored',
    "a chunk is divided by its own scores alone, not by the state's size",
    ['definition'],
    ({ state, chunkSize, decay, q, k, v }) => {
      const [qs, ks, vs] = [q, k, v].map((x) => chunks(x, 2, chunkSize)) as [Value[], Value[], Value[]];
      const outputs = qs.map((part, i) => {
        const inputs = { q: part, k: ks[i]!, v: vs[i]!, decay };
        return normalisedRetention('torchscale', { name: 'parallel' }, inputs, zerosLike(state)).output;
      });
      return { output: concat(outputs, 2), state: parallelRetention({ decay, q, k, v }, state).state };
    },
  ),
  fault(
    'torchscaleRetention',
    'recurrent',
    'state-ignored',
    'starts from an empty state whatever it is given',
    ['resumable'],
    ({ state, position, ...rest }) =>
      normalisedRetention('torchscale', { name: 'recurrent' }, rest, zerosLike(state), { position, path: '' }),
  ),
];

export const retentionFaults: readonly Fault<RetentionSettings>[] = [...plainFaults, ...normalisedFaults];
