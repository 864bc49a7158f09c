/** @file Compares the time of square matrix products in both precisions with that of plain loops. */
import { f32 } from '../src/executors/f32/index.ts';
import { f64 } from '../src/executors/f64/index.ts';
import { type Matrices, multiplyByLoops } from '../src/executors/f64/matmul-loops.ts';
import { input } from '../src/tensor/input.ts';
import { einsum } from '../src/tensor/primitives/einsum.ts';
import { rng } from '../src/tensor/random.ts';
import type { Executor } from '../src/tensor/value.ts';
import { measure, type Trial } from './measure.ts';

/** Computes a matrix product by three loops, with the innermost along rows. */
function tripleLoop(x: Float64Array, y: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let k = 0; k < n; k++) total += x[i * n + k]! * y[k * n + j]!;
      out[i * n + j] = total;
    }
  }
  return out;
}

/** Times the product of square matrices by densessm, by its loops for small matrices, and by three loops. */
export async function matmul(): Promise<void> {
  for (const n of [16, 64, 128, 256, 512, 1024]) {
    const random = rng(n);
    const [a, b] = [0, 1].map(() => Float64Array.from({ length: n * n }, random.normal)) as [
      Float64Array,
      Float64Array,
    ];
    const flops = 2 * n ** 3;
    const products = [f64, f32].flatMap((executor): Trial[] => {
      const on = executor as Executor;
      const [x, y] = [input(on, a, [n, n]), input(on, b, [n, n])];
      const goal = n === 512 ? { goal: { flopsPerSecond: on.name === 'f64' ? 9e9 : 18e9 } } : {};
      return [
        { name: `${on.name} ij,jk->ik, n = ${n}`, flops, run: () => einsum('ij,jk->ik', x, y), ...goal },
        { name: `${on.name} ij,kj->ik, n = ${n}`, flops, run: () => einsum('ij,kj->ik', x, y) },
      ];
    });
    const [x, y] = [a, b].map((data) => ({ data, batch: n * n, row: n, column: 1 })) as [Matrices, Matrices];
    const loops: Trial[] = [
      {
        name: `loops for small ones, n = ${n}`,
        flops,
        run: () => multiplyByLoops(x, y, 1, n, n, n, new Float64Array(n * n)),
      },
      { name: `three loops, n = ${n}`, flops, run: () => tripleLoop(a, b, n) },
    ];
    // at 1024, ten runs of loops take half a minute
    await measure(`matrix product, n = ${n}`, n < 1024 ? [...products, ...loops] : products);
  }
}
