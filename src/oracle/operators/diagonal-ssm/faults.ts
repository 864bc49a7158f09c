/** @file Faults of diagonalSsm, modelled on real bugs: kernels, states, scans, chunks. */
import { associativeScan } from '../../../nn/ssm/associative-scan.ts';
import { realCombine } from '../../../nn/ssm/combine.ts';
import { chunkwiseSsm, convolutionSsm, ssmKernel } from '../../../nn/ssm/convolution.ts';
import { realForm } from '../../../nn/ssm/form.ts';
import type { SsmResult } from '../../../nn/ssm/inputs.ts';
import { powersOf } from '../../../nn/ssm/powers.ts';
import { logStepSsm, recurrentSsm, scanSsm } from '../../../nn/ssm/sequential.ts';
import { constantLike, zerosLike } from '../../../tensor/operand.ts';
import { at, chunks, stack, sub } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { broadcast } from '../../../tensor/primitives/broadcast.ts';
import { causalConvolution } from '../../../tensor/primitives/causal-convolution.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { div } from '../../../tensor/primitives/div.ts';
import { einsum } from '../../../tensor/primitives/einsum.ts';
import { linearScan } from '../../../tensor/primitives/linear-scan.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOf } from '../../fault.ts';
import { type SsmCall, ssmProgram } from '../shared/ssm.ts';
import { diagonalSsm } from './operator.ts';

/** Makes a sequence of one token. */
const asToken = (x: Value): Value => stack([x], 1);

const tokens = (x: Value): number => x.shape[1]!;

/** Convolves x with a kernel [t, e]. */
const convolve = (x: Value, kernel: Value): Value =>
  causalConvolution(x, broadcast(kernel, x.shape), 1, { method: 'direct' });

const reversedInTime = (kernel: Value): Value =>
  concat(
    Array.from({ length: kernel.shape[0]! }, (_, i) =>
      slice(kernel, 0, kernel.shape[0]! - 1 - i, kernel.shape[0]! - i),
    ),
    0,
  );

/** Computes the result with a changed kernel in place of K̄. */
const withKernel = (inputs: SsmCall<Value>, change: (kernel: Value) => Value): SsmResult<Value> => {
  if (tokens(inputs.x) === 0) return { output: inputs.x, state: inputs.state };
  const { output, state } = convolutionSsm('direct')(inputs, inputs.state);
  const kernel = ssmKernel(inputs, tokens(inputs.x));
  return { output: add(output, convolve(inputs.x, sub(change(kernel), kernel))), state };
};

/** The kernel with one more factor Ā in every term: C Ā^{i + 1} B̄. */
const mulDecay = ({ a, b, c }: SsmCall<Value>, kernel: Value): Value =>
  ssmKernel({ a, b: mul(a, b), c }, kernel.shape[0]!);

export const diagonalSsmFaults = faultsOf(diagonalSsm, [
  {
    mode: 'direct',
    name: 'decay-once-too-often',
    says: 'the kernel starts with C Ā B̄',
    rejectedBy: ['definition', 'modes', 'derivative', 'dyadic'],
    program: ssmProgram((inputs) => withKernel(inputs, (kernel) => mulDecay(inputs, kernel))),
  },
  {
    mode: 'direct',
    name: 'kernel-reversed',
    says: 'the kernel is reversed in time',
    rejectedBy: ['definition', 'modes', 'shift'],
    program: ssmProgram((inputs) => withKernel(inputs, reversedInTime)),
  },
  {
    mode: 'fft',
    name: 'circular-convolution',
    says: 'transformed without padding: the end of the sequence comes before its start',
    rejectedBy: ['definition', 'modes', 'causal'],
    program: ssmProgram((inputs) => {
      const t = tokens(inputs.x);
      const result = convolutionSsm('fft')(inputs, inputs.state);
      if (t === 0) return result;
      const kernel = ssmKernel(inputs, t);
      // the part that wraps around: Σ_{i > t} K̄_{t − i + T} x_i
      const twice = convolve(pad(inputs.x, 1, 0, t), pad(kernel, 0, 0, t));
      return { ...result, output: add(result.output, slice(twice, 1, t, 2 * t)) };
    }),
  },
  {
    mode: 'logStep',
    name: 'state-dropped',
    says: 'starts from zero and ignores the given state',
    rejectedBy: ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
    program: ssmProgram(({ state, ...rest }) => {
      const empty = zerosLike(state);
      const { output, state: last } = logStepSsm(rest, empty);
      return { output, state: tokens(rest.x) === 0 ? state : last };
    }),
  },
  {
    mode: 'direct',
    name: 'state-not-decayed',
    says: 'reads the initial state without its powers of Ā',
    rejectedBy: ['definition', 'resumable'],
    program: ssmProgram(({ state, ...rest }) => {
      const { output } = convolutionSsm('direct')(rest, zerosLike(state));
      const carried = einsum('ben,en->be', state, rest.c);
      return {
        output: add(output, broadcast(asToken(carried), output.shape)),
        state: convolutionSsm('direct')(rest, state).state,
      };
    }),
  },
  {
    mode: 'recurrent',
    name: 'last-token-not-stored',
    says: 'hands over the state before the last token',
    rejectedBy: ['definition', 'resumable', 'decoding'],
    program: ssmProgram(({ state, ...rest }) => {
      const before = { ...rest, x: slice(rest.x, 1, 0, Math.max(0, tokens(rest.x) - 1)) };
      return { output: recurrentSsm(rest, state).output, state: recurrentSsm(before, state).state };
    }),
  },
  {
    mode: 'scan',
    name: 'state-detached',
    says: 'no gradient reaches the initial state',
    rejectedBy: ['modes', 'derivative', 'resumable'],
    program: ssmProgram(({ state, ...rest }) => scanSsm(rest, stopGradient(state))),
  },
  {
    mode: 'scan',
    name: 'divided-by-products',
    says: 'h = P ⊙ cumsum(u / P), P the products of Ā: nothing where a decay is 0',
    rejectedBy: ['definition', 'modes'],
    program: ssmProgram(({ state, ...rest }) => {
      const t = tokens(rest.x);
      if (t === 0) return { output: rest.x, state };
      const products = slice(powersOf(realForm, rest.a, t + 1, 'rising'), 0, 1, t + 1);
      const driven = realForm.drive(rest.b, rest.x);
      const ones = broadcast(constantLike(driven, Float64Array.of(1), [1, 1, 1, 1]), driven.shape);
      const shares = linearScan(ones, div(driven, products), state, 1);
      const h = mul(products, shares);
      return { output: realForm.read(rest.c, h), state: at(h, 1, t - 1) };
    }),
  },
  {
    mode: 'logStep',
    name: 'operands-swapped',
    says: 'the later step is applied first',
    rejectedBy: ['definition', 'modes'],
    program: ssmProgram(({ state, ...rest }) => {
      const t = tokens(rest.x);
      if (t === 0) return { output: rest.x, state };
      const driven = realForm.drive(rest.b, rest.x);
      const first = add(slice(driven, 1, 0, 1), asToken(mul(rest.a, state)));
      const u = concat([first, slice(driven, 1, 1, t)], 1);
      const steps = { a: broadcast(rest.a, [t, ...rest.a.shape]), b: u };
      const h = associativeScan((left, right) => realCombine(right, left), steps, -3).b;
      return { output: realForm.read(rest.c, h), state: at(h, 1, t - 1) };
    }),
  },
  {
    mode: 'chunkwise',
    name: 'carry-lost',
    says: 'every chunk starts from the initial state; the final state, computed apart, is right',
    rejectedBy: ['definition', 'modes', 'chunks'],
    program: ssmProgram(({ chunkSize, state, x, ...rest }) => {
      const parts = chunks(x, 1, chunkSize);
      if (parts.length === 0) return { output: x, state };
      const outputs = parts.map((part) => convolutionSsm('direct')({ ...rest, x: part }, state).output);
      return { output: concat(outputs, 1), state: recurrentSsm({ ...rest, x }, state).state };
    }),
  },
  {
    mode: 'chunkwise',
    name: 'padding-decays-state',
    says: 'zeros that fill the last chunk decay the state like tokens',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    program: ssmProgram(({ chunkSize, state, x, ...rest }) => {
      const t = tokens(x);
      const missing = (chunkSize - (t % chunkSize)) % chunkSize;
      const result = chunkwiseSsm(chunkSize)({ ...rest, x: pad(x, 1, 0, missing) }, state);
      return { output: slice(result.output, 1, 0, t), state: result.state };
    }),
  },
  {
    mode: 'chunkwise',
    name: 'gradient-stops-at-chunks',
    says: 'forward exact, but no gradient crosses a chunk boundary',
    rejectedBy: ['modes', 'chunks', 'derivative', 'dyadic'],
    program: ssmProgram(({ chunkSize, state, x, ...rest }) => {
      const parts = chunks(x, 1, chunkSize);
      if (parts.length === 0) return { output: x, state };
      let h = state;
      const outputs = parts.map((part, i) => {
        const result = convolutionSsm('direct')({ ...rest, x: part }, i === 0 ? h : stopGradient(h));
        h = result.state;
        return result.output;
      });
      return { output: concat(outputs, 1), state: h };
    }),
  },
  {
    mode: 'recurrent',
    name: 'channels-share-decay',
    says: 'every channel decays like the first one',
    rejectedBy: ['definition', 'permutes'],
    program: ssmProgram(({ state, a, ...rest }) =>
      recurrentSsm({ ...rest, a: broadcast(slice(a, 0, 0, 1), a.shape) }, state),
    ),
  },
]);
