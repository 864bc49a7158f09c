/** @file Wrong linear attentions, gated and plain, and wrong state space dualities. */

import { chunkwiseLinearAttention } from '../../nn/linear-attention/chunkwise.ts';
import type { LinearAttentionInputs, LinearAttentionResult } from '../../nn/linear-attention/inputs.ts';
import { normalisedLinearAttention } from '../../nn/linear-attention/normalised.ts';
import { parallelLinearAttention } from '../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../nn/linear-attention/recurrent.ts';
import { stateSpaceDuality } from '../../nn/state-space-duality.ts';
import { constantLike, filledLike, zerosLike } from '../../tensor/operand.ts';
import { at, chunks, div, stack, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { exp } from '../../tensor/primitives/exp.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { maximum } from '../../tensor/primitives/maximum.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { scale } from '../../tensor/primitives/scale.ts';
import { select } from '../../tensor/primitives/select.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import {
  type AttentionSettings,
  normalisedLinearAttention as normalisedOperator,
  stateSpaceDuality as stateSpaceDualityOperator,
} from '../operators/linear-attention.ts';
import type { Named } from '../program.ts';

interface Inputs extends LinearAttentionInputs, AttentionSettings {
  readonly state: Value;
}

/** A fault of gated or of plain linear attention; of an empty sequence it makes nothing wrong. */
const fault = (
  operator: 'simpleGla' | 'linearAttention',
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: Inputs) => LinearAttentionResult,
): Fault<AttentionSettings> => ({
  operator,
  mode,
  name,
  says,
  rejectedBy,
  program: ({ q, k, v, gate, state }, settings) => {
    const inputs = { q: q!, k: k!, v: v!, gate, state: state!, ...settings };
    return { ...(q!.shape[2] === 0 ? recurrentLinearAttention(inputs, state!) : run(inputs)) };
  },
});

/** A fault of state space duality; likewise. */
const dualFault = (
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: Named, settings: AttentionSettings) => { readonly output: Value; readonly state: Value },
): Fault<AttentionSettings> => ({
  operator: 'stateSpaceDuality',
  mode,
  name,
  says,
  rejectedBy,
  program: (inputs, settings) =>
    inputs.x!.shape[2] === 0 ? stateSpaceDualityOperator.modes[mode]!(inputs, settings) : { ...run(inputs, settings) },
});

/** A fault of normalised linear attention; likewise. */
const normalisedFault = (
  mode: string,
  name: string,
  says: string,
  rejectedBy: readonly string[],
  run: (inputs: Inputs & { readonly keySum: Value }) => Named,
): Fault<AttentionSettings> => ({
  operator: 'normalisedLinearAttention',
  mode,
  name,
  says,
  rejectedBy,
  program: (inputs, settings) => {
    const { q, k, v, state, keySum } = inputs;
    if (q!.shape[2] === 0) return normalisedOperator.modes[mode]!(inputs, settings);
    return run({ q: q!, k: k!, v: v!, state: state!, keySum: keySum!, ...settings });
  },
});

/** Chunks one after another by a mode, the state between them changed. */
function inChunks(
  { chunkSize, state, ...inputs }: Inputs,
  handOver: (left: Value, start: Value) => Value,
): LinearAttentionResult {
  const cut = (x: Value): Value[] => chunks(x, 2, chunkSize);
  const [qs, ks, vs, gates] = [cut(inputs.q), cut(inputs.k), cut(inputs.v), inputs.gate && cut(inputs.gate)];
  let s = state;
  const outputs = qs.map((q, i) => {
    const result = parallelLinearAttention({ q, k: ks[i]!, v: vs[i]!, gate: gates?.[i] }, s);
    s = i + 1 < qs.length ? handOver(result.state, state) : result.state;
    return result.output;
  });
  return { output: concat(outputs, 2), state: s };
}

/** Decays from token to token as exp of a difference of sums of gates, masked when it is too late: [b, h, t, s]. */
function lateMasked(gate: Value): Value {
  const [b, h, t] = gate.shape as readonly [number, number, number];
  const sums = linearScan(filledLike(gate, 1, gate.shape), gate, zerosLike(gate, [b, h]), 2);
  const decays = exp(sub(reshape(sums, [b, h, t, 1]), reshape(sums, [b, h, 1, t])));
  const below = Float64Array.from({ length: t * t }, (_, i) => (i % t <= Math.floor(i / t) ? 1 : 0));
  return select(constantLike(gate, below, [t, t]), decays, 0);
}

/** Gated linear attention in parallel mode with given decays from token to token. */
function withDecays({ q, k, v, gate, state }: Inputs, decays: Value): LinearAttentionResult {
  const scores = mul(einsum('bhtd,bhsd->bhts', q, k), decays);
  const carried = parallelLinearAttention({ q, k: zerosLike(k), v, gate }, state).output;
  return {
    output: add(einsum('bhts,bhse->bhte', scores, v), carried),
    state: recurrentLinearAttention({ q, k, v, gate }, state).state,
  };
}

const gated: readonly Fault<AttentionSettings>[] = [
  fault(
    'simpleGla',
    'parallel',
    'exp-before-mask',
    'exp of differences of sums of gates, masked afterwards: forward right, 0 · ∞ in the gradient; ∞ − ∞ after a reset',
    ['modes', 'derivative'],
    (inputs) => withDecays(inputs, lateMasked(inputs.gate!)),
  ),
  fault(
    'simpleGla',
    'recurrent',
    'first-gate-spares-state',
    'the gate of the first token does not decay the initial state',
    ['definition', 'resumable', 'derivative', 'dyadic'],
    ({ gate, state, ...inputs }) => {
      const later = slice(gate!, 2, 1, gate!.shape[2]!);
      return recurrentLinearAttention({ ...inputs, gate: pad(later, 2, 1, 0) }, state);
    },
  ),
  fault(
    'simpleGla',
    'parallel',
    'gates-to-base-two',
    'gates read as powers of 2',
    ['definition', 'modes', 'derivative'],
    ({ gate, state, ...inputs }) => parallelLinearAttention({ ...inputs, gate: scale(gate!, Math.LN2) }, state),
  ),
  fault(
    'simpleGla',
    'chunkwise',
    'resets-clamped',
    'gates are clamped at −20, so that a reset leaves 2·10⁻⁹ of the state',
    ['definition', 'modes', 'chunks', 'dyadic'],
    ({ gate, state, chunkSize, ...inputs }) =>
      chunkwiseLinearAttention(chunkSize)({ ...inputs, gate: maximum(gate!, -20) }, state),
  ),
  fault(
    'simpleGla',
    'chunkwise',
    'padding-decays-state',
    'tokens that fill the last chunk decay the state like the last one',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    ({ gate, state, chunkSize, ...inputs }) => {
      const t = gate!.shape[2]!;
      const missing = (chunkSize - (t % chunkSize)) % chunkSize;
      const [q, k, v] = [inputs.q, inputs.k, inputs.v].map((x) => pad(x, 2, 0, missing)) as [Value, Value, Value];
      const last = slice(gate!, 2, t - 1, t);
      const filled = concat([gate!, ...Array.from({ length: missing }, () => last)], 2);
      const result = chunkwiseLinearAttention(chunkSize)({ q, k, v, gate: filled }, state);
      return { output: slice(result.output, 2, 0, t), state: result.state };
    },
  ),
  fault(
    'simpleGla',
    'chunkwise',
    'carry-lost',
    'every chunk starts from the initial state',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    (inputs) => inChunks(inputs, (_left, start) => start),
  ),
  fault(
    'simpleGla',
    'chunkwise',
    'gradient-stops-at-chunks',
    'forward exact, but no gradient crosses a chunk boundary',
    ['modes', 'chunks', 'derivative', 'dyadic'],
    (inputs) => inChunks(inputs, stopGradient),
  ),
  fault(
    'simpleGla',
    'recurrent',
    'open-gates-decay',
    'a gate of 0 leaves a little less than everything',
    ['reduces', 'definition', 'dyadic'],
    ({ gate, state, ...inputs }) => recurrentLinearAttention({ ...inputs, gate: add(gate!, -(2 ** -20)) }, state),
  ),
  fault(
    'linearAttention',
    'parallel',
    'own-token-masked',
    'a token does not read itself',
    ['definition', 'modes', 'derivative', 'dyadic'],
    ({ q, k, v, state }) => {
      const result = parallelLinearAttention({ q, k, v }, state);
      const own = mul(v, reshape(einsum('bhtd,bhtd->bht', q, k), [...q.shape.slice(0, 3), 1]));
      return { ...result, output: sub(result.output, own) };
    },
  ),
  fault(
    'linearAttention',
    'chunkwise',
    'carry-lost',
    'every chunk starts from the initial state',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    (inputs) => inChunks(inputs, (_left, start) => start),
  ),
  fault(
    'linearAttention',
    'parallel',
    'state-ignored',
    'starts from an empty state whatever it is given',
    ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
    ({ state, ...inputs }) => parallelLinearAttention(inputs, zerosLike(state)),
  ),
];

const normalisedFaults: readonly Fault<AttentionSettings>[] = [
  normalisedFault(
    'recurrent',
    'key-sum-restarts',
    'the sum of keys starts from zero at every call, beside a state that goes on',
    ['definition', 'resumable', 'decoding'],
    ({ state, keySum, ...inputs }) => {
      const start = { state, keySum: zerosLike(keySum) };
      const result = normalisedLinearAttention(recurrentLinearAttention)(inputs, start);
      return { output: result.output, ...result.state };
    },
  ),
  normalisedFault(
    'parallel',
    'divisor-detached',
    'no gradient passes through the divisor',
    ['modes', 'derivative'],
    ({ state, keySum, q, k, v }) => {
      const start = { state, keySum };
      const plain = parallelLinearAttention({ q, k, v }, state);
      const result = normalisedLinearAttention(parallelLinearAttention)({ q, k, v }, start);
      const divisor = stopGradient(div(plain.output, result.output));
      return { output: div(plain.output, divisor), ...result.state };
    },
  ),
  normalisedFault(
    'parallel',
    'epsilon-missing',
    'divided by the sum of weights alone',
    ['definition', 'modes'],
    ({ state, keySum, q, k, v }) => {
      const result = normalisedLinearAttention(parallelLinearAttention)({ q, k, v }, { state, keySum });
      const sums = linearScan(filledLike(k, 1, k.shape), k, keySum, 2);
      const weights = einsum('bhtd,bhtd->bht', q, sums);
      const grown = reshape(div(add(weights, 1e-10), weights), [...weights.shape, 1]);
      return { output: mul(result.output, grown), ...result.state };
    },
  ),
  normalisedFault(
    'chunkwise',
    'key-sum-of-last-chunk',
    'the sum of keys that is handed over is the one of the last chunk alone',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    ({ state, keySum, chunkSize, q, k, v }) => {
      const result = normalisedLinearAttention(chunkwiseLinearAttention(chunkSize))({ q, k, v }, { state, keySum });
      const last = chunks(k, 2, chunkSize).at(-1)!;
      const ones = filledLike(last, 1, last.shape.slice(0, 3));
      return { output: result.output, state: result.state.state, keySum: einsum('bht,bhtd->bhd', ones, last) };
    },
  ),
];

/** B or C whose groups are dealt out in turn, head a to group a mod g: a row for each head. */
const dealt = (rows: Value, heads: number): Value =>
  stack(
    Array.from({ length: heads }, (_, a) => at(rows, 1, a % rows.shape[1]!)),
    1,
  );

const dual = ({ x, gate, b, c }: Named) => ({ x: x!, gate: gate!, b: b!, c: c! });

const dualFaults: readonly Fault<AttentionSettings>[] = [
  dualFault(
    'parallel',
    'groups-misassigned',
    'head a takes the rows of group a mod g',
    ['definition', 'modes', 'derivative', 'dyadic'],
    (inputs) => {
      const heads = inputs.x!.shape[1]!;
      const rows = { b: dealt(inputs.b!, heads), c: dealt(inputs.c!, heads) };
      return stateSpaceDuality(parallelLinearAttention)({ ...dual(inputs), ...rows }, inputs.state!);
    },
  ),
  dualFault(
    'chunkwise',
    'state-added-at-every-block',
    'the initial state is added at every block as it is',
    ['definition', 'modes', 'chunks'],
    (inputs, { chunkSize }) =>
      stateSpaceDuality((rest, state) => inChunks({ ...rest, state, chunkSize }, (left, start) => add(left, start)))(
        dual(inputs),
        inputs.state!,
      ),
  ),
  dualFault(
    'chunkwise',
    'padding-decays-state',
    'the last block is filled with tokens that decay as the last one does',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    (inputs, { chunkSize }) => {
      const { x, gate, b, c } = dual(inputs);
      const t = x.shape[2]!;
      const missing = (chunkSize - (t % chunkSize)) % chunkSize;
      const fill = (one: Value): Value => pad(one, 2, 0, missing);
      const last = slice(gate, 2, t - 1, t);
      const filled = concat([gate, ...Array.from({ length: missing }, () => last)], 2);
      const block = stateSpaceDuality(chunkwiseLinearAttention(chunkSize));
      const result = block({ x: fill(x), gate: filled, b: fill(b), c: fill(c) }, inputs.state!);
      return { output: slice(result.output, 2, 0, t), state: result.state };
    },
  ),
  dualFault(
    'parallel',
    'exp-before-mask',
    'exp of differences of sums of log decays, masked afterwards: 0 · ∞ in the gradient',
    ['modes', 'derivative'],
    (inputs, settings) =>
      stateSpaceDuality((rest, state) => withDecays({ ...rest, state, ...settings }, lateMasked(rest.gate!)))(
        dual(inputs),
        inputs.state!,
      ),
  ),
  dualFault('recurrent', 'gate-detached', 'no gradient reaches the log decays', ['derivative', 'resumable'], (inputs) =>
    stateSpaceDuality(recurrentLinearAttention)({ ...dual(inputs), gate: stopGradient(inputs.gate!) }, inputs.state!),
  ),
];

export const linearAttentionFaults: readonly Fault[] = [...gated, ...normalisedFaults, ...dualFaults];
