/** @file Expected values of every primitive, by loops over single numbers, and its kind of derivative. */
import fc from 'fast-check';
import { indexInput } from '../../../src/tensor/input.ts';
import { broadcast } from '../../../src/tensor/primitives/broadcast.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { gather } from '../../../src/tensor/primitives/gather.ts';
import type { PrimitiveName } from '../../../src/tensor/primitives/index.ts';
import { maxReduce } from '../../../src/tensor/primitives/max-reduce.ts';
import { pad } from '../../../src/tensor/primitives/pad.ts';
import { reshape } from '../../../src/tensor/primitives/reshape.ts';
import { scatterAdd } from '../../../src/tensor/primitives/scatter-add.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';
import type { Value } from '../../../src/tensor/value.ts';
import {
  at,
  build,
  type Dense,
  denseOf,
  digit,
  numbersIn,
  positions,
  shapes,
  shapesWithAxis,
  signed,
} from '../dense.ts';
import { naiveEinsum } from '../naive-einsum.ts';
import { elementwiseEntries } from './elementwise-table.ts';
import type { Entry } from './entry.ts';
import { sequenceEntries } from './sequence-table.ts';

const without = <T>(list: readonly T[], axis: number): T[] => list.filter((_, i) => i !== axis);
const withAt = <T>(list: readonly T[], axis: number, item: T): T[] => list.map((old, i) => (i === axis ? item : old));
const inserted = <T>(list: readonly T[], axis: number, item: T): T[] => [
  ...list.slice(0, axis),
  item,
  ...list.slice(axis),
];

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** The numbers along one axis, at a fixed position of the other axes. */
const lineThrough = (x: Dense, axis: number, position: readonly number[]): number[] =>
  range(x.shape[axis]!).map((i) => at(x, inserted(position, axis, i)));

/** Whether every line along an axis has its largest number exactly once. */
const largestOnce = (x: Dense, axis: number): boolean =>
  positions(without(x.shape, axis)).every((position) => {
    const line = lineThrough(x, axis, position);
    return line.filter((number) => number === Math.max(...line)).length === 1;
  });

/** Draws the shape of a table and an index into its rows; both share the leading `batch` axes. */
const lookups = fc
  .record({
    batch: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
    rows: fc.integer({ min: 1, max: 4 }),
    inner: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
    row: fc.array(fc.nat({ max: 3 }), { maxLength: 2 }),
  })
  .chain(({ batch, rows, inner, row }) =>
    denseOf([...batch, ...inner], fc.nat({ max: rows - 1 })).map((index) => ({ batch, rows, row, index })),
  );
/** Puts an index on the root executor of an operand. */
const indexBeside = (x: Value, { data, shape }: Dense): Value => indexInput(x.on.root, data, shape);

/** An entry for every primitive. The compiler reports a missing one. */
export const table: { readonly [N in PrimitiveName]: Entry } = {
  ...elementwiseEntries,
  ...sequenceEntries,
  reshape: {
    derivative: 'smooth',
    uses: fc
      .constantFrom(
        [[], [1, 1]],
        [[6], [2, 3]],
        [
          [2, 3],
          [3, 1, 2],
        ],
        [[2, 2, 2], [8]],
        [
          [0, 3],
          [5, 0],
        ],
        [[1], []],
      )
      .chain(([from, to]) => denseOf(from!, signed).map((x) => ({ x, to: to! })))
      .map(({ x, to }) => ({
        operands: [x],
        call: (v) => reshape(v!, to),
        naive: (d) => ({ shape: to, data: d!.data }),
      })),
  },
  broadcast: {
    derivative: 'smooth',
    uses: shapes(3)
      .chain((to) =>
        fc.record({
          to: fc.constant(to),
          drop: fc.nat({ max: to.length }),
          ones: fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
        }),
      )
      .chain(({ to, drop, ones }) => {
        const from = to.slice(drop).map((length, i) => (ones[i] ? 1 : length));
        return denseOf(from, signed).map((x) => ({ x, to, drop }));
      })
      .map(({ x, to, drop }) => ({
        operands: [x],
        call: (v) => broadcast(v!, to),
        naive: (d) =>
          build(to, (i) =>
            at(
              d!,
              i.slice(drop).map((p, axis) => (d!.shape[axis] === 1 ? 0 : p)),
            ),
          ),
      })),
  },
  transpose: {
    derivative: 'smooth',
    uses: shapes(4)
      .chain((shape) =>
        fc.tuple(denseOf(shape, signed), fc.shuffledSubarray(range(shape.length), { minLength: shape.length })),
      )
      .map(([x, order]) => ({
        operands: [x],
        call: (v) => transpose(v!, order),
        naive: (d) =>
          build(
            order.map((axis) => d!.shape[axis]!),
            (i) =>
              at(
                d!,
                d!.shape.map((_, axis) => i[order.indexOf(axis)]!),
              ),
          ),
      })),
  },
  slice: {
    derivative: 'smooth',
    uses: shapesWithAxis()
      .chain(({ shape, axis }) =>
        fc
          .tuple(denseOf(shape, signed), fc.nat({ max: shape[axis]! }), fc.nat({ max: shape[axis]! }))
          .map(([x, a, b]) => ({
            x,
            axis,
            start: Math.min(a, b),
            stop: Math.max(a, b),
          })),
      )
      .map(({ x, axis, start, stop }) => ({
        operands: [x],
        call: (v) => slice(v!, axis, start, stop),
        naive: (d) => build(withAt(d!.shape, axis, stop - start), (i) => at(d!, withAt(i, axis, i[axis]! + start))),
      })),
  },
  pad: {
    derivative: 'smooth',
    uses: shapesWithAxis()
      .chain(({ shape, axis }) =>
        fc.record({
          x: denseOf(shape, signed),
          axis: fc.constant(axis),
          before: fc.nat({ max: 2 }),
          after: fc.nat({ max: 2 }),
        }),
      )
      .map(({ x, axis, before, after }) => ({
        operands: [x],
        call: (v) => pad(v!, axis, before, after),
        naive: (d) => {
          const length = d!.shape[axis]!;
          return build(withAt(d!.shape, axis, before + length + after), (i) => {
            const from = i[axis]! - before;
            return from >= 0 && from < length ? at(d!, withAt(i, axis, from)) : 0;
          });
        },
      })),
  },
  concat: {
    derivative: 'smooth',
    uses: shapesWithAxis()
      .chain(({ shape, axis }) =>
        fc.tuple(
          fc.constant(axis),
          fc
            .array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 3 })
            .chain((lengths) => fc.tuple(...lengths.map((length) => denseOf(withAt(shape, axis, length), signed)))),
        ),
      )
      .map(([axis, parts]) => ({
        operands: parts,
        call: (...xs) => concat(xs, axis),
        naive: (...xs) => {
          const sources = xs.flatMap((x) => range(x.shape[axis]!).map((i) => ({ x, i })));
          return build(withAt(xs[0]!.shape, axis, sources.length), (i) => {
            const source = sources[i[axis]!]!;
            return at(source.x, withAt(i, axis, source.i));
          });
        },
      })),
  },
  sum: {
    derivative: 'smooth',
    uses: shapes()
      .chain((shape) => fc.tuple(denseOf(shape, digit), fc.subarray(range(shape.length))))
      .map(([x, axes]) => ({
        operands: [x],
        call: (v) => sum(v!, axes),
        naive: (d) => {
          const kept = range(d!.shape.length).filter((axis) => !axes.includes(axis));
          const sums = new Map<string, number>();
          build(d!.shape, (i) => {
            const key = kept.map((axis) => i[axis]).join();
            sums.set(key, (sums.get(key) ?? 0) + at(d!, i));
            return 0;
          });
          return build(
            kept.map((axis) => d!.shape[axis]!),
            (i) => sums.get(i.join()) ?? 0,
          );
        },
      })),
  },
  maxReduce: {
    derivative: 'smooth',
    uses: shapesWithAxis(1)
      .chain(({ shape, axis }) =>
        // each size is at least 1.5 times the next smaller one, so small changes keep the order
        fc
          .shuffledSubarray(range(numbersIn(shape)), { minLength: numbersIn(shape) })
          .map((order) => ({ axis, x: { shape, data: order.map((i) => (i % 2 ? -1 : 1) * 1.5 ** (i % 9)) } })),
      )
      .filter(({ x, axis }) => largestOnce(x, axis))
      .map(({ x, axis }) => ({
        operands: [x],
        call: (v) => maxReduce(v!, axis),
        naive: (d) => build(without(d!.shape, axis), (i) => Math.max(...lineThrough(d!, axis, i))),
      })),
  },
  einsum: {
    derivative: 'smooth',
    uses: fc
      .constantFrom(
        {
          spec: 'td,sd->ts',
          shapes: [
            [2, 3],
            [3, 3],
          ],
        },
        {
          spec: 'bhtd,bhsd->bhts',
          shapes: [
            [2, 1, 2, 3],
            [2, 1, 3, 3],
          ],
        },
        { spec: 'i,i->', shapes: [[3], [3]] },
        { spec: 'ab->ba', shapes: [[2, 3]] },
        { spec: 'ab->b', shapes: [[2, 3]] },
        { spec: 'ab,c->c', shapes: [[2, 3], [2]] },
        { spec: 'a,b->', shapes: [[2], [3]] },
        {
          spec: 'ab,bc,cd->ad',
          shapes: [
            [2, 2],
            [2, 3],
            [3, 2],
          ],
        },
        {
          spec: 'ab,bc->ac',
          shapes: [
            [2, 0],
            [0, 3],
          ],
        },
      )
      .chain(({ spec, shapes: all }) => fc.tuple(fc.constant(spec), ...all.map((shape) => denseOf(shape, digit))))
      .map(([spec, ...operands]) => ({
        operands,
        call: (...xs) => einsum(spec, ...xs),
        naive: (...xs) => naiveEinsum(spec, xs),
      })),
  },
  gather: {
    derivative: 'smooth',
    uses: lookups
      .chain(({ batch, rows, row, index }) =>
        denseOf([...batch, rows, ...row], signed).map((x) => ({ x, index, batchAxes: batch.length })),
      )
      .map(({ x, index, batchAxes }) => ({
        operands: [x],
        call: (v) => gather(v!, indexBeside(v!, index), batchAxes),
        naive: (d) =>
          build([...index.shape, ...d!.shape.slice(batchAxes + 1)], (i) => {
            const where = i.slice(0, index.shape.length);
            return at(d!, [...where.slice(0, batchAxes), at(index, where), ...i.slice(index.shape.length)]);
          }),
      })),
  },
  scatterAdd: {
    derivative: 'smooth',
    uses: lookups
      .chain(({ batch, rows, row, index }) =>
        denseOf([...index.shape, ...row], digit).map((x) => ({ x, index, rows, batchAxes: batch.length })),
      )
      .map(({ x, index, rows, batchAxes }) => ({
        operands: [x],
        call: (v) => scatterAdd(v!, indexBeside(v!, index), rows, batchAxes),
        naive: (d) => {
          const sums = new Map<string, number>();
          build(d!.shape, (i) => {
            const where = i.slice(0, index.shape.length);
            const key = [...where.slice(0, batchAxes), at(index, where), ...i.slice(index.shape.length)].join();
            sums.set(key, (sums.get(key) ?? 0) + at(d!, i));
            return 0;
          });
          const out = [...index.shape.slice(0, batchAxes), rows, ...d!.shape.slice(index.shape.length)];
          return build(out, (i) => sums.get(i.join()) ?? 0);
        },
      })),
  },
};
