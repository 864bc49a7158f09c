/** @file Checks every primitive: its value against loops, first and second derivatives against finite differences, and the adjoint. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGradient } from '../../../src/autograd/check-gradient.ts';
import { jvp, vjp } from '../../../src/autograd/vjp.ts';
import { input, read } from '../../../src/tensor/input.ts';
import { type PrimitiveName, primitives } from '../../../src/tensor/primitives/index.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { counting } from '../../support/counting.ts';
import { type Dense, denseOf, signed, toDense, toValue } from '../../support/dense.ts';
import type { Use } from '../../support/primitives/entry.ts';
import { table } from '../../support/primitives/table.ts';
import { cases } from '../../support/property.ts';

const names = Object.keys(table) as PrimitiveName[];
const called = ({ call }: Use, xs: readonly Value[]): Value => call(...xs);
const valuesOf = ({ operands }: Use): Value[] => operands.map(toValue);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): { value: number; size: number } => {
  const terms = Array.from(a, (x, i) => x * b[i]!);
  const add = (numbers: number[]): number => numbers.reduce((sum, x) => sum + x, 0);
  return { value: add(terms), size: add(terms.map(Math.abs)) };
};

/** A use of a primitive, a cotangent of its result, a direction of its operands, and a seed. */
const withVectors = (name: PrimitiveName): fc.Arbitrary<{ use: Use; ct: Dense; dx: Dense[]; seed: number }> =>
  table[name].uses.chain((use) =>
    fc.record({
      use: fc.constant(use),
      ct: denseOf(use.naive(...use.operands).shape, signed),
      dx: fc.tuple(...use.operands.map(({ shape }) => denseOf(shape, signed))),
      seed: fc.integer(),
    }),
  );

it('the table lists exactly the primitives', () => {
  expect(names.toSorted()).toEqual(Object.keys(primitives).toSorted());
  for (const [name, primitive] of Object.entries(primitives)) expect(primitive.name).toBe(name);
});

describe.each(names)('%s', (name) => {
  const { uses, derivative, ulps = 0 } = table[name];

  it('equals loops over single numbers', () => {
    fc.assert(
      fc.property(uses, (use) => {
        const { shape, data } = toDense(called(use, valuesOf(use)));
        const expected = use.naive(...use.operands);
        expect(shape).toEqual(expected.shape);
        if (ulps === 0) expect(data).toEqual(expected.data);
        else
          data.forEach((x, i) => {
            expect(Math.abs(x - expected.data[i]!)).toBeLessThanOrEqual(ulps * 2 ** -52 * Math.abs(expected.data[i]!));
          });
      }),
      cases(100),
    );
  });

  it('does not mutate its operands, and its derivatives do not either', () => {
    fc.assert(
      fc.property(withVectors(name), ({ use, ct }) => {
        const xs = valuesOf(use);
        const u = toValue(ct);
        vjp((ys: readonly Value[]) => called(use, ys), xs).pullback(u);
        expect(xs.map(toDense)).toEqual(use.operands);
        expect(toDense(u)).toEqual(ct);
      }),
      cases(20),
    );
  });

  it('applies at most one primitive, on the executor of its operands', () => {
    const applied = fc.sample(uses, { numRuns: 50, seed: 1 }).map((use) => {
      const { on, work } = counting();
      const out = called(
        use,
        use.operands.map(({ data, shape }) => input(on, data, shape)),
      );
      expect(out.on).toBe(on);
      return work.primitives;
    });
    expect(Math.max(...applied)).toBe(1);
  });

  if (derivative === 'flat') {
    it('has a zero gradient if it is declared flat', () => {
      fc.assert(
        fc.property(withVectors(name), ({ use, ct }) => {
          const { pullback } = vjp((xs: readonly Value[]) => called(use, xs), valuesOf(use));
          for (const gradient of pullback(toValue(ct))) expect(read(gradient).every((x) => x === 0)).toBe(true);
        }),
        cases(20),
      );
    });
    return;
  }

  it.each(['dense', 'one-hot'] as const)('has a gradient that agrees with finite differences (%s)', (direction) => {
    fc.assert(
      fc.property(withVectors(name), ({ use, seed }) => {
        const check = checkGradient((xs: readonly Value[]) => called(use, xs), valuesOf(use), { seed, direction });
        expect(check).toMatchObject({ ok: true });
        expect(check.tolerance).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(check.numeric)));
      }),
      cases(20),
    );
  });

  it('has a second derivative that agrees with differences of its gradient', () => {
    fc.assert(
      fc.property(withVectors(name), ({ use, ct, seed }) => {
        const gradient = ([u, ...xs]: readonly Value[]): readonly Value[] =>
          vjp((ys: readonly Value[]) => called(use, ys), xs).pullback(u!);
        const check = checkGradient(gradient, [toValue(ct), ...valuesOf(use)], { seed });
        expect(check).toMatchObject({ ok: true });
        expect(check.tolerance).toBeLessThanOrEqual(1e-7 * Math.max(1, Math.abs(check.numeric)));
      }),
      cases(20),
    );
  });

  it('has adjoint derivatives: ⟨g, J v⟩ = ⟨Jᵀ g, v⟩', () => {
    fc.assert(
      fc.property(withVectors(name), ({ use, ct, dx }) => {
        const f = (xs: readonly Value[]): Value => called(use, xs);
        const forward = read(jvp(f, valuesOf(use), dx.map(toValue)));
        const backward = vjp(f, valuesOf(use)).pullback(toValue(ct)).map(read);
        const left = dot(ct.data, forward);
        const right = dot(
          backward.flatMap((g) => [...g]),
          dx.flatMap(({ data }) => data),
        );
        expect(Math.abs(left.value - right.value)).toBeLessThanOrEqual(2 ** -44 * (left.size + right.size));
      }),
      cases(20),
    );
  });
});
