/** @file Declares the scan of Mamba-2, with groups, all optional inputs, and step sizes of heads or of channels. */
import * as fc from 'fast-check';
import { mamba2Scan as definition } from '../../../../spec/mamba2-scan.ts';
import { type Mamba2Inputs, type Mamba2Result, mamba2Scan as scan } from '../../../nn/mamba2/scan.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, chunkDraws, chunkSizeOf, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import type { ProgramOf } from '../../operator.ts';
import { over } from '../../over.ts';
import { gatedForms } from '../shared/gated-forms.ts';
import {
  type Attending,
  attentionIn,
  dualityTaps,
  type LinearAttentionSettings,
  linearAttentionModes,
} from '../shared/linear-attention.ts';
import {
  groups,
  type Mamba2Settings,
  mamba2Draws,
  mamba2Inputs,
  softplusText,
  withStepsByLogarithm,
} from '../shared/mamba2.ts';
import { inEveryMode } from '../shared/modes.ts';

const signature =
  'x bhte, delta bht|bhte, a h, b bgtn, c bgtn, skip? h|he, z? bhte, deltaBias? h|he, state bhen -> output bhte, state bhen';

/** Settings of the scan: the options, the limits of step sizes, and the chunk size of chunkwise mode. */
export type ScanSettings = Mamba2Settings &
  LinearAttentionSettings & { readonly deltaLimit: 'none' | readonly [number, number] };

/** Makes a program from a function of nn. */
export const scanning =
  (
    run: (inputs: Mamba2Inputs, state: Value, settings: ScanSettings) => Mamba2Result,
  ): ProgramOf<typeof signature, ScanSettings> =>
  ({ state, ...inputs }, settings) => {
    const { deltaSoftplus, deltaLimit } = settings;
    const limit = deltaLimit === 'none' ? undefined : deltaLimit;
    return { ...run({ ...inputs, deltaSoftplus, deltaLimit: limit }, state, settings) };
  };

const attend: Attending<typeof signature, ScanSettings> = (attention, inputs, settings) =>
  scanning((all, state) => scan(attention)(all, state))(inputs, settings) as Mamba2Result;

/** The same with softplus as a logarithm. */
const attendByLogarithm: Attending<typeof signature, ScanSettings> = (attention, inputs, settings) =>
  scanning((all, state) => scan(attention)(withStepsByLogarithm(all), state))(inputs, settings) as Mamba2Result;

const ofGates = gatedForms(attend);
const inChunks = gatedForms(attendByLogarithm).forms.chunkwise.gatesCumulatedInChunks!;

/** The scan of Mamba-2. */
export const mamba2Scan = defineOperator({
  name: 'mamba2Scan',
  chapter: 'spec/mamba2-scan.ts',
  evidence: ['T'],
  signature,
  layouts: (size) =>
    fc
      .record({
        drawn: mamba2Draws(size),
        t: lengths(size),
        chunk: chunkDraws,
        deltaLimit: among<ScanSettings['deltaLimit']>(size, 'deltaLimit', 'none', 'none', [0.25, 2], [0.01, 0.5]),
      })
      .map(({ drawn, t, chunk, deltaLimit }) => {
        const { b, heads, e, n, settings } = drawn;
        return layoutOf(signature, {
          lengths: { b, ...heads, t, e, n },
          inputs: mamba2Inputs(size, drawn, [t]),
          settings: { ...settings, deltaLimit, chunkSize: chunkSizeOf(chunk, t) },
        });
      }),
  groups,
  definition: over(
    'bh',
    signature,
    ({ state, ...inputs }, { deltaSoftplus, deltaLimit }: ScanSettings) =>
      definition({ ...inputs, deltaSoftplus, ...(deltaLimit !== 'none' && { deltaLimit }) }, state),
    groups,
  ),
  modes: linearAttentionModes(attend),
  says: ofGates.says,
  forms: inEveryMode((name) => ({
    ...ofGates.forms[name],
    softplusByLogarithm: {
      ...softplusText,
      program: scanning((inputs, state, { chunkSize }) =>
        scan(attentionIn(name, chunkSize))(withStepsByLogarithm(inputs), state),
      ),
    },
    ...(name === 'chunkwise' && {
      softplusByLogarithmInChunks: {
        ...softplusText,
        says: `${softplusText.says}; ${inChunks.says}`,
        program: inChunks.program,
      },
    }),
  })),
  taps: dualityTaps,
  reference: 'recurrent',
  laws: { heads: 'h', linearIn: ['x', 'state'], timeInvariant: true },
});
