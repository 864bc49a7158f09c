/** @file Tests arrays with more elements than single precision counts, on any backend that computes positions as integers. */
import { expect, it } from 'vitest';
import { type Backend, compile } from '../../../src/executors/gpu/index.ts';
import { filledLike } from '../../../src/tensor/operand.ts';
import { add } from '../../../src/tensor/primitives/add.ts';
import { concat } from '../../../src/tensor/primitives/concat.ts';
import { gather } from '../../../src/tensor/primitives/gather.ts';
import { linearScan } from '../../../src/tensor/primitives/linear-scan.ts';
import { mul } from '../../../src/tensor/primitives/mul.ts';
import { slice } from '../../../src/tensor/primitives/slice.ts';
import { sum } from '../../../src/tensor/primitives/sum.ts';
import { transpose } from '../../../src/tensor/primitives/transpose.ts';

/** Rows and columns of more than 2²⁴ elements. Their positions are odd numbers as often as even ones, which f32 would round. */
const [rows, columns] = [4099, 4097];

/** Tests that elements, positions and rows beyond 2²⁴ are those that they should be. */
export function testLarge(backend: Backend): void {
  it(`on ${backend} an array of more than 2²⁴ elements is read and written at the right places`, {
    timeout: 240_000,
  }, async () => {
    const last = rows - 1;
    const tail = (x: Parameters<typeof slice>[0]) => slice(x, 0, x.shape[0]! - 2, x.shape[0]!);
    const f = await compile(
      ({ x, at }) => {
        const turned = transpose(add(x!, x!), [1, 0]);
        const joined = concat([slice(x!, 0, 1, rows), slice(mul(x!, x!), 0, 0, 1)], 0);
        // stored, as two results read all of it
        const states = linearScan(filledLike(x!, 1, x!.shape), x!, filledLike(x!, 0, [columns]), 0);
        return {
          turned: tail(turned),
          total: sum(turned),
          joined: tail(joined),
          gathered: gather(x!, at!),
          columns: sum(mul(x!, x!), [0]),
          states: tail(states),
          x: add(x!, 1),
        };
      },
      { x: { shape: [rows, columns] }, at: { shape: [2], kind: 'index' } },
      { backend },
    );
    const x = new Float32Array(rows * columns);
    for (let i = 0; i < x.length; i++) x[i] = ((i * 7) % 5) - 2;
    const found = await f({ x, at: Int32Array.of(last, 4095) });
    await f.dispose();
    const row = (i: number): Float32Array => x.subarray(i * columns, (i + 1) * columns);
    const sums = new Float32Array(columns);
    const squares = new Float32Array(columns);
    for (let i = 0; i < x.length; i++) {
      sums[i % columns]! += x[i]!;
      squares[i % columns]! += x[i]! ** 2;
    }
    const column = (c: number): number[] => Array.from({ length: rows }, (_, r) => 2 * x[r * columns + c]!);
    const want: Readonly<Record<string, readonly number[]>> = {
      turned: [...column(columns - 2), ...column(columns - 1)],
      total: [2 * sums.reduce((all, one) => all + one, 0)],
      joined: [...row(last), ...row(0).map((n) => n * n)],
      gathered: [...row(last), ...row(4095)],
      columns: [...squares],
      states: [...sums.map((n, c) => n - row(last)[c]!), ...sums],
    };
    for (const [name, numbers] of Object.entries(want)) expect([name, ...found[name]!]).toEqual([name, ...numbers]);
    expect(found.x!.findIndex((n, i) => n !== x[i]! + 1)).toBe(-1);
  });
}
