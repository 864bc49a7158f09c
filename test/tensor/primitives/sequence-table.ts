/** @file What the primitives that run along a sequence must compute. */
import fc from 'fast-check';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { at, build, type Dense, denseOf, digit, type Position, shapesWithAxis } from '../../support/dense.ts';
import type { Entry } from './entry.ts';

const withAt = (position: Position, axis: number, i: number): number[] =>
  position.map((old, a) => (a === axis ? i : old));
const without = (position: Position, axis: number): number[] => position.filter((_, a) => a !== axis);

/** `h_t` by the recurrence from h0, one number at a time. */
function naiveScan(axis: number, reverse: boolean): (a: Dense, b: Dense, h0: Dense) => Dense {
  return (a, b, h0) =>
    build(b.shape, (position) => {
      const tokens = Array.from({ length: b.shape[axis]! }, (_, s) => s);
      const t = position[axis]!;
      const seen = reverse ? tokens.slice(t).reverse() : tokens.slice(0, t + 1);
      return seen.reduce(
        (h, s) => at(a, withAt(position, axis, s)) * h + at(b, withAt(position, axis, s)),
        at(h0, without(position, axis)),
      );
    });
}

/** Primitives that run along a sequence. */
export const sequenceEntries = {
  linearScan: {
    derivative: 'smooth',
    // products of these decays and sums of them are exact
    uses: fc
      .tuple(shapesWithAxis(), fc.boolean())
      .chain(([{ shape, axis }, reverse]) =>
        fc.tuple(
          denseOf(shape, fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2)),
          denseOf(shape, digit),
          denseOf(without(shape, axis), digit),
          fc.constant({ axis, reverse }),
        ),
      )
      .map(([a, b, h0, { axis, reverse }]) => ({
        operands: [a, b, h0],
        call: (...[x, y, z]) => linearScan(x!, y!, z!, axis, { reverse }),
        naive: (...[x, y, z]) => naiveScan(axis, reverse)(x!, y!, z!),
      })),
  },
} as const satisfies Readonly<Record<string, Entry>>;
