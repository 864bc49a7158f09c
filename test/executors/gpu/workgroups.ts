/**
 * @file Tests workgroup kernels exactly, on integers, at sizes with several workgroups, chunks and splits, and with ragged
 * edges.
 */

import { describe, expect, it } from 'vitest';
import { f64 } from '../../../src/executors/f64/index.ts';
import { compile, type Equation, type Slot } from '../../../src/executors/gpu/index.ts';
import { tileShapes } from '../../../src/executors/gpu/kernels/tiles.ts';
import { spread } from '../../../src/executors/gpu/text/invocations.ts';
import type { TileShape } from '../../../src/executors/gpu/text/target.ts';
import { indexInput, input, read } from '../../../src/tensor/input.ts';
import { constantLike } from '../../../src/tensor/operand.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { broadcast } from '../../../src/tensor/primitives/broadcast.ts';
import { einsum } from '../../../src/tensor/primitives/einsum.ts';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { maxReduce } from '../../../src/tensor/primitives/max-reduce.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { reshape } from '../../../src/tensor/primitives/reshape.ts';
import { scatterAdd } from '../../../src/tensor/primitives/scatter-add.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';
import { rng } from '../../../src/tensor/random.ts';
import { sizeOf } from '../../../src/tensor/shape.ts';
import type { Value } from '../../../src/tensor/value.ts';
import { kernelsOf, withWorkgroups } from './kernels-of.ts';

/** An equation whose kernels use workgroups, and the tile shape to use. */
interface WorkgroupCase {
  readonly name: string;
  readonly fn: Equation;
  readonly inputs: Readonly<Record<string, Slot>>;
  readonly tile?: TileShape;
  /** Whether a kernel computes several products. */
  readonly joins?: boolean;
  /** The number of kernels of products that leave out zeros of a mask. */
  readonly banded?: number;
  /** The number of kernels that reduce rows and use the results. */
  readonly phases?: number;
  /** The exclusive upper limit of index inputs. */
  readonly rows?: number;
}

const product = (spec: string, a: readonly number[], b: readonly number[], tile?: TileShape): WorkgroupCase => ({
  name: `${spec} of [${a}] and [${b}]${tile === undefined ? '' : ` by tiles of ${tile.m} × ${tile.n}`}`,
  fn: (x) => ({ y: einsum(spec, x.a!, x.b!) }),
  inputs: { a: { shape: a }, b: { shape: b } },
  ...(tile === undefined ? {} : { tile }),
});

/** A table of 0 and 1 for each of two heads. One leaves out the places before `window` of a row too. */
const causal = (like: Value, rows: number, columns: number, window: number): Value =>
  constantLike(
    like,
    Float64Array.from({ length: 2 * rows * columns }, (_, at) => {
      const [head, row, column] = [Math.floor(at / rows / columns), Math.floor(at / columns) % rows, at % columns];
      return column <= row && (head === 0 || column > row - window) && row !== 40 ? 1 : 0;
    }),
    [2, rows, columns],
  );

/** One case for each kernel; for products, one for each tile, transposition and edge. */
export const workgroupCases: readonly WorkgroupCase[] = [
  ...tileShapes.flatMap((tile) => [
    product('ij,jk->ik', [131, 37], [37, 133], tile),
    product('ij,jk->ik', [132, 40], [40, 136], tile),
    product('ji,kj->ki', [40, 132], [136, 40], { ...tile, unrolled: !tile.unrolled }),
  ]),
  product('ij,kj->ik', [128, 32], [64, 32], tileShapes[2]),
  product('bji,bjk->bik', [2, 19, 35], [2, 19, 33], tileShapes[4]),
  product('bhts,bshe->bthe', [2, 3, 33, 18], [2, 18, 3, 34]),
  product('ji,jk->ki', [1100, 9], [1100, 12]),
  {
    name: 'products with a causal mask of either operand, along rows, columns and the sum',
    fn: ({ x, y }) => {
      const scores = mul(x!, causal(x!, 70, 70, 20));
      return {
        rows: einsum('bhts,bhse->bthe', scores, y!),
        turned: einsum('bhts,bhte->bshe', scores, y!),
        columns: einsum('bhse,bhts->bhet', y!, scores),
        late: einsum('hts,hse->hte', causal(x!, 70, 70, 7), slice(reshape(y!, [4, 70, 36]), 0, 0, 2)),
      };
    },
    inputs: { x: { shape: [2, 2, 70, 70] }, y: { shape: [2, 2, 70, 36] } },
    tile: tileShapes[5]!,
    banded: 4,
  },
  {
    name: 'a product of a slice of masked numbers, permuted, with parts of the sum',
    fn: ({ x, y }) => {
      const scores = slice(transpose(mul(x!, causal(x!, 1100, 9, 9)), [1, 0, 2]), 0, 90, 1090);
      return { y: einsum('jhi,jk->hik', scores, y!) };
    },
    inputs: { x: { shape: [2, 1100, 9] }, y: { shape: [1000, 12] } },
    banded: 1,
  },
  {
    name: 'a product of a slice of masked numbers, permuted',
    fn: ({ x, y }) => {
      const scores = slice(transpose(mul(x!, causal(x!, 90, 80, 80)), [1, 0, 2]), 0, 3, 88);
      return { y: einsum('jhi,ik->hjk', scores, y!) };
    },
    inputs: { x: { shape: [2, 90, 80] }, y: { shape: [80, 12] } },
    banded: 1,
  },
  {
    name: 'a product of parts of one array',
    fn: ({ x }) => ({
      y: einsum('ij,jk->ik', slice(slice(x!, 0, 3, 40), 1, 0, 15), transpose(slice(x!, 1, 5, 20), [1, 0])),
    }),
    inputs: { x: { shape: [47, 20] } },
  },
  {
    name: 'a product with two parts of one array, by one kernel',
    fn: ({ x, w }) => {
      const part = (at: number) => einsum('ij,jk->ik', x!, slice(w!, 0, at, at + 24));
      return { y: mul(part(7), part(31)) };
    },
    inputs: { x: { shape: [33, 24] }, w: { shape: [60, 40] } },
  },
  {
    name: 'products of one left operand, in one kernel',
    fn: ({ x, w, v }) => ({
      first: einsum('bti,oi->bto', x!, slice(w!, 0, 0, 64)),
      second: einsum('bti,oi->bot', x!, slice(w!, 0, 64, 192)),
      third: einsum('bti,oi->bto', x!, v!),
    }),
    inputs: { x: { shape: [2, 64, 32] }, w: { shape: [192, 32] }, v: { shape: [64, 32] } },
    joins: true,
  },
  {
    name: 'products of one right operand, in one kernel, with parts of the sum',
    fn: ({ x, y, z }) => ({ first: einsum('no,ni->oi', x!, y!), second: einsum('no,ni->oi', z!, y!) }),
    inputs: { x: { shape: [4096, 64] }, y: { shape: [4096, 132] }, z: { shape: [4096, 128] } },
    joins: true,
  },
  {
    name: 'a sum of products, in one kernel',
    fn: ({ x, y, w }) => ({
      z: add(
        einsum('ni,io->no', x!, slice(w!, 0, 0, 32)),
        add(
          einsum('ni,io->no', slice(y!, 1, 0, 16), slice(w!, 0, 32, 48)),
          einsum('ni,io->no', y!, slice(w!, 0, 16, 64)),
        ),
      ),
    }),
    inputs: { x: { shape: [35, 32] }, y: { shape: [35, 48] }, w: { shape: [64, 36] } },
    joins: true,
  },
  {
    name: 'sums of rows and what reads them, in one kernel',
    fn: ({ x, y }) => {
      const total = reshape(sum(mul(x!, x!), [2]), [5, 37, 1]);
      const both = mul(add(x!, total), y!);
      return { both, total, product: einsum('bti,bsi->bts', both, y!) };
    },
    inputs: { x: { shape: [5, 37, 72] }, y: { shape: [5, 37, 72] } },
    phases: 1,
  },
  {
    name: 'largest numbers of rows and what reads them, in one kernel',
    fn: ({ x }) => ({ y: mul(x!, broadcast(reshape(maxReduce(x!, 1), [1030, 1]), [1030, 70])) }),
    inputs: { x: { shape: [1030, 70] } },
    phases: 1,
  },
  {
    name: 'sums of rows that other rows read too',
    fn: ({ x }) => {
      const total = sum(x!, [1]);
      return { y: add(mul(x!, reshape(total, [64, 1])), mul(x!, total)) };
    },
    inputs: { x: { shape: [64, 64] } },
  },
  {
    name: 'products with parts of one array, of which vec4 loads read one',
    fn: ({ x, w }) => {
      const part = (at: number) => einsum('ij,jk->ik', x!, reshape(slice(w!, 0, at, at + 24 * 40), [24, 40]));
      return { aligned: part(8), other: part(3) };
    },
    inputs: { x: { shape: [33, 24] }, w: { shape: [1200] } },
  },
  { name: 'sums along rows', fn: ({ x }) => ({ y: sum(mul(x!, x!), [1]) }), inputs: { x: { shape: [5, 1337] } } },
  {
    name: 'sums and largest numbers of short rows, of which each invocation has one',
    fn: ({ x }) => ({ y: sum(mul(x!, x!), [1]), largest: maxReduce(x!, 1) }),
    inputs: { x: { shape: [140_000, 16] } },
  },
  { name: 'sums along columns', fn: ({ x }) => ({ y: sum(x!, [0, 2]) }), inputs: { x: { shape: [29, 70, 31] } } },
  { name: 'a sum of all', fn: ({ x }) => ({ y: sum(x!) }), inputs: { x: { shape: [77, 801] } } },
  {
    name: 'largest numbers, with NaN among them',
    fn: ({ x }) => {
      const odd = constantLike(x!, Float64Array.of(Number.NaN, Number.NEGATIVE_INFINITY, 1), [3, 1]);
      return { y: maxReduce(mul(x!, odd), 1), columns: maxReduce(x!, 0) };
    },
    inputs: { x: { shape: [3, 600] } },
  },
  {
    name: 'rows added by index',
    fn: ({ x, at }) => ({ y: scatterAdd(x!, at!, 5, 1) }),
    inputs: { x: { shape: [2, 150, 133] }, at: { shape: [2, 150], kind: 'index' } },
    rows: 5,
  },
  {
    name: 'scans by chunks',
    fn: ({ a, b, h }) => ({ ahead: linearScan(a!, b!, h!, 1), back: linearScan(a!, b!, h!, 1, { reverse: true }) }),
    inputs: { a: { shape: [2, 67, 3] }, b: { shape: [2, 67, 3] }, h: { shape: [2, 3] } },
  },
];

/** Draws integers small enough for exact sums. The decays of a scan are 0, 1 and −1. */
function drawn({ inputs, rows }: WorkgroupCase): Record<string, Float32Array> {
  const random = rng(3);
  const draw = (name: string, { shape, kind }: Slot): Float32Array =>
    Float32Array.from({ length: sizeOf(shape) }, () => {
      if (kind === 'index') return random.integer(rows!);
      return name === 'a' && 'h' in inputs ? random.integer(3) - 1 : random.integer(9) - 4;
    });
  return Object.fromEntries(Object.entries(inputs).map(([name, slot]) => [name, draw(name, slot)]));
}

/** Tests workgroup kernels against f64 on WebGPU. */
export function testWorkgroups(): void {
  describe('workgroups on webgpu', { timeout: 60_000 }, () => {
    it.each(workgroupCases)('$name: equals f64 exactly', async (work) => {
      const { fn, inputs, tile } = work;
      const f = await compile(fn, inputs, { backend: 'webgpu', tuning: tile === undefined ? {} : { tiles: [tile] } });
      const given = drawn(work);
      const found = await f(given);
      await f.dispose();
      const values = Object.entries(inputs).map(([name, { shape, kind }]) => [
        name,
        (kind === 'index' ? indexInput : input)(f64, Float64Array.from(given[name]!), shape),
      ]);
      for (const [name, y] of Object.entries(fn(Object.fromEntries(values)))) {
        expect([...found[name]!].map((n) => n + 0)).toEqual([...read(y)].map((n) => n + 0));
      }
    });
  });
}

/** Tests that every case has a kernel with its own use of workgroups. */
export function testWorkgroupsAreUsed(): void {
  it.each(workgroupCases)('$name: uses workgroups', ({ fn, inputs, tile, joins = false, banded = 0, phases = 0 }) => {
    const kernels = kernelsOf(fn, inputs, { ...withWorkgroups, ...(tile === undefined ? {} : { tiles: [tile] }) });
    // elementwise kernels use workgroups too, so exclude them
    const own = kernels.filter(({ size, workgroup }) => workgroup !== null && workgroup.wgsl !== spread(size).wgsl);
    expect(own.length).toBeGreaterThan(0);
    // a device refuses fractions where it wants integers
    for (const { workgroup } of own) expect(workgroup!.wgsl).not.toMatch(/\.\d+u/);
    const several = own.filter(({ workgroup }) => workgroup!.wgsl.includes('which'));
    expect(several.length).toBe(joins ? 1 : 0);
    expect(own.filter(({ workgroup }) => workgroup!.wgsl.includes('spans')).length).toBe(banded);
    expect(own.filter(({ text }) => text.includes('rowPhase')).length).toBe(phases);
  });
}
