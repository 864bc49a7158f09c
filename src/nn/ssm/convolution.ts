/** @file Computes state space models as convolutions (Eqs. 7 and 8), over the whole sequence or in chunks. */
import { zerosLike } from '../../tensor/operand.ts';
import { chunks } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { type ConvolutionMethod, causalConvolution } from '../../tensor/primitives/causal-convolution.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { reshape } from '../../tensor/primitives/reshape.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { joinTrees, leavesOf, mapTree, withLeaves } from '../../tensor/tree.ts';
import type { Value } from '../../tensor/value.ts';
import type { Form, StateValue } from './form.ts';
import { formOf, type Ssm, type SsmInputs, type SsmResult, ssmAxes } from './inputs.ts';
import { type Powers, powersOf, rows } from './powers.ts';
import { atToken, type States, storedState, tokensOf } from './states.ts';

/** Tables of a convolution of up to t tokens. They do not depend on the input. */
interface Tables<S extends StateValue> {
  /** Eq. 7: `C Ā^i B̄`, [t, e]. */
  readonly kernel: Value;
  /** `Ā¹ … Ā^t`, the factors of the initial state, [t, e, n]. */
  readonly decays: S;
  /** `Ā^{t−1} B̄ … Ā⁰ B̄`, the factor of each token in the last state, [t, e, n]. */
  readonly writes: S;
}

function tablesOf<S extends StateValue>(
  form: Form<S>,
  { a, b, c }: Omit<SsmInputs<S>, 'x'>,
  t: number,
  powersOf: Powers,
): Tables<S> {
  const powers = powersOf(form, a, t + 1, 'rising');
  return {
    kernel: form.read(c, written(form, rows(powers, 0, t), b)),
    decays: rows(powers, 1, t + 1),
    writes: written(form, powersOf(form, a, t, 'falling'), b),
  };
}

/** Computes `Ā^i B̄` for powers of Ā, [i, e, n]. */
function written<S extends StateValue>(form: Form<S>, powers: S, b: S): S {
  const one = mapTree(b, (x) => reshape(x, [1, ...x.shape]));
  return mapTree(form.actAll(powers, one), (x) => reshape(x, x.shape.slice(1)));
}

/** Cuts longer tables to t tokens. */
function shortened<S extends StateValue>({ kernel, decays, writes }: Tables<S>, t: number): Tables<S> {
  const longest = kernel.shape[0]!;
  return { kernel: slice(kernel, 0, 0, t), decays: rows(decays, 0, t), writes: rows(writes, longest - t, longest) };
}

/** Computes `y = x * K̄ + C Ā^t h_0` and `h_T = Σ_i Ā^{T−i} B̄ x_i + Ā^T h_0`, t and i from 1. */
function convolved<S extends StateValue>(
  form: Form<S>,
  { x, c }: SsmInputs<S>,
  { kernel, decays, writes }: Tables<S>,
  state: S,
  method: ConvolutionMethod,
): SsmResult<S> {
  const t = x.shape[1]!;
  const carried = form.actAll(decays, state);
  const own = causalConvolution(x, broadcast(kernel, x.shape), 1, { method });
  const added = mapTree(writes, (part) => einsum('ten,bte->ben', part, x));
  const last = mapTree(carried, (part) => reshape(slice(part, 1, t - 1, t), [part.shape[0]!, ...part.shape.slice(2)]));
  return { output: add(own, form.read(c, carried)), state: storedState(form.plus(added, last)) };
}

/**
 * Eq. 7: `K̄_i = C Ā^i B̄` for i = 0 … t − 1, [t, e]; for conjugate pairs `2 Re C Ā^i B̄`. Supports every decay. Throws on wrong
 * shapes.
 * @example
 * const two = tensor([[2]]);
 * read(ssmKernel({ a: tensor([[0.5]]), b: two, c: two }, 3)) // [4, 2, 1]
 */
export function ssmKernel<S extends StateValue>({ a, b, c }: Omit<SsmInputs<S>, 'x'>, t: number): Value {
  const form = formOf('ssmKernel', 'a', a);
  return form.read(c, written(form, powersOf(form, a, t, 'rising'), b));
}

/** A convolution over the whole sequence, with a formula for powers of Ā. */
export const convolveBy =
  (method: ConvolutionMethod, powers: Powers): Ssm =>
  (inputs, state) => {
    const { form, t } = ssmAxes('convolutionSsm', inputs, state);
    if (t === 0) return { output: zerosLike(inputs.x), state };
    return convolved(form, inputs, tablesOf(form, inputs, t, powers), state, method);
  };

/**
 * Eq. 8: `y = x * K̄`, plus the contribution of the initial state. Supports every decay. Throws on wrong shapes, and where real and
 * complex are mixed.
 * @example
 * const one = tensor([[2]]);
 * read(convolutionSsm('direct')({ x: tensor([[[1], [3]]]), a: one, b: one, c: one }, tensor([[[0]]])).output) // [4, 20]
 */
export const convolutionSsm = (method: ConvolutionMethod): Ssm => convolveBy(method, powersOf);

/** Direct convolutions of chunks of a size, with a formula for powers of Ā. */
export const convolveChunksBy =
  (chunkSize: number, powers: Powers): Ssm =>
  (inputs, state) => {
    const { form, t } = ssmAxes('chunkwiseSsm', inputs, state);
    const parts = chunks(inputs.x, 1, chunkSize);
    if (t === 0) return { output: zerosLike(inputs.x), state };
    const tables = tablesOf(form, inputs, Math.min(t, chunkSize), powers);
    let h = state;
    const outputs = parts.map((x) => {
      const result = convolved(form, { ...inputs, x }, shortened(tables, x.shape[1]!), h, 'direct');
      h = result.state;
      return result.output;
    });
    return { output: concat(outputs, 1), state: h };
  };

/**
 * Computes chunks of `chunkSize` tokens as direct convolutions; the last chunk may be shorter. Each chunk starts from the state of
 * the chunk before. Supports every decay. Throws unless the chunk size is an integer ≥ 1, and as the other modes do.
 * @example
 * const one = tensor([[2]]);
 * read(chunkwiseSsm(1)({ x: tensor([[[1], [3]]]), a: one, b: one, c: one }, tensor([[[0]]])).state) // [10]
 */
export const chunkwiseSsm = (chunkSize: number): Ssm => convolveChunksBy(chunkSize, powersOf);

/**
 * Eq. 13: computes all states of `h_t = Ā h_{t−1} + u_t` as a convolution of u [b, t, e, n] with `Ā⁰, Ā¹, …` in each channel. For a
 * diagonal Ā, each state has its own convolution.
 */
export const convolvedStates =
  (method: ConvolutionMethod): States =>
  (form, a, u, h0) => {
    const t = tokensOf(u);
    const powers = powersOf(form, a, t + 1, 'rising');
    const own = form.convolve(rows(powers, 0, t), u, method);
    return storedState(form.plus(own, form.actAll(rows(powers, 1, t + 1), h0)));
  };

/** Computes the states of {@link convolvedStates} chunk by chunk. Each chunk starts from the last state of the chunk before. */
export const chunkwiseStates =
  (chunkSize: number): States =>
  (form, a, u, h0) => {
    const within = convolvedStates('direct');
    const pieces = leavesOf(u).map((x) => chunks(x, 1, chunkSize));
    let h = h0;
    const parts = pieces[0]!.map((_, i) => {
      const part = withLeaves(
        u,
        pieces.map((piece) => piece[i]!),
      );
      const states = within(form, a, part, h);
      h = atToken(states, tokensOf(states) - 1);
      return states;
    });
    return joinTrees(parts, (xs) => concat(xs, 1));
  };
