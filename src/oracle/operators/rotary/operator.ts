/** @file Declares rotary positions: pairs of channels of queries or keys, turned by angles that grow with the token's position. */
import * as fc from 'fast-check';
import type { Reading } from '../../../../spec/readings.ts';
import { rotatePairs, usualRotaryFrequencies } from '../../../../spec/rotary.ts';
import { rotaryFrequencies, rotate } from '../../../nn/rotary.ts';
import { concat } from '../../../tensor/primitives/concat.ts';
import { slice } from '../../../tensor/primitives/slice.ts';
import type { Value } from '../../../tensor/value.ts';
import { defineOperator } from '../../define-operator.ts';
import { among, axis, lengths } from '../../draw.ts';
import { layoutOf } from '../../layout.ts';
import { over } from '../../over.ts';
import { laterPosition } from '../shared/retention.ts';

/** `position` is that of the first token; `base` gives the frequencies base^(−j/P) of P pairs. */
type Settings = { readonly base: number; readonly position: number; readonly pairs: Reading<'rotaryPairs'> };

const signature = 'x bhtd -> output bhtd';

/** The channels that come in pairs. A last one without a partner stays as it is, as the channels beyond a kernel's rotary dimension do. */
export const turnedChannels = (d: number): number => d - (d % 2);

/** Turns the channels that come in pairs by a function. */
export function onPairs(x: Value, turn: (x: Value, pairs: number) => Value): Value {
  const d = x.shape.at(-1)!;
  const turned = turnedChannels(d);
  if (turned === 0) return x;
  const first = turn(turned === d ? x : slice(x, -1, 0, turned), turned / 2);
  return turned === d ? first : concat([first, slice(x, -1, turned, d)], -1);
}

const turnedWhole = ({ x }: { readonly x: Value }, { base, position, pairs }: Settings): { output: Value } => ({
  output: onPairs(x, (part, count) => rotate(part, rotaryFrequencies(count, base), position, pairs)),
});

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
        d: axis(size, 'd', 6),
        base: fc.constantFrom(10_000, 500_000, 10),
        position: fc.constantFrom(0, 0, 1, 5, 100),
        pairs: among<Settings['pairs']>(size, 'pairs', 'neighbours', 'halves'),
      })
      .map(({ base, position, pairs, ...letters }) =>
        layoutOf(signature, { lengths: letters, settings: { base, position, pairs } }),
      ),
  definition: over('bht', signature, ({ x }, { base, position, pairs }: Settings, { t }) => {
    const turned = turnedChannels(x.length);
    const first = rotatePairs(x.slice(0, turned), position + t, usualRotaryFrequencies(turned, base), pairs);
    return { output: [...first, ...x.slice(turned)] };
  }),
  modes: {
    whole: turnedWhole,
    tokenwise({ x }, settings: Settings) {
      const t = x.shape[2]!;
      if (t === 0) return turnedWhole({ x }, settings);
      const tokens = Array.from({ length: t }, (_, i) => {
        const token = { x: slice(x, 2, i, i + 1) };
        return turnedWhole(token, laterPosition(settings, i)).output;
      });
      return { output: concat(tokens, 2) };
    },
  },
  reference: 'whole',
  after: laterPosition,
  laws: { heads: 'h', linearIn: ['x'] },
});
