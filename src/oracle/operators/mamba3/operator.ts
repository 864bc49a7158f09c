/** @file Declares Mamba-3 with a single input and output, in which groups of heads share queries and keys. */
import * as fc from 'fast-check';
import { mamba3 as definition } from '../../../../spec/mamba3.ts';
import { mamba3By } from '../../../nn/mamba3/by-attention.ts';
import type { Mamba3 } from '../../../nn/mamba3/inputs.ts';
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
import type { Form, Size } from '../../operator.ts';
import { over } from '../../over.ts';
import type { InputsOf, OutputsOf } from '../../signature-types.ts';
import { gatedForms } from '../shared/gated-forms.ts';
import { type Attending, type LinearAttentionSettings, linearAttentionModes } from '../shared/linear-attention.ts';

const signature =
  'q bgtn, k bgtn, v bhte, gate bht, delta bht, trap bht, qBias hn, kBias hn, angles bhtp, skip? h, z? bhte, angleState bhp, state bhen, keyState bhn, valueState bhe -> output bhte, angleState bhp, state bhen, keyState bhn, valueState bhe';

const groups = { g: 'h' } as const;

/** Runs Mamba-3 on the inputs of the operator. */
const stepping = (
  run: Mamba3,
  { angleState, state, keyState, valueState, ...inputs }: InputsOf<typeof signature, Value>,
): OutputsOf<typeof signature, Value> => ({ ...run(inputs, { angleState, state, keyState, valueState }) });

const byAttention: Attending<typeof signature> = (attention, inputs) => stepping(mamba3By(attention), inputs);
const ahead: Attending<typeof signature> = (attention, inputs) => stepping(mamba3Ahead(attention), inputs);

/**
 * The angles of a start, and the largest of all rotations after it, forwards and backwards. Angles may pass 2π, where some kernels begin
 * again at 0, but not 0: below it, their angles would be larger than ours, and rounded worse.
 */
const largestTurn = 1.9;
export const starts = [2, 6] as const;

export const turns = (t: number): readonly [number, number] => {
  const most = largestTurn / Math.PI / Math.max(2, t);
  return [-most, most];
};

/** The slot of shares before their sigmoid. Where that is nearly 1, kernels that subtract it from 1 have a slope without digits. */
export const share = { powers: 0 };

const layouts = (size: Size): fc.Arbitrary<Layout<LinearAttentionSettings>> =>
  fc
    .record({
      b: axis(size, 'b', 2),
      heads: groupedHeads(size),
      t: lengths(size),
      e: axis(size, 'e', 3),
      p: axis(size, 'p', 2),
      n: dividedAxis(size, 'n', 6),
      unrotated: small(2, 0),
      chunk: chunkDraws,
      skip: among(size, 'skip', false, true),
      z: among(size, 'z', false, true),
    })
    .map(({ heads, p, unrotated, n = 2 * p + unrotated, chunk, skip, z, ...letters }) => {
      const all = { ...letters, ...heads, n, p: Math.min(p, Math.floor(n / 2)) };
      return layoutOf(signature, {
        lengths: all,
        inputs: {
          ...{
            q: {},
            k: {},
            v: {},
            gate: gateDetails(size),
            delta: { between: [0, 1] as const },
            trap: share,
            qBias: {},
          },
          ...{ kBias: {}, angles: { between: turns(letters.t) } },
          ...(skip && { skip: {} }),
          ...(z && { z: {} }),
          ...{ angleState: { between: starts }, state: {}, keyState: {}, valueState: {} },
        },
        settings: { chunkSize: chunkSizeOf(chunk, letters.t) },
      });
    });

/** What a small difference of large numbers loses. */
const losesDigits = 'in an output that is small beside what is subtracted from it';

/** The forms of one linear attention. The mode's own formula for decays makes another form of it. */
export const formsAhead = <Text extends string>(
  ahead: Attending<Text>,
): Readonly<Record<string, Form<LinearAttentionSettings, Text>>> => ({
  ahead: {
    says: 'one linear attention, whose keys have the factor of the next token too; what comes too early is subtracted',
    loses: losesDigits,
    program: linearAttentionModes(ahead).chunkwise,
  },
  ...Object.fromEntries(
    Object.entries(gatedForms(ahead).forms.chunkwise).map(([name, form]) => [
      name,
      { ...form, says: `one linear attention, with ${form.says}`, loses: form.loses ?? losesDigits },
    ]),
  ),
});

export const mamba3 = defineOperator({
  name: 'mamba3',
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
