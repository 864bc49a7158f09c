/** @file Faults of the scan of Mamba-2, modelled on real bugs: steps, limits, chunks, skip connection, gradients. */
import { silu } from '../../../nn/activations.ts';
import { chunkwiseLinearAttention } from '../../../nn/linear-attention/chunkwise.ts';
import { parallelLinearAttention } from '../../../nn/linear-attention/parallel.ts';
import { recurrentLinearAttention } from '../../../nn/linear-attention/recurrent.ts';
import { type Mamba2Inputs, mamba2Scan as scan } from '../../../nn/mamba2/scan.ts';
import { alongTokens, mamba2Steps } from '../../../nn/mamba2/steps.ts';
import { perChannel } from '../../../nn/mamba2/update.ts';
import { at } from '../../../tensor/ops.ts';
import { add } from '../../../tensor/primitives/add.ts';
import { mul } from '../../../tensor/primitives/mul.ts';
import { pad } from '../../../tensor/primitives/pad.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import { stopGradient } from '../../../tensor/primitives/stop-gradient.ts';
import type { Value } from '../../../tensor/value.ts';
import { faultsOfTokens } from '../../fault.ts';
import { inChunks, maskedLate } from '../shared/linear-attention-faults.ts';
import { mamba2Scan, scanning } from './operator.ts';

/** The inputs with step sizes that are computed already. */
const withSteps = (inputs: Mamba2Inputs, delta: Value): Mamba2Inputs => ({
  ...inputs,
  delta,
  deltaBias: undefined,
  deltaSoftplus: false,
  deltaLimit: undefined,
});

const recurrent = scan(recurrentLinearAttention);

export const mamba2ScanFaults = faultsOfTokens(mamba2Scan, [
  {
    mode: 'recurrent',
    name: 'bias-missing-in-step',
    says: 'the step of one token forgets the bias of δ',
    rejectedBy: ['definition', 'derivative', 'resumable', 'decoding'],
    program: scanning((inputs, state) => recurrent({ ...inputs, deltaBias: undefined }, state)),
  },
  {
    mode: 'recurrent',
    name: 'limit-ignored-in-step',
    says: 'the step of one token does not limit Δ',
    rejectedBy: ['definition', 'derivative', 'resumable', 'decoding'],
    program: scanning((inputs, state) => recurrent({ ...inputs, deltaLimit: undefined }, state)),
  },
  {
    mode: 'parallel',
    name: 'limit-before-softplus',
    says: 'limits δ, and applies softplus afterwards',
    rejectedBy: ['definition', 'modes'],
    program: scanning((inputs, state) => {
      const limited = mamba2Steps({ ...inputs, deltaSoftplus: false });
      const steps = mamba2Steps({ delta: limited, deltaSoftplus: inputs.deltaSoftplus });
      return scan(parallelLinearAttention)(withSteps(inputs, steps), state);
    }),
  },
  {
    mode: 'recurrent',
    name: 'skip-after-gate',
    says: 'adds D x after the gate: y silu(z) + D x',
    rejectedBy: ['definition', 'derivative'],
    program: scanning(({ skip, z, ...inputs }, state) => {
      const { output, state: last } = recurrent(inputs, state);
      const gated = z === undefined ? output : mul(output, silu(z));
      const weight = skip && alongTokens(perChannel(skip, 1), 3);
      return { output: weight === undefined ? gated : add(gated, mul(weight, inputs.x)), state: last };
    }),
  },
  {
    mode: 'parallel',
    name: 'skip-of-first-channel',
    says: 'reads D of the first channel for the whole head',
    rejectedBy: ['definition', 'modes', 'derivative'],
    program: ({ skip, ...inputs }, settings, run) =>
      run({ ...inputs, ...(skip && { skip: skip.shape.length === 1 ? skip : at(skip, 1, 0) }) }, settings),
  },
  {
    mode: 'chunkwise',
    name: 'padding-decays-state',
    says: 'the last chunk is padded with δ = 0, but the step is then softplus(bias), not 0',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    program: scanning((inputs, state, { chunkSize }) => {
      const t = inputs.x.shape[2]!;
      const fill = (x: Value): Value => pad(x, 2, 0, (chunkSize - (t % chunkSize)) % chunkSize);
      const { x, delta, b, c, z } = inputs;
      const filled = { ...inputs, x: fill(x), delta: fill(delta), b: fill(b), c: fill(c), z: z && fill(z) };
      const result = scan(chunkwiseLinearAttention(chunkSize))(filled, state);
      return { output: slice(result.output, 2, 0, t), state: result.state };
    }),
  },
  {
    mode: 'chunkwise',
    name: 'carry-lost',
    says: 'every chunk starts from the initial state',
    rejectedBy: ['definition', 'modes', 'chunks', 'resumable', 'decoding'],
    program: scanning((inputs, state, { chunkSize }) =>
      scan((rest, before) => inChunks({ ...rest, state: before }, chunkSize, (_left, start) => start))(inputs, state),
    ),
  },
  {
    mode: 'chunkwise',
    name: 'gradient-stops-at-chunks',
    says: 'forward exact, but no gradient crosses a chunk boundary',
    rejectedBy: ['modes', 'chunks', 'derivative'],
    program: scanning((inputs, state, { chunkSize }) =>
      scan((rest, before) => inChunks({ ...rest, state: before }, chunkSize, stopGradient))(inputs, state),
    ),
  },
  {
    mode: 'parallel',
    name: 'exp-before-mask',
    says: 'exp of differences of sums of Δ A, masked afterwards: 0 · ∞ in the gradient of strong decays',
    onlyRounds: true,
    rejectedBy: ['modes', 'derivative'],
    program: scanning((inputs, state) =>
      scan(({ gate, ...rest }, before) => maskedLate({ ...rest, gate: gate!, state: before }))(inputs, state),
    ),
  },
  {
    mode: 'recurrent',
    name: 'a-detached',
    says: 'no gradient reaches A',
    rejectedBy: ['derivative', 'resumable'],
    program: scanning((inputs, state) => recurrent({ ...inputs, a: stopGradient(inputs.a) }, state)),
  },
]);
