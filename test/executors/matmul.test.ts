/** @file The matrix product equals the triple loop bit for bit, in WebAssembly and by loops, in every layout and around panel sizes. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Numbers } from '../../src/executors/f64/allocate.ts';
import { matmul } from '../../src/executors/f64/matmul.ts';
import { type Matrices, multiplyByLoops } from '../../src/executors/f64/matmul-loops.ts';
import { multiplyInWasm, productsIn } from '../../src/executors/f64/matmul-wasm.ts';
import { rng } from '../../src/tensor/random.ts';

/** Shapes: batches, rows of x, columns of y, terms. */
type Shape = readonly [batches: number, m: number, n: number, k: number];
type Product = (x: Matrices, y: Matrices, ...shape: [...Shape, Numbers]) => unknown;

const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0, 5e-324, 1e-310, -1e308];

type ArrayOf = Float64ArrayConstructor | Float32ArrayConstructor;

/** Draws matrices, row-major or column-major, of normal numbers and some special ones. */
function operand(
  array: ArrayOf,
  batches: number,
  rows: number,
  columns: number,
  isTransposed: boolean,
  seed: number,
  specials: number,
): Matrices {
  const random = rng(seed);
  const data = new array(batches * rows * columns);
  for (let i = 0; i < data.length; i++) data[i] = random.normal();
  for (let i = 0; i < specials && data.length > 0; i++) {
    data[random.integer(data.length)] = special[random.integer(special.length)]!;
  }
  const [row, column] = isTransposed ? [1, rows] : [columns, 1];
  return { data, batch: rows * columns, row, column };
}

/** The definition: three loops over the numbers, with products and sums rounded to the arrays' precision. */
function tripleLoop(array: ArrayOf, x: Matrices, y: Matrices, ...[batches, m, n, k]: Shape): Numbers {
  const round = array === Float32Array ? Math.fround : (value: number): number => value;
  const out = new array(batches * m * n);
  for (let b = 0; b < batches; b++) {
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const a = x.data[b * x.batch + i * x.row + l * x.column]!;
          sum = round(sum + round(a * y.data[b * y.batch + l * y.row + j * y.column]!));
        }
        out[(b * m + i) * n + j] = sum;
      }
    }
  }
  return out;
}

/** The first position where two arrays differ, or −1. NaN equals NaN, and −0 differs from 0. */
const firstDifference = (a: Numbers, b: Numbers): number => a.findIndex((value, i) => !Object.is(value, b[i]));

/** Compares a product with the triple loop, in all four layouts. */
function differences(product: Product, shape: Shape, seed = 1, specials = 0, array: ArrayOf = Float64Array): string[] {
  const [batches, m, n, k] = shape;
  return [0, 1, 2, 3].flatMap((layout) => {
    const x = operand(array, batches, m, k, layout % 2 === 1, seed, specials);
    const y = operand(array, batches, k, n, layout >= 2, seed + 1, specials);
    const out = new array(batches * m * n);
    const found = product(x, y, ...shape, out);
    const at = firstDifference(found instanceof array ? found : out, tripleLoop(array, x, y, ...shape));
    return at < 0 ? [] : [`${shape} layout ${layout}: number ${at}`];
  });
}

const programs: readonly (readonly [string, Product, ArrayOf])[] = [
  ['matmul', (x, y, ...rest) => matmul(x, y, ...(rest.slice(0, 4) as [...Shape])), Float64Array],
  ['WebAssembly', (x, y, ...rest) => expect(multiplyInWasm(x, y, ...rest)).toBe(true), Float64Array],
  ['WebAssembly in single precision', (x, y, ...rest) => multiplyInWasm(x, y, ...rest), Float32Array],
  ['loops', multiplyByLoops, Float64Array],
];

describe.each(programs)(
  '%s gives the numbers of the triple loop, bit for bit, in every layout of the operands',
  (name, product, array) => {
    const sizes = name.startsWith('WebAssembly') ? [1, 2, 3, 4, 5, 7, 8, 9] : [0, 1, 2, 3, 4, 5, 7, 8, 9];

    it('at every small ragged size', () => {
      const found = sizes.flatMap((m) =>
        sizes.flatMap((n) => sizes.flatMap((k) => differences(product, [1, m, n, k], 1, 0, array))),
      );
      expect(found).toEqual([]);
    });

    it.each<Shape>([
      [2, 1, 5, 3],
      [3, 6, 1, 4],
      [3, 17, 18, 19],
      [1, 95, 5, 6],
      [1, 96, 8, 4],
      [1, 97, 5, 6],
      [1, 6, 257, 5],
      [2, 5, 7, 255],
      [1, 4, 4, 256],
      [2, 3, 9, 257],
      [1, 6, 5, 513],
      [1, 33, 31, 29],
    ])('at the shape %i × %i × %i × %i', (...shape) => expect(differences(product, shape, 1, 0, array)).toEqual([]));

    const length = fc.integer({ min: 1, max: 24 });
    test.prop([fc.integer({ min: 1, max: 3 }), length, length, length, fc.nat(), fc.nat({ max: 12 })], { numRuns: 60 })(
      'at drawn shapes, of normal numbers with infinities, NaN, −0 and subnormal numbers among them',
      (batches, m, n, k, seed, specials) => {
        expect(differences(product, [batches, m, n, k], seed, specials, array)).toEqual([]);
      },
    );
  },
);

/** The same numbers, read as if they were in the other layout. */
const otherwise = ({ data, batch, row, column }: Matrices): Matrices =>
  column === 1 ? { data, batch, row: 1, column: batch / row } : { data, batch, row: batch / column, column: 1 };

it.each<Shape>([
  [40, 17, 18, 19],
  [9, 33, 31, 64],
  [2, 70, 80, 90],
])('batches that do not fit in the memory that is kept are computed in parts: %i × %i × %i × %i', (...shape) => {
  const product = productsIn(2 ** 16);
  expect(differences(product, shape)).toEqual([]);
  expect(differences(product, [2, 5, 6, 7])).toEqual([]);
});

/** Products with a fault that packing and blocking can have. */
const faults: readonly (readonly [string, Product])[] = [
  [
    'drops the last rows where they fill no tile',
    (x, y, b, m, n, k, out) => multiplyInWasm(x, y, b, m - (m % 4), n, k, out),
  ],
  ['drops the last term', (x, y, b, m, n, k, out) => multiplyInWasm(x, y, b, m, n, k - 1, out)],
  ['reads x transposed', (x, y, ...rest) => multiplyInWasm(otherwise(x), y, ...rest)],
  ['reads y transposed', (x, y, ...rest) => multiplyInWasm(x, otherwise(y), ...rest)],
  ['takes the first batch of y for all', (x, y, ...rest) => multiplyInWasm(x, { ...y, batch: 0 }, ...rest)],
  [
    'loses the partial sums of the first panel',
    (x, y, b, m, n, k, out) => {
      const after = (of: Matrices, by: number): Matrices => ({ ...of, data: of.data.slice(by * 256) });
      if (b === 1) multiplyByLoops(after(x, x.column), after(y, y.row), b, m, n, k - 256, out);
    },
  ],
  [
    'adds up partial sums of panels',
    (x, y, b, m, n, k, out) => {
      const rest = new Float64Array(out.length);
      const after = (of: Matrices, by: number): Matrices => ({ ...of, data: of.data.slice(by * 128) });
      if (b > 1) return;
      multiplyByLoops(x, y, b, m, n, 128, out);
      multiplyByLoops(after(x, x.column), after(y, y.row), b, m, n, k - 128, rest);
      for (const [i, value] of rest.entries()) out[i]! += value;
    },
  ],
];

it.each(faults)('a product that %s is rejected', (_name, product) => {
  expect(differences(product, [2, 5, 6, 257]).length + differences(product, [1, 5, 6, 257]).length).toBeGreaterThan(3);
});
