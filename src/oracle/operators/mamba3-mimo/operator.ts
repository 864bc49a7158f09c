/** @file Declares Mamba-3 with several inputs and outputs, in which groups of heads share queries and keys. */
import * as fc from 'fast-check';
import { mamba3Mimo as definition } from '../../../../spec/mamba3.ts';
import { mamba3By } from '../../../nn/mamba3/by-attention.ts';
import type { Mamba3 } from '../../../nn/mamba3/inputs.ts';
import { mamba3Mimo as several } from '../../../nn/mamba3/mimo.ts';
import { recurrentMamba3 } from '../../../nn/mamba3/recurrent.ts';
import type { Value } from '../../../tensor/value.ts';
import type { Layout } from '../../case.ts';
import { defineOperator } from '../../define-operator.ts';
import {
  among,
  axis,
  chunkDraws,
  chunkSizeOf,
  dividedAxis,
  gateDetails,
  groupedHeads,
  lengths,
  small,
} from '../../draw.ts';
import { mamba3Ahead } from '../../forms/mamba3-ahead.ts';
import { layoutOf } from '../../layout.ts';
import type { Size } from '../../operator.ts';
import { over } from '../../over.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import { formsAhead, share, starts, turns } from '../mamba3/operator.ts';
import { type Attending, type LinearAttentionSettings, linearAttentionModes } from '../shared/linear-attention.ts';

const signature =
  'q bgtrn, k bgtrn, v bhte, gate bht, delta bht, trap bht, qBias hrn, kBias hrn, angles bhtp, mimoV hre, mimoOut hre, skip? h, z? bhte, mimoZ? hre, angleState bhp, state bhen, keyState bhrn, valueState bhre -> output bhte, angleState bhp, state bhen, keyState bhrn, valueState bhre';

const groups = { g: 'h' } as const;

/** Runs it on the inputs of the operator, in a mode of a single input. */
const stepping = (
  run: Mamba3,
  { angleState, state, keyState, valueState, ...inputs }: InputsOf<typeof signature, Value>,
): OutputsOf<typeof signature, Value> => ({ ...several(run)(inputs, { angleState, state, keyState, valueState }) });

const byAttention: Attending<typeof signature> = (attention, inputs) => stepping(mamba3By(attention), inputs);
const ahead: Attending<typeof signature> = (attention, inputs) => stepping(mamba3Ahead(attention), inputs);

const layouts = (size: Size): fc.Arbitrary<Layout<LinearAttentionSettings>> =>
  fc
    .record({
      b: axis(size, 'b', 2),
      heads: groupedHeads(size),
      t: lengths(size),
      r: axis(size, 'r', 2),
      e: axis(size, 'e', 3),
      p: axis(size, 'p', 2),
      n: dividedAxis(size, 'n', 6),
      unrotated: small(2, 0),
      chunk: chunkDraws,
      skip: among(size, 'skip', false, true),
      z: among(size, 'z', false, true),
    })
    .map(({ heads, p, unrotated, n = 2 * p + unrotated, chunk, skip, z, ...letters }) =>
      layoutOf(signature, {
        lengths: { ...letters, ...heads, n, p: Math.min(p, Math.floor(n / 2)) },
        inputs: {
          ...{ q: {}, k: {}, v: {}, gate: gateDetails(size), delta: { between: [0, 1] }, trap: share },
          ...{ qBias: {}, kBias: {}, angles: { between: turns(letters.t) }, mimoV: {}, mimoOut: {} },
          ...(skip && { skip: {} }),
          ...(z && { z: {}, mimoZ: {} }),
          ...{ angleState: { between: starts }, state: {}, keyState: {}, valueState: {} },
        },
        settings: { chunkSize: chunkSizeOf(chunk, letters.t) },
      }),
    );

export const mamba3Mimo = defineOperator({
  name: 'mamba3Mimo',
  chapter: 'spec/mamba3.ts',
  evidence: ['T'],
  signature,
  layouts,
  groups,
  periods: { angleState: 2 * Math.PI },
  definition: over(
    'bh',
    signature,
    ({ angleState, state, keyState, valueState, ...inputs }) =>
      definition(inputs, { angleState, state, keyState, valueState }),
    groups,
  ),
  modes: {
    recurrent: (inputs) => stepping(recurrentMamba3, inputs),
    chunkwise: linearAttentionModes(byAttention).chunkwise,
  },
  says: { chunkwise: 'products of decays' },
  forms: { chunkwise: formsAhead(ahead) },
  reference: 'recurrent',
  laws: {
    heads: 'h',
    linearIn: ['v', 'state', 'valueState'],
    linearOutputs: ['output', 'state', 'valueState'],
    timeInvariant: true,
  },
});
