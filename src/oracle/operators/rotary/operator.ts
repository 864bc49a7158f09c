/** @file Declares rotary positions: pairs of channels of queries or keys, turned by angles that grow with the token's position. */
import * as fc from 'fast-check';
import type { Reading } from '../../../../spec/readings.ts';
import { rotatePairs, usualRotaryFrequencies } from '../../../../spec/rotary.ts';
import { rotaryFrequencies, rotate } from '../../../nn/rotary.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, axis, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { laterPosition } from '../shared/retention.ts';

/** `position` is that of the first token; `base` gives the frequencies base^(−j/P) of P pairs. */
type Settings = { readonly base: number; readonly position: number; readonly pairs: Reading<'rotaryPairs'> };

const signature = 'x bhtd -> output bhtd';

/** Channels come in pairs. */
const even = (d: number): number => 2 * Math.ceil(d / 2);

export const rotary = defineOperator({
  name: 'rotary',
  chapter: 'spec/rotary.ts',
  evidence: ['R'],
  signature,
  layouts: (size) =>
    fc
      .record({
        b: axis(size, 'b', 2),
        h: axis(size, 'h', 3),
        t: lengths(size),
        d: axis(size, 'd', 6).map(even),
        base: fc.constantFrom(10_000, 500_000, 10),
        position: fc.constantFrom(0, 0, 1, 5, 100),
        pairs: among<Settings['pairs']>(size, 'pairs', 'neighbours', 'halves'),
      })
      .map(({ base, position, pairs, ...letters }) =>
        layoutOf(signature, { lengths: letters, settings: { base, position, pairs } }),
      ),
  definition: over('bht', signature, ({ x }, { base, position, pairs }: Settings, { t }) => ({
    output: rotatePairs(x, position + t, usualRotaryFrequencies(x.length, base), pairs),
  })),
  modes: {
    whole: ({ x }, { base, position, pairs }: Settings) => ({
      output: rotate(x, rotaryFrequencies(x.shape.at(-1)! / 2, base), position, pairs),
    }),
  },
  reference: 'whole',
  after: laterPosition,
  laws: { heads: 'h', linearIn: ['x'] },
});
