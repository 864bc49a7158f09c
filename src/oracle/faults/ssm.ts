/** @file Wrong state space models, after bugs that were found in the wild: decays, kernels, hand-off of the state, scans. */
import { associativeScan } from '../../nn/ssm/associative-scan.ts';
import { realCombine } from '../../nn/ssm/combine.ts';
import type { Complex } from '../../nn/ssm/complex.ts';
import { chunkwiseSsm, convolutionSsm, ssmKernel } from '../../nn/ssm/convolution.ts';
import { realForm } from '../../nn/ssm/form.ts';
import type { SsmInputs, SsmResult } from '../../nn/ssm/inputs.ts';
import { powersOf } from '../../nn/ssm/powers.ts';
import { logStepSsm, recurrentSsm, scanSsm } from '../../nn/ssm/sequential.ts';
import { constantLike, zerosLike } from '../../tensor/operand.ts';
import { at, chunks, div, stack, sub } from '../../tensor/ops.ts';
import { add } from '../../tensor/primitives/add.ts';
import { broadcast } from '../../tensor/primitives/broadcast.ts';
import { causalConvolution } from '../../tensor/primitives/causal-convolution.ts';
import { concat } from '../../tensor/primitives/concat.ts';
import { einsum } from '../../tensor/primitives/einsum.ts';
import { linearScan } from '../../tensor/primitives/linear-scan.ts';
import { mul } from '../../tensor/primitives/mul.ts';
import { pad } from '../../tensor/primitives/pad.ts';
import { slice } from '../../tensor/primitives/slice.ts';
import { stopGradient } from '../../tensor/primitives/stop-gradient.ts';
import { transpose } from '../../tensor/primitives/transpose.ts';
import type { Value } from '../../tensor/value.ts';
import type { Fault } from '../fault.ts';
import { outputsOf, type SsmSettings, ssmTree } from '../operators/ssm.ts';

interface Inputs<S extends Value | Complex> extends SsmInputs<S>, SsmSettings {
  readonly state: S;
}

const faultOf =
  <S extends Value | Complex>(operator: string) =>
  (
    mode: string,
    name: string,
    says: string,
    rejectedBy: readonly string[],
    run: (inputs: Inputs<S>) => SsmResult<S>,
  ): Fault<SsmSettings> => ({
    operator,
    mode,
    name,
    says,
    rejectedBy,
    program: (inputs, settings) => outputsOf(run({ ...(ssmTree(inputs) as Inputs<S>), ...settings })),
  });

const diagonal = faultOf<Value>('diagonalSsm');
const complex = faultOf<Complex>('complexSsm');
const matrix = faultOf<Value>('matrixSsm');

/** One token's values as a sequence of one. */
const asToken = (x: Value): Value => stack([x], 1);

const tokens = (x: Value): number => x.shape[1]!;

/** x convolved with a kernel [t, e]. */
const convolve = (x: Value, kernel: Value): Value =>
  causalConvolution(x, broadcast(kernel, x.shape), 1, { method: 'direct' });

const reversedInTime = (kernel: Value): Value =>
  concat(
    Array.from({ length: kernel.shape[0]! }, (_, i) =>
      slice(kernel, 0, kernel.shape[0]! - 1 - i, kernel.shape[0]! - i),
    ),
    0,
  );

/** What another kernel than K̄ gives. */
const withKernel = (inputs: Inputs<Value>, change: (kernel: Value) => Value): SsmResult<Value> => {
  if (tokens(inputs.x) === 0) return { output: inputs.x, state: inputs.state };
  const { output, state } = convolutionSsm('direct')(inputs, inputs.state);
  const kernel = ssmKernel(inputs, tokens(inputs.x));
  return { output: add(output, convolve(inputs.x, sub(change(kernel), kernel))), state };
};

const diagonalFaults: readonly Fault<SsmSettings>[] = [
  diagonal(
    'direct',
    'decay-once-too-often',
    'the kernel starts with C Ā B̄',
    ['definition', 'modes', 'derivative', 'dyadic'],
    (inputs) => withKernel(inputs, (kernel) => mulDecay(inputs, kernel)),
  ),
  diagonal(
    'direct',
    'kernel-reversed',
    'the kernel lies the wrong way round',
    ['definition', 'modes', 'shift'],
    (inputs) => withKernel(inputs, reversedInTime),
  ),
  diagonal(
    'fft',
    'circular-convolution',
    'transformed without padding: the end of the sequence comes before its start',
    ['definition', 'modes', 'causal'],
    (inputs) => {
      const t = tokens(inputs.x);
      const result = convolutionSsm('fft')(inputs, inputs.state);
      if (t === 0) return result;
      const kernel = ssmKernel(inputs, t);
      // what wraps around: Σ_{i > t} K̄_{t − i + T} x_i
      const twice = convolve(pad(inputs.x, 1, 0, t), pad(kernel, 0, 0, t));
      return { ...result, output: add(result.output, slice(twice, 1, t, 2 * t)) };
    },
  ),
  diagonal(
    'logStep',
    'state-dropped',
    'starts from an empty state whatever it is given',
    ['definition', 'modes', 'resumable', 'decoding', 'dyadic'],
    ({ state, ...rest }) => {
      const empty = zerosLike(state);
      const { output, state: last } = logStepSsm(rest, empty);
      return { output, state: tokens(rest.x) === 0 ? state : last };
    },
  ),
  diagonal(
    'direct',
    'state-not-decayed',
    'reads the initial state without its powers of Ā',
    ['definition', 'resumable'],
    ({ state, ...rest }) => {
      const { output } = convolutionSsm('direct')(rest, zerosLike(state));
      const carried = einsum('ben,en->be', state, rest.c);
      return {
        output: add(output, broadcast(asToken(carried), output.shape)),
        state: convolutionSsm('direct')(rest, state).state,
      };
    },
  ),
  diagonal(
    'recurrent',
    'last-token-not-stored',
    'hands over the state before the last token',
    ['definition', 'resumable', 'decoding'],
    ({ state, ...rest }) => {
      const before = { ...rest, x: slice(rest.x, 1, 0, Math.max(0, tokens(rest.x) - 1)) };
      return { output: recurrentSsm(rest, state).output, state: recurrentSsm(before, state).state };
    },
  ),
  diagonal(
    'scan',
    'state-detached',
    'no gradient reaches the initial state',
    ['modes', 'derivative', 'resumable'],
    ({ state, ...rest }) => scanSsm(rest, stopGradient(state)),
  ),
  diagonal(
    'scan',
    'divided-by-products',
    'h = P ⊙ cumsum(u / P), P the products of Ā: nothing where a decay is 0',
    ['definition', 'modes'],
    ({ state, ...rest }) => {
      const t = tokens(rest.x);
      if (t === 0) return { output: rest.x, state };
      const products = slice(powersOf(realForm, rest.a, t + 1, 'rising'), 0, 1, t + 1);
      const driven = realForm.drive(rest.b, rest.x);
      const ones = broadcast(constantLike(driven, Float64Array.of(1), [1, 1, 1, 1]), driven.shape);
      const shares = linearScan(ones, div(driven, products), state, 1);
      const h = mul(products, shares);
      return { output: realForm.read(rest.c, h), state: at(h, 1, t - 1) };
    },
  ),
  diagonal(
    'logStep',
    'operands-swapped',
    'the later step is applied first',
    ['definition', 'modes'],
    ({ state, ...rest }) => {
      const t = tokens(rest.x);
      if (t === 0) return { output: rest.x, state };
      const driven = realForm.drive(rest.b, rest.x);
      const first = add(slice(driven, 1, 0, 1), asToken(mul(rest.a, state)));
      const u = concat([first, slice(driven, 1, 1, t)], 1);
      const steps = { a: broadcast(rest.a, [t, ...rest.a.shape]), b: u };
      const h = associativeScan((left, right) => realCombine(right, left), steps, -3).b;
      return { output: realForm.read(rest.c, h), state: at(h, 1, t - 1) };
    },
  ),
  diagonal(
    'chunkwise',
    'carry-lost',
    'every chunk starts from the initial state',
    ['definition', 'modes', 'chunks'],
    ({ chunkSize, state, x, ...rest }) => {
      const parts = chunks(x, 1, chunkSize);
      if (parts.length === 0) return { output: x, state };
      const outputs = parts.map((part) => convolutionSsm('direct')({ ...rest, x: part }, state).output);
      return { output: concat(outputs, 1), state: recurrentSsm({ ...rest, x }, state).state };
    },
  ),
  diagonal(
    'chunkwise',
    'padding-decays-state',
    'zeros that fill the last chunk decay the state like tokens',
    ['definition', 'modes', 'chunks', 'resumable', 'decoding', 'dyadic'],
    ({ chunkSize, state, x, ...rest }) => {
      const t = tokens(x);
      const missing = (chunkSize - (t % chunkSize)) % chunkSize;
      const result = chunkwiseSsm(chunkSize)({ ...rest, x: pad(x, 1, 0, missing) }, state);
      return { output: slice(result.output, 1, 0, t), state: result.state };
    },
  ),
  diagonal(
    'chunkwise',
    'gradient-stops-at-chunks',
    'forward exact, but no gradient crosses a chunk boundary',
    ['modes', 'chunks', 'derivative', 'dyadic'],
    ({ chunkSize, state, x, ...rest }) => {
      const parts = chunks(x, 1, chunkSize);
      if (parts.length === 0) return { output: x, state };
      let h = state;
      const outputs = parts.map((part, i) => {
        const result = convolutionSsm('direct')({ ...rest, x: part }, i === 0 ? h : stopGradient(h));
        h = result.state;
        return result.output;
      });
      return { output: concat(outputs, 1), state: h };
    },
  ),
  diagonal(
    'recurrent',
    'channels-share-decay',
    'every channel decays like the first one',
    ['definition', 'permutes'],
    ({ state, a, ...rest }) => recurrentSsm({ ...rest, a: broadcast(slice(a, 0, 0, 1), a.shape) }, state),
  ),
];

/** K̄ with one more product by Ā in every term: C Ā^{i + 1} B̄. */
const mulDecay = ({ a, b, c }: Inputs<Value>, kernel: Value): Value =>
  ssmKernel({ a, b: mul(a, b), c }, kernel.shape[0]!);

const formFaults: readonly Fault<SsmSettings>[] = [
  complex(
    'recurrent',
    'conjugate-forgotten',
    'Re C h instead of 2 Re C h',
    ['definition', 'derivative', 'dyadic'],
    ({ state, ...rest }) => {
      const result = recurrentSsm(rest, state);
      return { ...result, output: mul(result.output, constantLike(result.output, Float64Array.of(0.5), [1, 1, 1])) };
    },
  ),
  complex(
    'direct',
    'kernel-of-conjugates',
    'the kernel turns the other way than the state',
    ['definition', 'modes', 'resumable'],
    ({ state, a, ...rest }) => {
      const turned = { ...rest, a: { re: a.re, im: mul(a.im, constantLike(a.im, Float64Array.of(-1), [1, 1])) } };
      return {
        ...convolutionSsm('direct')(turned, state),
        state: convolutionSsm('direct')({ ...rest, a }, state).state,
      };
    },
  ),
  complex(
    'logStep',
    'imaginary-part-dropped',
    'the state is handed over as a real one',
    ['definition', 'resumable', 'decoding'],
    ({ state, ...rest }) => {
      const result = logStepSsm(rest, state);
      return { ...result, state: { re: result.state.re, im: zerosLike(result.state.im) } };
    },
  ),
  complex(
    'chunkwise',
    'gates-apart',
    'real and imaginary parts decay apart',
    ['definition', 'modes', 'chunks'],
    ({ state, chunkSize, ...rest }) => {
      const result = chunkwiseSsm(chunkSize)(rest, state);
      const real = { ...rest, a: { re: rest.a.re, im: zerosLike(rest.a.im) } };
      return { ...result, output: chunkwiseSsm(chunkSize)(real, state).output };
    },
  ),
  matrix(
    'recurrent',
    'matrix-transposed',
    'h Ā instead of Ā h',
    ['definition', 'derivative', 'dyadic'],
    ({ state, a, ...rest }) => recurrentSsm({ ...rest, a: transpose(a, [0, 2, 1]) }, state),
  ),
  matrix(
    'logStep',
    'powers-commuted',
    'the initial state is taken in after the last step',
    ['definition', 'modes', 'resumable'],
    ({ state, ...rest }) => {
      const result = logStepSsm(rest, zerosLike(state));
      return { output: result.output, state: add(result.state, state) };
    },
  ),
];

export const ssmFaults: readonly Fault<SsmSettings>[] = [...diagonalFaults, ...formFaults];
