/** @file Functions composed of primitives: broadcasting, derivatives at kinks, concatenation and slicing, shared arrays. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { grad, vjp } from '../../src/autograd/vjp.ts';
import { indices, scalar, tensor } from '../../src/executors/f64/index.ts';
import { item, read } from '../../src/tensor/input.ts';
import type { Operand } from '../../src/tensor/operand.ts';
import { at, chunks, matmul, mean, meanKeep, neg, stack, sub } from '../../src/tensor/ops.ts';
import { abs } from '../../src/tensor/primitives/abs.ts';
import { add } from '../../src/tensor/primitives/add.ts';
import { concat } from '../../src/tensor/primitives/concat.ts';
import { div } from '../../src/tensor/primitives/div.ts';
import { equal } from '../../src/tensor/primitives/equal.ts';
import { maxReduce } from '../../src/tensor/primitives/max-reduce.ts';
import { maximum } from '../../src/tensor/primitives/maximum.ts';
import { minimum } from '../../src/tensor/primitives/minimum.ts';
import { mul } from '../../src/tensor/primitives/mul.ts';
import { reshape } from '../../src/tensor/primitives/reshape.ts';
import { select } from '../../src/tensor/primitives/select.ts';
import { slice } from '../../src/tensor/primitives/slice.ts';
import { sum } from '../../src/tensor/primitives/sum.ts';
import { transpose } from '../../src/tensor/primitives/transpose.ts';
import type { Value } from '../../src/tensor/value.ts';
import {
  build,
  type Dense,
  denseOf,
  digit,
  at as numberAt,
  type Position,
  positions,
  shapes,
  shapesWithAxis,
  toDense,
  toValue,
} from '../support/dense.ts';
import { cases } from '../support/property.ts';

const numbers = (x: Value): number[] => [...read(x)];

/** Two shapes that broadcast: each is a tail of one drawn shape, with some lengths replaced by 1. */
const broadcasting = shapes(4, 3).chain((out) => {
  const part = fc
    .tuple(fc.nat({ max: out.length }), fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }))
    .map(([drop, ones]) => out.slice(drop).map((length, i) => (ones[i] ? 1 : length)));
  return fc.tuple(part, part);
});
const pairs = broadcasting.chain(([a, b]) => fc.tuple(denseOf(a, digit), denseOf(b, digit)));

/** Reads a broadcast array at a position of the result's shape. */
const repeated = (x: Dense, position: Position): number =>
  numberAt(
    x,
    position.slice(position.length - x.shape.length).map((p, axis) => (x.shape[axis] === 1 ? 0 : p)),
  );

/** The broadcast shape of `a` and `b`, aligned at the right: a length of 1 takes the other's length. */
function reached(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  const fill = (shape: readonly number[]): number[] => [...new Array<number>(rank - shape.length).fill(1), ...shape];
  const [left, right] = [fill(a), fill(b)];
  return left.map((length, i) => (length === 1 ? right[i]! : length));
}

describe('elementwise functions', () => {
  const functions: readonly (readonly [string, (x: Operand, y: Operand) => Value, (x: number, y: number) => number])[] =
    [
      ['add', add, (x, y) => x + y],
      ['sub', sub, (x, y) => x - y],
      ['mul', mul, (x, y) => x * y],
      ['maximum', maximum, Math.max],
      ['minimum', minimum, Math.min],
      ['equal', equal, (x, y) => (x === y ? 1 : 0)],
    ];
  const plus0 = ({ data, shape }: Dense): Dense => ({ shape, data: data.map((x) => x + 0) });

  it.each(functions)('%s broadcasts axes of length 1 and missing axes', (_, f, naive) => {
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        const expected = build(reached(x.shape, y.shape), (i) => naive(repeated(x, i), repeated(y, i)));
        expect(plus0(toDense(f(toValue(x), toValue(y))))).toEqual(plus0(expected));
      }),
      cases(100),
    );
  });

  it.each(functions)('%s takes a number on either side', (_, f, naive) => {
    fc.assert(
      fc.property(
        shapes().chain((shape) => denseOf(shape, digit)),
        digit,
        (x, n) => {
          const each = (g: (x: number) => number): Dense => plus0({ shape: x.shape, data: x.data.map(g) });
          expect(plus0(toDense(f(toValue(x), n)))).toEqual(each((a) => naive(a, n)));
          expect(plus0(toDense(f(n, toValue(x))))).toEqual(each((a) => naive(n, a)));
        },
      ),
      cases(50),
    );
  });

  it('sum the cotangents of broadcast elements', () => {
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        const { value, pullback } = vjp(([a, b]: readonly [Value, Value]) => mul(a, b), [toValue(x), toValue(y)]);
        const ct: Dense = build(value.shape, (i) => i.reduce((sum, p) => sum + p, 1));
        const gradients = pullback(toValue(ct)).map(toDense);
        [x, y].forEach((own, side) => {
          const other = side === 0 ? y : x;
          const totals = new Map<number, number>();
          const places: Dense = { shape: own.shape, data: own.data.map((_, i) => i) };
          for (const i of positions(value.shape)) {
            const place = repeated(places, i);
            totals.set(place, (totals.get(place) ?? 0) + numberAt(ct, i) * repeated(other, i));
          }
          expect(plus0(gradients[side]!)).toEqual(
            plus0({ shape: own.shape, data: own.data.map((_, i) => totals.get(i) ?? 0) }),
          );
        });
      }),
      cases(100),
    );
  });

  it('divide', () => {
    expect(numbers(div(tensor([1, -3]), 4))).toEqual([0.25, -0.75]);
    expect(numbers(div(1, tensor([2, -4])))).toEqual([0.5, -0.25]);
    expect(numbers(div(tensor([[8], [4]]), tensor([2, 4])))).toEqual([4, 2, 2, 1]);
    expect(numbers(div(tensor([1, -1]), tensor([0, 0])))).toEqual([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
    // d (x / y) = dx / y − x dy / y²
    const { a, b } = grad(({ a, b }) => div(a, b), { a: scalar(6), b: scalar(2) });
    expect([item(a), item(b)]).toEqual([0.5, -1.5]);
  });

  it('select broadcasts the mask and both sides', () => {
    expect(numbers(select(tensor([[1], [0]]), tensor([1, 2]), -1))).toEqual([1, 2, -1, -1]);
    expect(numbers(select(tensor([1, 0]), scalar(3), tensor([[5], [6]])))).toEqual([3, 5, 3, 6]);
  });
});

describe('where a derivative is not continuous', () => {
  it('equal operands of maximum and minimum share the cotangent', () => {
    for (const f of [maximum, minimum]) {
      const { x, y } = grad(({ x, y }) => sum(f(x, y)), { x: tensor([2, 2]), y: tensor([2, 2]) });
      expect([numbers(x), numbers(y)]).toEqual([
        [0.5, 0.5],
        [0.5, 0.5],
      ]);
    }
  });

  it('equal largest elements share the cotangent', () => {
    expect(numbers(grad((x) => maxReduce(x, 0), tensor([3, 1, 3])))).toEqual([0.5, 0, 0.5]);
  });

  it('|x| has the derivative 0 at 0', () => {
    expect(numbers(grad((x) => sum(abs(x)), tensor([-2, 0, 2])))).toEqual([-1, 0, 1]);
  });

  it('select gives 0 as the cotangent of elements not selected', () => {
    const f = ({ x, y }: { x: Value; y: Value }): Value => sum(select(tensor([1, 0]), x, y));
    const { x, y } = grad(f, { x: tensor([1, Number.NaN]), y: tensor([Number.NaN, 2]) });
    expect([numbers(x), numbers(y)]).toEqual([
      [1, 0],
      [0, 1],
    ]);
  });
});

describe('concatenation and slicing', () => {
  it('concat of all chunks gives the original value', () => {
    fc.assert(
      fc.property(
        shapesWithAxis().chain(({ shape, axis }) => fc.tuple(denseOf(shape, digit), fc.constant(axis))),
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        ([x, axis], length, fromEnd) => {
          const along = fromEnd ? axis - x.shape.length : axis;
          const parts = chunks(toValue(x), along, length);
          expect(parts).toHaveLength(Math.ceil(x.shape[axis]! / length));
          parts.slice(0, -1).forEach((part) => {
            expect(part.shape[axis]).toBe(length);
          });
          if (parts.length > 0) expect(toDense(concat(parts, along))).toEqual(x);
        },
      ),
      cases(100),
    );
  });

  it('stack puts its parts along the new axis, at any position of that axis', () => {
    fc.assert(
      fc.property(
        shapes(3, 3).chain((shape) =>
          fc.tuple(
            fc.integer({ min: -shape.length - 1, max: shape.length }),
            fc.array(denseOf(shape, digit), { minLength: 1, maxLength: 3 }),
          ),
        ),
        ([axis, parts]) => {
          const stacked = stack(parts.map(toValue), axis);
          const inserted = axis < 0 ? axis + stacked.shape.length : axis;
          expect(stacked.shape).toEqual(parts[0]!.shape.toSpliced(inserted, 0, parts.length));
          parts.forEach((part, i) => {
            expect(toDense(at(stacked, axis, i))).toEqual(part);
          });
        },
      ),
      cases(100),
    );
  });

  it('meanKeep is the sum divided by the length, and keeps the axis', () => {
    expect(
      toDense(
        meanKeep(
          tensor([
            [1, 3],
            [4, 8],
          ]),
          0,
        ),
      ),
    ).toEqual({ shape: [1, 2], data: [2.5, 5.5] });
    expect(
      toDense(
        meanKeep(
          tensor([
            [1, 3],
            [4, 8],
          ]),
          -1,
        ),
      ),
    ).toEqual({ shape: [2, 1], data: [2, 6] });
    expect(
      numbers(
        grad(
          (x) => sum(mul(meanKeep(x, 0), tensor([8, 4]))),
          tensor([
            [1, 3],
            [4, 8],
          ]),
        ),
      ),
    ).toEqual([4, 2, 4, 2]);
  });

  it('neg negates', () => {
    expect(numbers(neg(tensor([1, -2])))).toEqual([-1, 2]);
  });
});

describe('operations that change nothing return their operand', () => {
  it.each([
    ['reshape', (x: Value) => reshape(x, [2, 3])],
    ['transpose', (x: Value) => transpose(x, [0, 1])],
    ['slice', (x: Value) => slice(x, 0, 0, 2)],
    ['sum over no axis', (x: Value) => sum(x, [])],
    ['concat of one', (x: Value) => concat([x], 1)],
  ])('%s', (_, f) => {
    const x = tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(f(x)).toBe(x);
  });

  it('movement takes index values and real values', () => {
    const ids = indices([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    const moved = concat([slice(transpose(ids, [1, 0]), 0, 1, 3), reshape(indices([9, 8]), [1, 2])], 0);
    expect([moved.kind, moved.shape, numbers(moved)]).toEqual(['index', [3, 2], [2, 5, 3, 6, 9, 8]]);
  });
});

describe('matmul', () => {
  const length = fc.integer({ min: 1, max: 3 });

  it('is the sum of products, and broadcasts the axes before the last two', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ n: length, x: fc.boolean(), y: fc.boolean() }), { maxLength: 2 }),
        ...([length, length, length, fc.nat({ max: 2 }), fc.nat({ max: 2 }), fc.integer()] as const),
        (batch, m, k, n, fewerX, fewerY, seed) => {
          const leading = (which: 'x' | 'y', fewer: number): number[] =>
            batch.map((axis) => (axis[which] ? axis.n : 1)).slice(Math.min(fewer, batch.length));
          const [a, b] = [leading('x', fewerX), leading('y', fewerY)];
          const from = (shape: readonly number[], by: number): Value =>
            tensor(
              Float64Array.from({ length: shape.reduce((p, l) => p * l, 1) }, (_, i) => ((seed + by * i) % 7) - 3),
              shape,
            );
          const [x, y] = [from([...a, m, k], 3), from([...b, k, n], 5)];
          const column = (v: Value): Value => reshape(v, [...v.shape, 1]);
          const row = reshape(y, [...b, 1, k, n]);
          const expected = sum(mul(column(x), row), -2);
          expect(matmul(x, y).shape).toEqual(expected.shape);
          expect(numbers(matmul(x, y)).map((z) => z + 0)).toEqual(numbers(expected).map((z) => z + 0));
        },
      ),
    );
  });

  it('takes vectors as rows and columns', () => {
    const [x, v] = [
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
      tensor([1, 10]),
    ];
    expect(numbers(matmul(x, v))).toEqual([21, 43, 65]);
    expect(numbers(matmul(tensor([1, 10, 100]), x))).toEqual([531, 642]);
    expect(item(matmul(v, v))).toBe(101);
    expect(numbers(grad((w) => sum(matmul(x, w)), v))).toEqual([9, 12]);
  });

  it('refuses shapes that do not fit, and scalars', () => {
    expect(() => matmul(tensor([[1, 2]]), tensor([[1, 2]]))).toThrow('matmul: [1, 2] and [1, 2] do not fit');
    expect(() => matmul(scalar(1), tensor([1]))).toThrow('matmul: [] and [1] do not fit');
    const two = tensor(new Float64Array(2), [2, 1, 1]);
    expect(() => matmul(two, tensor(new Float64Array(3), [3, 1, 1]))).toThrow(
      'matmul: shapes [2] and [3] do not broadcast',
    );
  });
});

describe('mean and sum', () => {
  const x = tensor([
    [1, 3],
    [4, 6],
  ]);

  it('go over an axis, several or all', () => {
    expect([numbers(sum(x, 1)), numbers(sum(x, [-1])), item(sum(x, [0, 1]))]).toEqual([[4, 10], [4, 10], 14]);
    expect([numbers(mean(x, 0)), item(mean(x)), item(mean(scalar(3)))]).toEqual([[2.5, 4.5], 3.5, 3]);
  });

  it('refuse axes that do not exist, and means of nothing', () => {
    expect(() => sum(x, 2)).toThrow('sum: axis 2 does not exist in shape [2, 2]');
    expect(() => mean(tensor([]), 0)).toThrow('mean: the axes [0] of [0] are empty');
  });
});
