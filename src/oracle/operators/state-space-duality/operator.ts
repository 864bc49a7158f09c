/** @file Declares state space duality, in which groups of heads share B and C. */
import * as fc from 'fast-check';
import { stateSpaceDuality as definition } from '../../../../spec/state-space-duality.ts';
import type { LinearAttention } from '../../../nn/linear-attention/inputs.ts';
import { stateSpaceDuality as dual } from '../../../nn/state-space-duality.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { axis, chunkDraws, chunkSizeOf, gateDetails, groupedHeads, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import { gatedForms } from '../shared/gated-forms.ts';
import { dualityTaps, linearAttentionModes } from '../shared/linear-attention.ts';

const signature = 'x bhte, gate bht, b bgtn, c bgtn, state bhen -> output bhte, state bhen';

const groups = { g: 'h' } as const;

const run = (
  attention: LinearAttention,
  { state, ...inputs }: InputsOf<typeof signature, Value>,
): OutputsOf<typeof signature, Value> => dual(attention)(inputs, state);

export const stateSpaceDuality = defineOperator({
  name: 'stateSpaceDuality',
  chapter: 'spec/state-space-duality.ts',
  evidence: ['T'],
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 2),
        heads: groupedHeads(size),
        t: lengths(size),
        e: axis(size, 'e', 4),
        n: axis(size, 'n', 4),
        chunk: chunkDraws,
      })
      .map(({ heads, chunk, ...letters }) =>
        layoutOf(signature, {
          lengths: { ...letters, ...heads },
          settings: { chunkSize: chunkSizeOf(chunk, letters.t) },
          details: { gate: gateDetails(size) },
        }),
      ),
  groups,
  definition: over('bh', signature, ({ x, gate, b, c, state }) => definition(x, gate, b, c, state), groups),
  modes: linearAttentionModes<typeof signature>(run),
  ...gatedForms<typeof signature>(run),
  taps: dualityTaps,
  reference: 'recurrent',
  laws: { heads: 'h', linearIn: ['x', 'state'], timeInvariant: true, exact: true },
});
